"""Which stretches of cameras are recorded, told by the database: gaps and islands over the catalogue's index.

Written by hand for SQLite and PostgreSQL, since a month of sixteen cameras is a hundred thousand segments, or
millions, and a few dozen stretches. Two ways, which agree on every step of the grid:

*Scanning* reads each segment of the view once, in the index's order, and finds the pauses. *Probing* looks
into each step of the grid for any segment that touches it: its cost is bounded by what is drawn, however
short the segments are. A camera is probed where it has many more segments than the view has steps.

Only columns of the index `segment_timeline` are read. Expired segments are never among the answers
(invariant 3). Moments are epoch milliseconds.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from cctv.footage.models import Segment
from cctv.footage.selectors import LONGEST_SEGMENT
from cctv.footage.timeline.spans import SECOND, Grid, Span, without
from cctv.vault import past

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
# A camera, and the numbers of the first and the last of its steps that are asked for.
Steps = tuple[UUID, int, int]
NOTHING: Mapping[str, Any] = {}
SOON = timedelta(hours=24)
LASTING_S = int(LONGEST_SEGMENT.total_seconds())
# Of a moment as SQLite has it, "2026-11-14 10:02:00.123456"; whole seconds are written without a fraction.
WIDTH = 26

# Where all of a camera's footage begins, how long its newest segment is, where all of it ends, and where what
# begins before the view's end does. None of it reads more than two hours of segments.
_BOUNDS = """
    SELECT {camera}, (
        SELECT starts_at FROM {table} WHERE camera_id = {camera} AND {live} ORDER BY starts_at LIMIT 1
    ), (
        SELECT {length} FROM {table} WHERE camera_id = {camera} AND {live} ORDER BY starts_at DESC LIMIT 1
    ), {of_all}, {of_view} {from_cameras}
"""
_NEWEST = """(
        SELECT max(ends_at) FROM {table}, (
            SELECT starts_at AS newest FROM {table} WHERE camera_id = {camera} AND {live}{before}
            ORDER BY starts_at DESC LIMIT 1
        ) found
        WHERE camera_id = {camera} AND {live}{before} AND starts_at > {newest_lasting}
    )"""
# One row for each segment that begins a stretch, after a pause of more than `join`, with where the stretch
# before it ended: looked for among all that may still have lasted, since segments may overlap.
_SCAN = """
    SELECT {camera}, heads.starts_at, {of_head} FROM {cameras_with} (
        SELECT starts_at, lag(ends_at) OVER (ORDER BY starts_at) AS before FROM {table}
        WHERE camera_id = {camera} AND starts_at > {earliest} AND starts_at < {end}
          AND {ends} > {start} AND {live}
    ) heads
    WHERE before IS NULL OR (starts_at > before AND {apart})
    ORDER BY {camera}, heads.starts_at
"""
# The steps of the grid that no segment touches. Mostly the last that begins before a step's end does; only
# where it does not, longer ones from before are looked for. Nothing here can be turned into a join, which
# would read the whole table.
_PROBE = """
    {with_steps} SELECT {camera}, number FROM {steps}
    WHERE NOT COALESCE(NULLIF((
        SELECT ends_at FROM {table} WHERE camera_id = {camera} AND starts_at > {step_lasting}
          AND starts_at < {step_end} AND {live}{soon} ORDER BY starts_at DESC LIMIT 1
    ) > {step_start}, {false}), (
        SELECT {true} FROM {table} WHERE camera_id = {camera} AND starts_at > {step_lasting}
          AND starts_at < {step_end} AND {ends} > {step_start} AND {live}{soon} LIMIT 1
    ), {false})
    ORDER BY {camera}, number
"""
# The same of the segments of which the caller's condition holds. It may cost a look elsewhere, so it comes
# last, and is asked only of those that touch the step, the latest first.
_PROBE_WHERE = """
    {with_steps} SELECT {camera}, number FROM {steps}
    WHERE (
        SELECT {true} FROM {table} WHERE camera_id = {camera} AND starts_at > {step_lasting}
          AND starts_at < {step_end} AND {ends} > {step_start} AND ({where})
        ORDER BY starts_at DESC LIMIT 1
    ) IS NULL
    ORDER BY {camera}, number
