"""The result, part by part, to whoever may see it: an entry first, then the vault's door, then bytes."""

import math
from collections.abc import Callable, Iterator
from typing import Any

from accesslog import Receipt
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.footage import playback
from cctv.footage.derived import selectors
from cctv.footage.derived import services as derived
from cctv.footage.errors import MasksChanged
from cctv.footage.restrictions.services import require_free
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.redaction import events
from cctv.redaction.ended import require_there
from cctv.redaction.errors import NoResult, OtherMasks
from cctv.redaction.models import Redaction, RedactionPart, State
from cctv.redaction.rendering import making
from cctv.redaction.rendering.planning import MS
from cctv.redaction.services import log_about

SEE = "redaction.see"
PIECE_BYTES = 512 * 1024
# What is asked of the row anew while a part is sent.
STILL = ("state", "revision", "rendered_revision", "result", "parameters", "hold")


def require_result(redaction: Redaction) -> dict[str, Any]:
    """Facts of the result that fits what is decided now. NoResult, RedactionGone, OtherMasks."""
    current = redaction.rendered_revision == redaction.revision and bool(redaction.result)
    if redaction.state not in (State.REVIEW, State.APPROVED) or not current:
        raise NoResult
    require_there(redaction)
    # What was masked since then is not masked in it.
    try:
        playback.require_copy_masks(redaction.camera, str(redaction.parameters.get("masks", "")))
    except MasksChanged:
        raise OtherMasks from None
    return dict(redaction.result)


def playlist(redaction: Redaction, *, init: str, part_url: Any) -> str:
    """The result as an HLS playlist: times are those of the recording. NoResult."""
    require_result(redaction)
    parts = list(redaction.parts.order_by("number"))
    spans = [making.shown_in(redaction, each, parts) for each in parts]
    longest = max((math.ceil((end - start) / 1000) for start, end in spans), default=1)
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-PLAYLIST-TYPE:VOD", f"#EXT-X-TARGETDURATION:{longest}"]
    lines.append(f'#EXT-X-MAP:URI="{init}"')
    for each, (start, end) in zip(parts, spans, strict=True):
        lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{clock.rfc3339(redaction.starts_at + start * MS)}")
        lines.append(f"#EXTINF:{(end - start) / 1000:.3f},")
        lines.append(part_url(each))
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def init(redaction: Redaction) -> bytes:
    """The init segment: no picture. NoResult."""
    return making.head_of_result(require_result(redaction))


def part(
    redaction: Redaction, number: int, *, actor: Account, terminal: str, receipt_index: int | None
) -> tuple[Iterator[bytes], int, int]:
    """Pieces of one part, how many bytes they are, and the entry that covers them (to be handed in again).

    Raises NoResult, NotFound, Forbidden, FootageRestricted, FootageExpired, LogUnavailable and vault errors.
    """
    permissions_of(actor).require(SEE, site_id=redaction.site_id)
    require_result(redaction)
    found = redaction.parts.filter(number=number).first()
    kept = selectors.find(owner=redaction.pk, label=f"out/{number}")
    if found is None or kept is None or kept.pk != found.kept:
        raise NoResult
    _require_whole(redaction)
    require_free(redaction.camera, found.starts_at, found.ends_at)
    receipt = _receipt(redaction, actor, terminal, receipt_index)
    reader = derived.open_for_person(receipt, kept, actor_id=actor.pk, hold_id=redaction.hold_id)
    begun = redaction.result["sha256"]

    def still() -> None:
        _require_still(redaction, actor, found, begun)

    first = reader.read(PIECE_BYTES)
    still()
    return _pieces(reader, first, still), found.size_bytes, receipt.index


def _require_still(redaction: Redaction, actor: Account, found: RedactionPart, begun: str) -> None:
    """What was asked before the first piece, of the register as it is now: somebody may have approved another
    result meanwhile, drawn a mask, restricted the footage, or taken a role away."""
    permissions_of(Account.objects.get(pk=actor.pk)).require(SEE, site_id=redaction.site_id)
    redaction.refresh_from_db(fields=STILL)
    if require_result(redaction)["sha256"] != begun:
        raise NoResult
    require_free(redaction.camera, found.starts_at, found.ends_at)


def _require_whole(redaction: Redaction) -> None:
    """NoResult unless the parts are those that the result was recorded of."""
    head = making.head_of_result(redaction.result)
    parts = redaction.parts.order_by("number").values_list("sha256", flat=True)
    if making.sha256_of(head, parts) != redaction.result["sha256"]:
        raise NoResult


def _receipt(redaction: Redaction, actor: Account, terminal: str, index: int | None) -> Receipt:
    """An earlier entry of this person, place and revision, or a new one that covers all of the result."""
    if index is not None:
        earlier = load_receipt(index)
        said = earlier.body
        same = (said.get("redaction"), said.get("revision"), said.get("terminal"))
        ours = same == (redaction.number, redaction.revision, terminal) and said["actor"]["id"] == str(
            actor.pk
        )
        if earlier.kind == events.SHOWN and ours:
            return earlier
    facts = {"revision": redaction.revision}
    return log_about(events.SHOWN, redaction, actor, terminal, facts, action=SEE)


def _pieces(reader: Any, first: bytes, still: Callable[[], None]) -> Iterator[bytes]:
    """The rest is asked for while it is sent; what refuses it meanwhile cuts it off."""
    yield first
    while data := reader.read(PIECE_BYTES):
        still()
        yield data
