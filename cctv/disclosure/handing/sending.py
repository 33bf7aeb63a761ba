"""A copy on its way out: counted, entered, booked, and only then its bytes.

One download at a time: it belongs to the browser that gave the code (or to the account that writes a medium),
which may go on with it for some hours if it breaks. A newer request takes over from an older one, which
stops; whoever is about to send the last piece marks it whole first, so no two of them come to an end. A plain
copy can be sent from where it broke; a sealed one only from its beginning, since it is sealed anew each time.
What begins anew is a row with entries of its own, and begins so often only: all but the last bytes is as good
as a copy.

Whether it may leave is asked of every file before anything is counted, and again of the one that is being
sent every few seconds. The ledger's line is written once the first piece is ready, just before it leaves.
Nothing is kept on disk: files are opened by the vault's door, packed and sealed piece by piece.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F

from accesslog import Receipt
from cctv.core import clock
from cctv.disclosure.exports.booking import book_provision
from cctv.disclosure.exports.models import Export, ExportState, PackageFile
from cctv.disclosure.exports.requirements import require_handable
from cctv.disclosure.handing import agefile, details, enclosing, entries, outer
from cctv.disclosure.handing.errors import NotYours, RangeUnfit, SendingStopped, UsedUp
from cctv.disclosure.handing.models import HandOver, Sealing, Sending, Way
from cctv.disclosure.handing.services import GO_ON, copies, is_alive, is_open, require_current
from cctv.disclosure.packages import zipping
from cctv.disclosure.packaging import opening
from cctv.people.models import Account
from cctv.people.policy import permissions_of

PIECE_BYTES = 1 << 20
# How far it got is written down so often; a resumed download may begin that much further on.
NOTE_BYTES = 16 << 20
# A download that breaks begins so often, the first time counted.
BEGINNINGS = 3
# The questions that take longer are asked so often.
ASK_AGAIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Bytes [start, size) of a copy. `size` is None where it is not known beforehand (a sealed one)."""

    sending: Sending
    pieces: Iterator[bytes]
    size: int | None
    start: int


def size_of(handover: HandOver) -> int | None:
    """Bytes of the copy as it is sent; None for a sealed one."""
    if handover.sealing != Sealing.PLAIN:
        return None
    return zipping.zip_size(_entries(handover.export, _files(handover.export), _nothing))


def last_of(handover: HandOver, grant: UUID) -> Sending | None:
    """The last download of this browser, or of this account."""
    return handover.sendings.filter(grant=grant).order_by("-at").first()


def may_go_on(sending: Sending | None) -> bool:
    """Whether it broke, and not too long ago."""
    return sending is not None and not sending.is_whole and clock.now() < sending.at + GO_ON


def send(
    handover: HandOver, *, grant: UUID, terminal: str, actor: Account | None = None, start: int = 0
) -> Outgoing:
    """Count, enter and book it, then give its bytes from `start`; the first of them are ready when this
    returns.

    `actor` is the account that writes a medium; else it is sent to the recipient, whose code made `grant`.
    Raises UsedUp, RangeUnfit, NotHandable and its kin, FootageRestricted, LogUnavailable (503, nothing sent),
    vault and storage errors.
    """
    if actor is not None:
        permissions_of(actor).require(entries.HAND, site_id=handover.export.site_id)
        if actor.pk != handover.made_by_id:
            raise NotYours
    require_current()
    require_handable(handover.export)
    files = _files(handover.export)
    opening.require_all_open(handover.export, files)
    size = size_of(handover)
    if start and size is None:
        raise RangeUnfit
    with transaction.atomic():
        sending = _begin(handover, grant, terminal, start, size)
        receipts = entries.sent(sending, entries.stretches(handover, files), actor=actor, terminal=terminal)
        if sending.first_entry is None:
            sending.first_entry = receipts[0][1].index
            sending.save(update_fields=["first_entry"])
    guard = _Guard(sending, handover.export, start)
    clear = _entries(
        handover.export, files, _opener(receipts, str(actor.pk if actor else handover.pk), guard)
    )
    pieces = _joined(_pieces(handover, clear, start))
    return Outgoing(sending, _begun(sending, guard.guard(pieces)), size, start)