"""


@dataclass(slots=True)
class Recorded:
    """What is recorded of a camera in a view, and what of it expires soon.

    `first` and `last` bound all of its footage, `reached` what begins before the view's end; `length` is that
    of its newest segment. All ms; None without any.
    """

    first: int | None = None
    last: int | None = None
    reached: int | None = None
    length: int = 0
    spans: list[Span] = field(default_factory=list)
    expiring: list[Span] = field(default_factory=list)

    def is_shown(self, grid: Grid) -> bool:
        """Whether any of it may touch the grid."""
        return self.first is not None and self.first < grid.end and (self.reached or 0) > grid.start


def recorded(
    camera_ids: Sequence[UUID], grid: Grid, *, join: int, may_expire_before: Mapping[UUID, int]
) -> dict[UUID, Recorded]:
    """The recorded stretches of each camera that touch the grid; pauses of up to `join` ms are none.

    What expires within 24 hours is looked for before `may_expire_before` only, where the rules let it lie.
    """
    with _asking(grid, join=join) as ask:
        found = {camera_id: Recorded() for camera_id in camera_ids}
        for camera_id, first, length, last, reached in ask.rows(ask.bounds, list(camera_ids)):
            if first is not None:
                ends = _ms(last), reached and _ms(reached)
                found[camera_id] = Recorded(_ms(first), *ends, int(length * SECOND))
        shown = {camera_id: each for camera_id, each in found.items() if each.is_shown(grid)}
        probed = [camera_id for camera_id, each in shown.items() if grid.step > ask.probe_costs * each.length]
        scanned = [camera_id for camera_id in shown if camera_id not in set(probed)]
        _add_scanned(shown, ask.rows(ask.scan, scanned))
        for camera_id, spans in _touched(ask, grid, {each: shown[each] for each in probed}).items():
            shown[camera_id].spans = spans
        ending = {camera_id: _before(each, may_expire_before[camera_id]) for camera_id, each in shown.items()}
        for camera_id, spans in _touched(ask, grid, ending, soon=True).items():
            shown[camera_id].expiring = spans
    return found


def touched_where(
    within: Mapping[UUID, Sequence[Span]], grid: Grid, *, where: str, values: Mapping[str, Any]
) -> dict[UUID, list[Span]]:
    """Of each camera the steps of the grid that a segment touches of which `where` holds, expired or not.

    Steps are looked into `within` the given spans of each camera only (any order, ms): what it costs is
    bounded by what is drawn. `where` is SQL, with its `values` by name, and names the segment's table "of".
    """
    steps = []
    for camera_id, spans in within.items():
        for start, end in grid.drawn(spans):
            steps.append((camera_id, (start - grid.start) // grid.step, (end - grid.start) // grid.step - 1))
    with _asking(grid) as ask:
        return _filled(grid, steps, ask.untouched(steps, ask.probe_where(where), values))


@contextmanager
def _asking(grid: Grid, *, join: int = 0) -> Iterator["_Asker"]:
    lite = connection.vendor == "sqlite"
    with nullcontext() if lite else transaction.atomic(), connection.cursor() as cursor:
        if not lite:  # what is estimated at millions takes milliseconds: compiling it would take longer
            cursor.execute("SET LOCAL jit = off")
        yield (_Lite if lite else _Postgres)(cursor, grid, join)


def _before(found: Recorded, until: int) -> Recorded:
    """Its bounds, as if nothing lay after `until`."""
    return Recorded(found.first, found.last, min(found.reached or 0, until))


def _add_scanned(shown: dict[UUID, Recorded], rows: Sequence[tuple[UUID, Any, Any]]) -> None:
    """Stretches go from one head to where the next one says that it ended; the last to what is reached."""
    for camera_id, at, before in rows:
        spans, reached = shown[camera_id].spans, shown[camera_id].reached
        assert reached is not None
        if spans:
            spans[-1] = (spans[-1][0], _ms(before))
        spans.append((_ms(at), reached))


def _touched(
    ask: "_Asker", grid: Grid, found: Mapping[UUID, Recorded], *, soon: bool = False
) -> dict[UUID, list[Span]]:
    """Of each camera the steps within its bounds that a segment touches, as spans."""
    steps = []
    for camera_id, each in found.items():
        if each.is_shown(grid):
            first = (max(each.first or 0, grid.start) - grid.start) // grid.step
            last = (min(each.reached or 0, grid.end) - grid.start - 1) // grid.step
            steps.append((camera_id, first, last))
    return _filled(grid, steps, ask.untouched(steps, ask.probe[soon]))


def _filled(grid: Grid, steps: Sequence[Steps], untouched: Iterable[Any]) -> dict[UUID, list[Span]]:
    """What is left of each camera's steps without the untouched ones (camera, number)."""
    asked: dict[UUID, list[Span]] = {}
    empty: dict[UUID, list[Span]] = {}
    for camera_id, first, last in steps:
        asked.setdefault(camera_id, []).append(_step(grid, first, last))
    for camera_id, number in untouched:
        empty.setdefault(camera_id, []).append(_step(grid, number, number))
    return {camera_id: without(spans, empty.get(camera_id, [])) for camera_id, spans in asked.items()}


