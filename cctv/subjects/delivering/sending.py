"""A copy on its way out, to the requester's browser or on a screen at our place.

One beginning is a row with an entry of its own, which covers all of the copy and is durable before its first
byte. Players ask for it in many pieces: they all belong to that beginning, and end with it. Whether it may
leave is asked before each piece.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.footage.derived import selectors
from cctv.footage.derived import services as derived
from cctv.people.models import Account
from cctv.redaction.errors import NoResult
from cctv.redaction.models import RedactionPart
from cctv.redaction.rendering import making
from cctv.subjects.delivering import entries, events
from cctv.subjects.delivering.errors import NoDelivery, RangeUnfit, UsedUp
from cctv.subjects.delivering.models import Delivery, DeliverySending
from cctv.subjects.delivering.services import GO_ON, deliveries, require_sendable
from cctv.subjects.requests import story
from cctv.subjects.requests.models import RequestActKind

PIECE_BYTES = 512 << 10
# Players jump back and forth; nobody needs more of one copy than this many times its bytes.
MOST_TIMES, LEAST_BYTES = 6, 8 << 20


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Bytes [start, stop) of `size` of a copy."""

    pieces: Iterator[bytes]
    start: int
    stop: int
    size: int


def begin(row: Delivery, grant: UUID, *, actor: Account | None = None, terminal: str = "") -> DeliverySending:
    """The beginning of this grant: the same row again, or a new one, its entry first.

    UsedUp, what `require_sendable` raises, LogUnavailable: nothing is counted and no byte leaves.
    """
    kind = events.SHOWN if actor else events.SENT
    with transaction.atomic():
        locked = Delivery.objects.select_for_update(of=("self",)).get(pk=row.pk)
        require_sendable(locked)
        known = DeliverySending.objects.filter(pk=grant).first()
        if known is not None:
            if known.delivery_id != row.pk or not _is_theirs(known, row, actor):
                raise NoDelivery
            return known
        if actor is None and locked.downloads_left <= 0:
            raise UsedUp
        receipt = entries.enter_footage(kind, row, actor=actor, terminal=terminal, event_id=grant)
        made = DeliverySending.objects.create(
            id=grant, delivery=row, terminal=terminal[:64] if actor else story.PORTAL, entry=receipt.index
        )
        if actor is None:
            locked.downloads_left -= 1
        locked.fetched_at = locked.fetched_at or clock.now()
        locked.save(update_fields=["downloads_left", "fetched_at"])
    act = RequestActKind.SHOWN if actor else RequestActKind.FETCHED
    story.note(row.request, act, receipt, actor=actor, facts={"copy": row.redaction.number})
    return made


def _is_theirs(known: DeliverySending, row: Delivery, actor: Account | None) -> bool:
    """Whether this person began it, and not long ago."""
    if known.entry is None or clock.now() >= known.began_at + GO_ON:
        return False
    said = load_receipt(known.entry).body["actor"]["id"]
    return bool(said == str(entries.actor_id(row, actor)))


def size_of(row: Delivery) -> int:
    """Bytes of the copy. NoResult."""
    return len(_head(row)) + sum(each.size_bytes for each in _parts(row))


def send(
    row: Delivery, sending: DeliverySending, *, actor: Account | None = None, start: int = 0,
    stop: int | None = None, still: Callable[[], None] | None = None,
) -> Outgoing:  # fmt: skip
    """Bytes [start, stop) of it, the first ones opened before this returns.

    RangeUnfit, UsedUp, NoResult, what `require_sendable` and the vault's door raise.
    """
    size = size_of(row)
    stop = size if stop is None else min(stop, size)
    if not 0 <= start < stop:
        raise RangeUnfit(size)
    if sending.sent_bytes >= max(MOST_TIMES * size, LEAST_BYTES):
        raise UsedUp

    def asked() -> None:
        require_sendable(row)
        if still is not None:
            still()

    asked()
    pieces = _guarded(_bytes(row, sending, actor, start, stop), sending, asked)
    first = next(pieces)
    return Outgoing(_after(first, pieces), start, stop, size)


def find(pk: UUID) -> DeliverySending:
    """A beginning with its copy. NoDelivery."""
    row = DeliverySending.objects.filter(pk=pk).first()
    if row is None:
        raise NoDelivery
    row.delivery = deliveries().get(pk=row.delivery_id)
    return row


def _after(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _guarded(pieces: Iterator[bytes], sending: DeliverySending, asked: Callable[[], None]) -> Iterator[bytes]:
    """The same pieces, each asked for and counted before it leaves."""
    for piece in pieces:
        asked()
        DeliverySending.objects.filter(pk=sending.pk).update(sent_bytes=F("sent_bytes") + len(piece))
        yield piece


def _head(row: Delivery) -> bytes:
    return making.head_of_result(row.redaction.result)


def _parts(row: Delivery) -> list[RedactionPart]:
    """The parts that were approved. NoResult."""
    parts = list(row.redaction.parts.order_by("number"))
    if making.sha256_of(_head(row), [each.sha256 for each in parts]) != row.result_sha256:
        raise NoResult
    return parts


def _bytes(
    row: Delivery, sending: DeliverySending, actor: Account | None, start: int, stop: int
) -> Iterator[bytes]:
    head = _head(row)
    # It shows nothing, and leaves with the first footage: what refuses that has an answer of its own.
    waiting = head[start : min(stop, len(head))]
    at = len(head)
    for part in _parts(row):
        first, last = max(start - at, 0), min(stop - at, part.size_bytes)
        if first < last:
            for piece in _of_part(row, sending, actor, part, first, last):
                yield waiting + piece
                waiting = b""
        at += part.size_bytes
    if waiting:
        yield waiting


def _of_part(
    row: Delivery, sending: DeliverySending, actor: Account | None, part: RedactionPart, first: int, last: int
) -> Iterator[bytes]:
    """Bytes [first, last) of a part, by the door for people. NoResult, errors of the vault."""
    kept = selectors.find(owner=row.redaction_id, label=f"out/{part.number}")
    if kept is None or kept.pk != part.kept or sending.entry is None:
        raise NoResult
    receipt, who = load_receipt(sending.entry), entries.actor_id(row, actor)
    with derived.open_for_person(receipt, kept, actor_id=who, hold_id=row.redaction.hold_id) as reader:
        reader.seek(first)
        while first < last:
            data = reader.read(min(PIECE_BYTES, last - first))
            if not data:
                raise NoResult
            first += len(data)
            yield data
