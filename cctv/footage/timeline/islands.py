"""Which stretches of cameras are recorded, told by the database: gaps and islands over the catalogue's index.

Written by hand for SQLite and PostgreSQL: a month of sixteen cameras is a hundred thousand segments and a
few dozen stretches. Only columns of the index `segment_timeline` are read. Expired segments are never among
the answers (invariant 3). Moments are epoch milliseconds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from cctv.core import clock
from cctv.footage.models import Segment
from cctv.footage.selectors import LONGEST_SEGMENT
from cctv.footage.timeline.spans import Span

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
SOON = timedelta(hours=24)
EXTRA, EXPIRING = 1, 2

# One row for each segment that begins a stretch: after more than `join` without any, or of another kind than
# the one before it; with where the stretch before it ended, which is looked for among all that may still have
# lasted. `steps` runs in the index's order, so nothing is sorted.
_HEADS = """
    SELECT kind, starts_at, (
        SELECT max(e.ends_at) FROM {table} e
        WHERE e.camera_id = {camera} AND e.expires_at > {now}
          AND e.starts_at > {lasting} AND e.starts_at < heads.starts_at
    ) AS reached
    FROM (
        SELECT starts_at, kind, lag(ends_at) OVER steps AS before, lag(kind) OVER steps AS kind_before
        FROM (
            SELECT starts_at, ends_at, {kind} AS kind FROM {table}
            WHERE camera_id = {camera} AND starts_at > {earliest} AND starts_at < {end}
              AND ends_at > {start} AND expires_at > {now}
        ) live
        WINDOW steps AS (ORDER BY starts_at)
    ) heads
    WHERE before IS NULL OR kind <> kind_before OR (starts_at > before AND {apart})
    ORDER BY starts_at
"""
# Where all of the camera's footage begins and ends, and where that ends which begins before the view's end.
_BOUNDS = """
    SELECT (
        SELECT starts_at FROM {table} WHERE camera_id = {camera} AND expires_at > {now}
        ORDER BY starts_at LIMIT 1
    ), {last_of_all}, {last_of_view}
"""
_LAST = """(
        SELECT max(e.ends_at) FROM {table} e, (
            SELECT starts_at FROM {table} WHERE camera_id = {camera} AND expires_at > {now}{before}
            ORDER BY starts_at DESC LIMIT 1
        ) newest
        WHERE e.camera_id = {camera} AND e.expires_at > {now} AND e.starts_at > {newest_lasting}{e_before}
    )"""


@dataclass(slots=True)
class Recorded:
    """What is recorded of a camera in a view; `first` and `last` bound all of its footage."""

    first: int | None = None
    last: int | None = None
    spans: list[Span] = field(default_factory=list)
    extra: list[Span] = field(default_factory=list)
    expiring: list[Span] = field(default_factory=list)


def recorded(camera_ids: Sequence[UUID], *, start: int, end: int, join: int) -> dict[UUID, Recorded]:
    """The recorded stretches of each camera that touch [start, end); pauses of up to `join` ms are none.

    `extra` and `expiring` are those out of the recording hours, and those that expire within 24 hours.
    """
    dialect = _Dialect(start, end, join)
    with connection.cursor() as cursor:
        return {camera_id: _camera(cursor, dialect, camera_id) for camera_id in camera_ids}


def _camera(cursor: Any, dialect: "_Dialect", camera_id: UUID) -> Recorded:
    values = dialect.values(camera_id)
    cursor.execute(dialect.bounds, values)
    first, last, reached = (dialect.ms(value) for value in cursor.fetchone())
    found = Recorded(first, last)
    if reached is None or reached <= dialect.start:
        return found
    cursor.execute(dialect.heads, values)
    heads = [(kind, dialect.ms(at), dialect.ms(before)) for kind, at, before in cursor.fetchall()]
    for kind, *span in _stretches(heads, reached):
        found.spans.append((span[0], span[1]))
        if kind & EXTRA:
            found.extra.append((span[0], span[1]))
        if kind & EXPIRING:
            found.expiring.append((span[0], span[1]))
    return found


def _stretches(heads: list[tuple[int, Any, Any]], reached: int) -> Iterator[tuple[int, int, int]]:
    """From one head to where the next one says that it ended; the last one to `reached`."""
    ends = [*(before for _kind, _at, before in heads[1:]), reached]
    for (kind, at, _before), end in zip(heads, ends, strict=True):
        yield kind, at, end


class _Dialect:
    """The statements and values of one view as the database at hand writes them."""

    def __init__(self, start: int, end: int, join: int) -> None:
        self.start = start
        self.lite = connection.vendor == "sqlite"
        now = clock.now()
        moments = {
            "now": now, "soon": now + SOON, "start": _moment(start), "end": _moment(end),
            "earliest": _moment(start) - LONGEST_SEGMENT,
        }  # fmt: skip
        adapt = connection.ops.adapt_datetimefield_value
        self._values: dict[str, Any] = {name: adapt(value) for name, value in moments.items()}
        self._values |= {"join": join / 86_400_000 if self.lite else join * MILLISECOND}
        names = {name: f"%({name})s" for name in (*self._values, "camera")}
        names |= {"table": connection.ops.quote_name(Segment._meta.db_table)} | self._written(names)
        self.heads = _HEADS.format(**names)
        of_all = _LAST.format(**names, before="", e_before="")
        before, e_before = f" AND starts_at < {names['end']}", f" AND e.starts_at < {names['end']}"
        of_view = _LAST.format(**names, before=before, e_before=e_before)
        self.bounds = _BOUNDS.format(**names, last_of_all=of_all, last_of_view=of_view)

    def _written(self, names: dict[str, str]) -> dict[str, str]:
        seconds = int(LONGEST_SEGMENT.total_seconds())
        if self.lite:
            return {
                "kind": f"(out_of_schedule + {EXPIRING} * (expires_at <= {names['soon']}))",
                "apart": f"julianday(starts_at) - julianday(before) > {names['join']}",
                "lasting": f"datetime(heads.starts_at, '-{seconds} seconds')",
                "newest_lasting": f"datetime(newest.starts_at, '-{seconds} seconds')",
            }
        return {
            "kind": f"(out_of_schedule::int + {EXPIRING} * (expires_at <= {names['soon']})::int)",
            "apart": f"starts_at > before + {names['join']}",
            "lasting": f"heads.starts_at - interval '{seconds} seconds'",
            "newest_lasting": f"newest.starts_at - interval '{seconds} seconds'",
        }

    def values(self, camera_id: UUID) -> dict[str, Any]:
        return self._values | {"camera": camera_id.hex if self.lite else camera_id}

    def ms(self, value: Any) -> Any:
        """A moment of an answer, down to whole milliseconds; None for NULL."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value
        return (moment - EPOCH) // MILLISECOND


def _moment(ms: int) -> datetime:
    return EPOCH + ms * MILLISECOND
