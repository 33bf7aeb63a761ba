"""From a clock on the wall to an instant: zones, repeated hours, and clocks that disagree. No Django.

A recorder stamps local time into file names. Once a year an hour happens twice and the name alone
does not say which one is meant: the file's modification time settles it, and when it cannot, the
file is not guessed at. Once a year an hour does not happen at all: a name inside it is an error.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

# A disagreement is stored as a 32-bit number of milliseconds.
SKEW_LIMIT_MS = 2**31 - 1


class NoSuchTime(ValueError):
    """The clocks of the zone jumped over this local time."""


class AmbiguousTime(ValueError):
    """This local time happened twice and nothing tells which one is meant."""


def instants(local: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The UTC instants at which the clocks of `zone` showed the naive time `local`: one, or two in order.

    Raises NoSuchTime when they never did.
    """
    found: list[datetime] = []
    for fold in (0, 1):
        instant = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        shown = instant.astimezone(zone).replace(tzinfo=None, fold=0)
        if shown == local.replace(fold=0) and instant not in found:
            found.append(instant)
    if not found:
        raise NoSuchTime(f"{local.isoformat(sep=' ')} did not exist in {zone.key}")
    return tuple(sorted(found))


def settle(candidates: Sequence[datetime], *, ended_at: datetime | None, duration: timedelta) -> datetime:
    """The candidate start that fits a file which was last written at `ended_at` and lasts `duration`.

    With two candidates the end of writing must lie clearly nearer to one of them: within half the
    distance between them. Otherwise raises AmbiguousTime.
    """
    if len(candidates) == 1:
        return candidates[0]
    if ended_at is None:
        raise AmbiguousTime("the hour happened twice and the file's own time is not known")
    started = ended_at - duration
    nearest = min(candidates, key=lambda candidate: abs(candidate - started))
    margin = (max(candidates) - min(candidates)) / 2
    if abs(nearest - started) >= margin:
        raise AmbiguousTime("the hour happened twice and the file was last written at neither of them")
    return nearest


def skew_ms(*, starts_at: datetime, duration: timedelta, ended_at: datetime | None) -> int | None:
    """How far the file's own end of writing lies after the end that its name claims, in milliseconds.

    None when the file's time is not known; clamped to what the register can hold.
    """
    if ended_at is None:
        return None
    skew = (ended_at - (starts_at + duration)) // timedelta(milliseconds=1)
    return max(-SKEW_LIMIT_MS, min(SKEW_LIMIT_MS, skew))


def earliest(candidates: Iterable[datetime]) -> datetime | None:
    """The first of the candidates, or None."""
    return min(candidates, default=None)