def _step(grid: Grid, first: int, last: int) -> Span:
    return grid.start + first * grid.step, grid.start + (last + 1) * grid.step


class _Asker(ABC):
    """The statements of one view as the database at hand writes them."""

    names: dict[str, str]
    # A probe costs about as much as reading so many segments in order.
    probe_costs: int

    def __init__(self, cursor: Any, grid: Grid, join: int) -> None:
        """`join` in ms."""
        self.cursor, self.grid = cursor, grid
        now = past.reached()
        moments = {
            "now": now, "soon": now + SOON, "start": moment_of(grid.start), "end": moment_of(grid.end),
            "earliest": moment_of(grid.start) - LONGEST_SEGMENT,
        }  # fmt: skip
        adapt = connection.ops.adapt_datetimefield_value
        self.values: dict[str, Any] = {name: adapt(value) for name, value in moments.items()}
        self.values["join"] = self.join_of(join)
        names = {name: f"%({name})s" for name in self.values} | self.names
        names |= {"table": connection.ops.quote_name(Segment._meta.db_table)}
        names["live"] = f"{names['expires']} > {names['now']}"
        names["of_all"] = _NEWEST.format(**names, before="")
        names["of_view"] = _NEWEST.format(**names, before=f" AND starts_at < {names['end']}")
        names["of_head"] = _NEWEST.format(**names, before=" AND starts_at < heads.starts_at")
        self.bounds, self.scan = _BOUNDS.format(**names), _SCAN.format(**names)
        names_soon = names | {"soon": f" AND {names['expires']} <= {names['soon']}"}
        self.probe = {False: _PROBE.format(**names | {"soon": ""}), True: _PROBE.format(**names_soon)}
        self.names_known = names

    def probe_where(self, where: str) -> str:
        """The statement for segments of which `where` holds; see `touched_where`."""
        table = f'{self.names_known["table"]} AS "of"'
        return _PROBE_WHERE.format(**self.names_known | {"where": where, "table": table})

    @abstractmethod
    def join_of(self, join: int) -> Any:
        """Within how much time of each other segments are one, as the database reckons times."""

    @abstractmethod
    def rows(self, statement: str, camera_ids: Sequence[UUID]) -> list[Any]:
        """The rows of all cameras, each with its camera's id first."""

    @abstractmethod
    def untouched(self, steps: Sequence[Steps], probe: str, values: Mapping[str, Any] = NOTHING) -> list[Any]:
        """Camera and number of each step that nothing touches, camera by camera in order."""