def _begin(handover: HandOver, grant: UUID, terminal: str, start: int, size: int | None) -> Sending:
    """The row of this download: the one that broke, taken over; one that begins it anew; or a new one,
    counted. UsedUp, RangeUnfit."""
    row = copies().select_for_update(of=("self",)).get(pk=handover.pk)
    if not is_alive(row):
        raise UsedUp
    last = last_of(row, grant)
    if last is not None and start and _is_tail(last, start, size):
        last.handover = handover
        return last
    if last is not None and may_go_on(last):
        if start > (last.sent_bytes + NOTE_BYTES) or start >= (size or 1):
            raise RangeUnfit(size or 0)
        anew = _is_anew(last, start, size)
        if anew and _beginnings(row, grant) >= BEGINNINGS:
            raise UsedUp
        last.part = uuid4()
        if not Sending.objects.filter(pk=last.pk, is_whole=False).update(part=last.part):
            raise UsedUp
        last.handover = handover
        return _created(handover, grant, terminal, start) if anew else last
    if start and is_open(row):
        raise RangeUnfit(size or 0)
    free = HandOver.objects.filter(pk=row.pk, downloads_left__gt=0, ended_at=None)
    if not is_open(row) or not free.update(downloads_left=F("downloads_left") - 1):
        raise UsedUp
    return _created(handover, grant, terminal, 0)


def _created(handover: HandOver, grant: UUID, terminal: str, start: int) -> Sending:
    return Sending.objects.create(
        handover=handover, grant=grant, part=uuid4(), terminal=terminal, at=clock.now(), sent_bytes=start
    )


def _is_tail(last: Sending, start: int, size: int | None) -> bool:
    """Whether it asks for the end of what has left whole as far as this process knows, and broke on its way:
    whoever has not all before it gets nothing by it."""
    return last.is_whole and start >= _nearly(size) and start < (size or 0) and clock.now() < last.at + GO_ON


