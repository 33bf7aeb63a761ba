"""Motion facts out of the register: which rows a session may have, opened through the vault's door.

The rows come sealed; nothing is opened here without the receipt of a durable entry (invariant 1). What has
expired, what a hold session's hold does not hold and what is restricted is not among the rows.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from accesslog import Receipt
from cctv.footage import playback, sealed
from cctv.footage.catalogue import Span
from cctv.footage.models import ViewingSession
from cctv.footage.motion import facts
from cctv.footage.motion.facts import Mask, Seconds
from cctv.footage.restrictions.services import free_spans
from cctv.footage.selectors import segments_of
from cctv.sites.masks import polygons
from cctv.sites.models import Camera
from cctv.vault import services as vault

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
COLUMNS = ("pk", "starts_at", "ends_at", "expires_at", "motion")


class Row(NamedTuple):
    """A segment with its facts, sealed: None or empty where there are none."""

    pk: UUID
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime
    motion: bytes | None
    wrapped_key: bytes
    key_id: str


def ms(moment: datetime) -> int:
    """Epoch milliseconds."""
    return (moment - EPOCH) // MILLISECOND


def moment(milliseconds: int) -> datetime:
    """Aware UTC of epoch milliseconds."""
    return EPOCH + milliseconds * MILLISECOND


def rows_of(session: ViewingSession, camera: Camera, span: Span) -> list[Row]:
    """What the session may see of the camera in the span, in order, and nothing that is restricted there."""
    found = segments_of(session, camera_id=camera.pk, window=span)
    if session.hold is None:
        values = found.values_list(*COLUMNS, "wrapped_key", "epoch__key_id")
        rows = [Row(*row) for row in values]
    else:
        held = found.values_list(*COLUMNS, "held__wrapped_key")
        until, key_id = session.hold.opens_until, session.hold.key_id
        rows = [
            Row(pk, start, end, until, motion, wrapped, key_id) for pk, start, end, _, motion, wrapped in held
        ]
    free = free_spans(camera, *span)
    if free == [span]:
        return rows
    return [row for row in rows if any(row.starts_at < end and start < row.ends_at for start, end in free)]


def opened(
    receipt: Receipt, session: ViewingSession, camera: Camera, rows: Sequence[Row], span: Span
) -> Seconds:
    """The seconds of the rows inside the span, without restricted ones; the receipt must cover the span."""
    told = [row for row in rows if row.motion]
    objects = ((_keyed(row, session, camera), bytes(row.motion or b"")) for row in told)
    clear = sealed.facts_for_person(receipt, objects, session=session, span=span)
    seconds = facts.join(_parts(told, clear))
    # Asked again, for opening a day takes long enough to place a restriction.
    return seconds.inside([(ms(start), ms(end)) for start, end in free_spans(camera, *span)])


def recorded_ms(rows: Sequence[Row], span: Span) -> int:
    """How much of the span the rows cover."""
    spans = ((max(row.starts_at, span[0]), min(row.ends_at, span[1])) for row in rows)
    total, reached = timedelta(), span[0]
    for start, end in spans:
        total += max(timedelta(), end - max(start, reached))
        reached = max(reached, end)
    return total // MILLISECOND


def open_cells(camera: Camera) -> Mask:
    """The cells that no privacy mask of the camera touches: nothing is told of the others."""
    mask = facts.everything()
    for column, row in polygons.masked_cells(playback.masks_of(camera)):
        mask[row, column] = False
    return mask


def _parts(rows: Sequence[Row], clear: Iterator[bytes | None]) -> Iterator[tuple[int, int, bytes]]:
    for row, data in zip(rows, clear, strict=True):
        if data is not None:
            yield ms(row.starts_at), ms(row.ends_at), data


def _keyed(row: Row, session: ViewingSession, camera: Camera) -> vault.KeyedObject:
    return vault.KeyedObject(
        name="",
        size_bytes=None,
        wrapped_key=bytes(row.wrapped_key),
        key_id=row.key_id,
        ring="footage" if session.hold is None else "records",
        context_id=row.pk,
        camera_id=camera.pk,
        site_id=camera.site_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        expires_at=row.expires_at,
        part=sealed.MOTION,
    )
