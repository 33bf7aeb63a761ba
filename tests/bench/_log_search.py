"""One database's part of `log_search`, in a process of its own: `... -m tests.bench._log_search ENTRIES`.

The environment names the databases. The last line is the figures as JSON.
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests.bench.harness import percentile, prepare_django

ASKED = 40
DAY = 1440
LONG_AGO = datetime.fromisoformat("2015-01-01T00:00Z")
KNOWN = ("LETHE_DATABASE_URL", "LETHE_LOG_DATABASE_URL")


def main(count: int) -> dict[str, Any]:
    """Set up, fill, measure."""
    prepare_django(**{name: os.environ[name] for name in KNOWN if name in os.environ})
    from django.db import connections

    from tests.bench import _log_yard

    started = time.perf_counter()
    _log_yard.fill(connections["log"], count)
    filled = time.perf_counter() - started
    return {"entries": count, "fill_s": round(filled), "asked": ASKED, "filters": measure(count)}


def measure(count: int, *, only: str = "", asked: int = ASKED) -> dict[str, float]:
    """p95 in milliseconds of every question's first page, and of a page deep in its answer."""
    from accesslog import selectors
    from accesslog.selectors import Filters

    found = {}
    for name, make in questions(random.Random(11)).items():
        if only not in name:
            continue
        for deep in (False, True):
            times = []
            for number in range(asked):
                filters, scope = make()
                asked_for = Filters(**filters)
                place = _place(number, count) if deep else {"before": count}
                started = time.perf_counter()
                selectors.entries(filters=asked_for, scope=scope, **place)
                times.append((time.perf_counter() - started) * 1000)
            label = f"{name}, deep" if deep else name
            found[label] = round(percentile(times, 95), 1)
            print(f"{found[label]:9.1f} ms  {label}", file=sys.stderr)
    return found


def _place(number: int, count: int) -> dict[str, int]:
    """Somewhere in the log, in both directions by turns."""
    return {"before" if number % 2 else "after": count * (number % 9 + 1) // 10}


Maker = Callable[[], tuple[dict[str, Any], Any]]


class Chooser:
    """Makes questions that ask something else each time."""

    def __init__(self, chance: random.Random) -> None:
        from accesslog import Scope
        from tests.bench import _log_yard

        self.chance, self.yard = chance, _log_yard
        self.whole = Scope(all_sites=True, bodies=True)

    def some(self, name: str) -> str:
        """An id; the first are the busiest, and half the questions are about them."""
        ids = self.yard.IDS[name]
        return self.chance.choice(ids[: self.chance.choice((5, len(ids)))])

    def by(self, *names: str, **more: Any) -> Maker:
        """Filters by these ids, and by what is given: values, or callables that make them."""

        def make() -> tuple[dict[str, Any], Any]:
            filters: dict[str, Any] = {name: self.some(name) for name in names}
            for key, value in more.items():
                made = value() if callable(value) else value
                filters |= made if isinstance(made, dict) else {key: made}
            return filters, self.whole

        return make

    def limited(self, *names: str, **more: Any) -> Maker:
        """The same, asked by a reader of four sites; a person is one who works at one of them."""

        def make() -> tuple[dict[str, Any], Any]:
            from accesslog import Scope

            numbers = self.chance.sample(range(self.yard.SITES), 4)
            filters, _ = self.by(*names, **more)()
            if "actor" in filters:
                filters["actor"] = self.yard.IDS["actor"][
                    numbers[0] + self.yard.SITES * self.chance.randrange(3)
                ]
            sites = frozenset(self.yard.IDS["site"][number] for number in numbers)
            return filters, Scope(all_sites=False, sites=sites, bodies=True)

        return make

    def elsewhere(self) -> tuple[dict[str, Any], Any]:
        """A person, at a site where they never worked."""
        person, yard = self.chance.randrange(self.yard.PEOPLE), self.yard
        site = yard.IDS["site"][(person + 5) % yard.SITES]
        return {"actor": yard.IDS["actor"][person], "site": site}, self.whole

    def kind(self) -> str:
        """A kind of footage or of a camera: such have a site."""
        return self.chance.choice([kind for kind, facts in self.yard.KINDS.items() if facts[2]])

    def any_kind(self) -> str:
        return self.chance.choice(list(self.yard.KINDS))

    def rare(self) -> str:
        return self.chance.choice(["camera.changed", "role.granted", "hold.placed"])

    def group(self) -> str:
        return self.chance.choice([":viewings", ":refusals", ":holds", ":accounts", ":log"])

    def span(self, of: str, minutes: float) -> Callable[[], dict[str, Any]]:
        """So many minutes of "footage" or of the time when it was "seen"."""

        def make() -> dict[str, Any]:
            starts = _moment(self.chance)
            return {f"{of}_from": starts, f"{of}_to": starts + timedelta(minutes=minutes)}

        return make

    def from_then_on(self) -> dict[str, Any]:
        return {"footage_from": _moment(self.chance)}


def questions(chance: random.Random) -> dict[str, Maker]:
    """Name of a filter, and a maker of (filters, scope)."""
    ask = Chooser(chance)
    return {**_single(ask), **_combined(ask)}


def _single(ask: Chooser) -> dict[str, Maker]:
    return {
        "everything but routine": ask.by(),
        **{each: ask.by(each) for each in ("actor", "camera", "site", "purpose", "case", "terminal")},
        "kind": ask.by(kind=ask.any_kind),
        "rare kind": ask.by(kind=ask.rare),
        "nearly every entry": ask.by(kind="*"),
        "group of kinds": ask.by(kind=ask.group),
        "time of viewing": ask.by(seen=ask.span("seen", 3 * DAY)),
        "footage, 10 minutes": ask.by(footage=ask.span("footage", 10)),
        "footage, 30 days": ask.by(footage=ask.span("footage", 30 * DAY)),
        "footage, 2 years": ask.by(footage=ask.span("footage", 730 * DAY)),
        "footage from a day on": ask.by(footage=ask.from_then_on),
        "no match": ask.by(actor="nobody"),
    }


def _combined(ask: Chooser) -> dict[str, Maker]:
    ten = ask.span("footage", 10)
    return {
        "camera and 10 minutes of footage": ask.by("camera", footage=ten),
        "camera and a year of footage": ask.by("camera", footage=ask.span("footage", 365 * DAY)),
        "who watched: camera, 10 minutes, viewings": ask.by("camera", footage=ten, kind=":viewings"),
        "person and time of viewing": ask.by("actor", seen=ask.span("seen", 7 * DAY)),
        "person and a day of footage": ask.by("actor", footage=ask.span("footage", DAY)),
        "person and camera": ask.by("actor", "camera"),
        "person at a site of others": ask.elsewhere,
        "kind and site": ask.by("site", kind=ask.kind),
        "a kind without sites, and a site": ask.by("site", kind="account.signed_in"),
        "rare kind and camera": ask.by("camera", kind=ask.rare),
        "purpose and site": ask.by("purpose", "site"),
        "reader of 4 sites": ask.limited(),
        "reader of 4 sites, kind": ask.limited(kind=ask.kind),
        "reader of 4 sites, person": ask.limited("actor"),
        "reader of 4 sites, 10 minutes": ask.limited(footage=ten),
        "no match among many": ask.by("site", case="none", kind="view.covered"),
        "no footage then": ask.by("camera", footage_to=LONG_AGO),
    }


def _moment(chance: random.Random) -> datetime:
    """A whole minute of the four years."""
    return datetime.fromisoformat("2022-01-05T00:00Z") + timedelta(minutes=chance.randrange(1440 * 1440))


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