def _nearly(size: int | None) -> int:
    """From here on what is left is the last piece (`_joined`)."""
    return (size or 0) - min(PIECE_BYTES, (size or 0) // 2)


def is_as_good_as_whole(sending: Sending, size: int | None) -> bool:
    """Whether what left is a copy: whole, or all but the last piece."""
    return sending.is_whole or (bool(size) and sending.sent_bytes >= _nearly(size))


def may_begin(row: HandOver, grant: UUID, sending: Sending | None) -> bool:
    """Whether a download from the first byte would be answered: for the page that offers it."""
    if may_go_on(sending):
        return sending is not None and (sending.part is None or _beginnings(row, grant) < BEGINNINGS)
    return is_open(row)


def _is_anew(last: Sending, start: int, size: int | None) -> bool:
    """Whether it asks for much that was sent before, not for what was on its way when it broke."""
    if start == 0:
        return last.part is not None  # None: not one byte of it left
    return start < last.sent_bytes - min(NOTE_BYTES, (size or 0) // 4)


def _beginnings(row: HandOver, grant: UUID) -> int:
    """How often the download of this browser that is not whole yet was begun."""
    mine = row.sendings.filter(grant=grant)
    whole = mine.filter(is_whole=True).order_by("-at").first()
    return (mine.filter(at__gt=whole.at) if whole else mine).count()


class _Guard:
    """Asks before each piece whether it may still leave, and notes how far it got."""

    def __init__(self, sending: Sending, export: Export, start: int) -> None:
        self._sending, self._export = sending, export
        self._position = self._noted = start
        self._asked = time.monotonic()
        # What is being read: it is asked of anew (`opening.require_file_open`), its pre-roll included.
        self.file: PackageFile | None = None
        self._is_tail = sending.is_whole
        self._mine = Sending.objects.filter(
            pk=sending.pk, part=sending.part, is_whole=self._is_tail, handover__ended_at=None,
            handover__export__state=ExportState.READY,
        )  # fmt: skip

    def guard(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The same pieces. SendingStopped, and what refuses a hand-over."""
        try:
            held = next(pieces, b"")
            for piece in pieces:
                self._require_still()
                yield held
                self._count(len(held))
                held = piece
            self._require_still()
            # Before they leave: two requests must not both come to an end.
            if not self._is_tail:
                last = Sending.objects.filter(pk=self._sending.pk, part=self._sending.part, is_whole=False)
                if not last.update(is_whole=True, sent_bytes=self._position + len(held)):
                    raise SendingStopped
            self._position += len(held)
            yield held
        finally:
            self._note()

    def _require_still(self) -> None:
        expires_at = self._mine.values_list("handover__export__expires_at", flat=True).first()
        if expires_at is None or clock.now() >= expires_at:
            raise SendingStopped
        if time.monotonic() - self._asked >= ASK_AGAIN_S:
            self._asked = time.monotonic()
            require_handable(self._export)
            if self.file is not None:
                opening.require_file_open(self.file)

    def _count(self, size: int) -> None:
        self._position += size
        if self._position - self._noted >= NOTE_BYTES:
            self._note()

    def _note(self) -> None:
        self._noted = self._position
        further = Sending.objects.filter(pk=self._sending.pk, sent_bytes__lt=self._position)
        further.update(sent_bytes=self._position)


def _joined(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces worth a question each. The last one is about as long as the others, so that
    nobody has nearly all before it is whole, and never all there is."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size > 2 * PIECE_BYTES:
            data = b"".join(waiting)
            yield data[:-PIECE_BYTES]
            waiting, size = [data[-PIECE_BYTES:]], PIECE_BYTES
    data = b"".join(waiting)
    middle = len(data) - min(PIECE_BYTES, len(data) // 2)
    yield from (part for part in (data[:middle], data[middle:]) if part)


def _begun(sending: Sending, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces, the first one made now: what refuses it has a status of its own, and no byte left.
    The line of the ledger is written before it leaves, and not where it cannot."""
    try:
        first = next(pieces)
        if sending.handover.way == Way.LINK:
            book_provision(sending.handover)
    except Exception:
        Sending.objects.filter(pk=sending.pk, part=sending.part).update(part=None)
        raise
    return _after(first, pieces)


def _after(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _files(export: Export) -> list[PackageFile]:
    return list(export.files.select_related("camera").exclude(done_at=None).order_by("number"))


Open = Callable[[PackageFile, int], Iterator[bytes]]


def _nothing(_file: PackageFile, _offset: int) -> Iterator[bytes]:
    return iter(())


def _opener(receipts: list[tuple[entries.Stretch, Receipt]], actor_id: str, guard: "_Guard") -> Open:
    """Opens a file with the entry that covers it; papers with any of them. The guard knows which is open."""

    def covering(file: PackageFile) -> Receipt:
        for part, receipt in receipts:
            mine = part.camera.pk == file.camera_id and file.starts_at and file.ends_at
            if file.camera_id is None:
                return receipt
            if mine and part.starts_at <= file.starts_at and file.ends_at <= part.ends_at:  # type: ignore[operator]
                return receipt
        return receipts[0][1]  # the door refuses it

    def pieces(file: PackageFile, offset: int) -> Iterator[bytes]:
        guard.file = file
        with opening.open_for_person(covering(file), file, actor_id=actor_id) as reader:
            reader.seek(offset)
            while data := reader.read(PIECE_BYTES):
                yield data

    return pieces


def _entries(export: Export, files: list[PackageFile], opened: Open) -> list[zipping.Entry]:
    return [_entry(file, export, opened) for file in files]


def _entry(file: PackageFile, export: Export, opened: Open) -> zipping.Entry:
    return zipping.Entry(
        name=file.name, size=file.size_bytes, crc32=file.crc32, open=lambda: opened(file, 0),
        modified=_shown(file.starts_at or file.done_at or export.asked_at, export),
        open_at=lambda offset: opened(file, offset),
    )  # fmt: skip


def _shown(moment: datetime, export: Export) -> datetime:
    return moment.astimezone(ZoneInfo(export.site.time_zone)).replace(microsecond=0)


def _pieces(handover: HandOver, clear: list[zipping.Entry], start: int) -> Iterator[bytes]:
    """Plain: the archive from `start`. Sealed: the archive around the sealed one."""
    package = zipping.stream_zip(clear, start=start)
    if handover.sealing == Sealing.PLAIN:
        return package
    known = details.read(handover) or details.Details()
    return outer.around(
        agefile.sealed_to(handover.age_recipient, package), name=enclosing.SEALED_NAME,
        about_bytes=zipping.zip_size(clear), beside=enclosing.files(handover, known.key),
        modified=_shown(handover.made_at, handover.export),
    )  # fmt: skip