class _Postgres(_Asker):
    """All cameras in one statement."""

    probe_costs = 12
    names = {
        # Asked of the columns themselves, PostgreSQL 18 reckons with a search of its own for each distinct
        # beginning, finds that dear, and reads a camera's whole footage from the table instead.
        "ends": "(ends_at + interval '0')",
        "expires": "(expires_at + interval '0')",
        "camera": "c.id",
        "from_cameras": "FROM unnest(%(cameras)s::uuid[]) AS c(id)",
        "cameras_with": "unnest(%(cameras)s::uuid[]) AS c(id), LATERAL",
        "length": "extract(epoch FROM ends_at - starts_at)",
        "newest_lasting": f"newest - interval '{LASTING_S} seconds'",
        "apart": "starts_at > before + %(join)s",
        "true": "true",
        "false": "false",
        "with_steps": "",
        "steps": (
            "unnest(%(cameras)s::uuid[], %(firsts)s::int[], %(lasts)s::int[]) AS c(id, first, last),"
            " LATERAL generate_series(c.first, c.last) AS number"
        ),
        "step_start": "%(start)s + number * %(step)s",
        "step_end": "%(start)s + (number + 1) * %(step)s",
        "step_lasting": f"%(start)s + number * %(step)s - interval '{LASTING_S} seconds'",
    }

    def join_of(self, join: int) -> Any:
        return join * MILLISECOND

    def rows(self, statement: str, camera_ids: Sequence[UUID]) -> list[Any]:
        if not camera_ids:
            return []
        self.cursor.execute(statement, self.values | {"cameras": list(camera_ids)})
        return list(self.cursor.fetchall())

    def untouched(self, steps: Sequence[Steps], probe: str, values: Mapping[str, Any] = NOTHING) -> list[Any]:
        if not steps:
            return []
        asked = {
            "cameras": [camera_id for camera_id, _first, _last in steps],
            "firsts": [first for _camera, first, _last in steps],
            "lasts": [last for _camera, _first, last in steps],
            "step": self.grid.step * MILLISECOND,
        }
        self.cursor.execute(probe, {**self.values, **values, **asked})
        return list(self.cursor.fetchall())


class _Lite(_Asker):
    """Camera by camera: in one process, a statement costs nothing. Moments are texts that sort as they do."""

    names = {
        "ends": "ends_at",
        "expires": "expires_at",
        "camera": "%(camera)s",
        "from_cameras": "",
        "cameras_with": "",
        "length": "(julianday(ends_at) - julianday(starts_at)) * 86400",
        "newest_lasting": f"datetime(newest, '-{LASTING_S} seconds')",
        "apart": "julianday(starts_at) - julianday(before) > %(join)s",
        "true": "1",
        "false": "0",
        # Each step as a text of three moments: when what touches it may have begun, its start, its end.
        "with_steps": """WITH steps(number, lasting, starts, ends) AS MATERIALIZED (
            SELECT key, rtrim(substr(value, 1, 26)), rtrim(substr(value, 27, 26)), rtrim(substr(value, 53))
            FROM json_each(%(steps)s)
        )""",
        "steps": "steps",
        "step_lasting": "steps.lasting",
        "step_start": "steps.starts",
        "step_end": "steps.ends",
    }
    probe_costs = 1
    _texts_of: list[str] | None = None

    def join_of(self, join: int) -> Any:
        return join / 86_400_000

    def rows(self, statement: str, camera_ids: Sequence[UUID]) -> list[Any]:
        found = []
        for camera_id in camera_ids:
            self.cursor.execute(statement, self.values | {"camera": camera_id.hex})
            found += [(camera_id, *row[1:]) for row in self.cursor.fetchall()]
        return found

    def untouched(self, steps: Sequence[Steps], probe: str, values: Mapping[str, Any] = NOTHING) -> list[Any]:
        found = []
        for camera_id, first, last in sorted(steps):
            asked = json.dumps(self._texts()[first : last + 1])
            given = {**self.values, **values, "camera": camera_id.hex, "steps": asked}
            self.cursor.execute(probe, given)
            found += [(camera_id, first + number) for _camera, number in self.cursor.fetchall()]
        return found

    def _texts(self) -> list[str]:
        """Of each step the three moments, as the database writes them."""
        if self._texts_of is None:
            edges = range(self.grid.start, self.grid.end + self.grid.step, self.grid.step)
            naive = [moment_of(ms).replace(tzinfo=None) for ms in edges]
            lasting = [str(moment - LONGEST_SEGMENT).ljust(WIDTH) for moment in naive]
            texts = [str(moment).ljust(WIDTH) for moment in naive]
            self._texts_of = [
                "".join(three) for three in zip(lasting[:-1], texts[:-1], texts[1:], strict=True)
            ]
        return self._texts_of


def _ms(value: Any) -> int:
    """A moment of an answer, down to whole milliseconds."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH) // MILLISECOND


def moment_of(ms: int) -> datetime:
    """Epoch milliseconds as a moment in UTC."""
    return EPOCH + ms * MILLISECOND


def to_ms(moment: datetime) -> int:
    """A moment as epoch milliseconds, rounded down."""
    return (moment - EPOCH) // MILLISECOND
