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


def questions(chance: random.Random) -> dict[str, Callable[[], tuple[dict[str, Any], Any]]]:
    """Name of a filter, and a maker of (filters, scope) that asks something else each time."""
    from accesslog import Scope
    from tests.bench._log_yard import IDS, KINDS, PEOPLE, SITES

    whole = Scope(all_sites=True, bodies=True)

    def some(name: str) -> str:
        # The first are the busiest: half the questions are about them.
        return chance.choice(IDS[name][: chance.choice((5, len(IDS[name])))])

    def footage(minutes: float) -> dict[str, Any]:
        starts = _moment(chance)
        return {"footage_from": starts, "footage_to": starts + timedelta(minutes=minutes)}

    def seen(days: float) -> dict[str, Any]:
        starts = _moment(chance)
        return {"seen_from": starts, "seen_to": starts + timedelta(days=days)}

    def by(*names: str, **more: Callable[[], Any]) -> Callable[[], tuple[dict[str, Any], Any]]:
        def make() -> tuple[dict[str, Any], Any]:
            filters = {name: some(name) for name in names}
            for key, value in more.items():
                made = value()
                filters |= made if isinstance(made, dict) else {key: made}
            return filters, whole

        return make

    def limited(*names: str, **more: Callable[[], Any]) -> Callable[[], tuple[dict[str, Any], Any]]:
        def make() -> tuple[dict[str, Any], Any]:
            sites = frozenset(chance.sample(IDS["site"], 4))
            return by(*names, **more)()[0], Scope(all_sites=False, sites=sites, bodies=True)

        return make

    def elsewhere() -> tuple[dict[str, Any], Any]:
        person = chance.randrange(PEOPLE)
        return {"actor": IDS["actor"][person], "site": IDS["site"][(person + 5) % SITES]}, whole

    kind = lambda: chance.choice(list(KINDS))  # noqa: E731
    rare = lambda: chance.choice(["camera.changed", "role.granted", "hold.placed"])  # noqa: E731
    group = lambda: chance.choice([":viewings", ":refusals", ":holds", ":accounts", ":log"])  # noqa: E731
    return {
        "everything but routine": by(),
        **{each: by(each) for each in ("actor", "camera", "site", "purpose", "case", "terminal")},
        "kind": by(kind=kind),
        "rare kind": by(kind=rare),
        "nearly every entry": by(kind=lambda: "*"),
        "group of kinds": by(kind=group),
        "time of viewing": by(seen=lambda: seen(3)),
        "footage, 10 minutes": by(footage=lambda: footage(10)),
        "footage, 30 days": by(footage=lambda: footage(30 * 1440)),
        "footage, 2 years": by(footage=lambda: footage(730 * 1440)),
        "footage from a day on": by(footage=lambda: {"footage_from": _moment(chance)}),
        "camera and 10 minutes of footage": by("camera", footage=lambda: footage(10)),
        "camera and a year of footage": by("camera", footage=lambda: footage(365 * 1440)),
        "who watched: camera, 10 minutes, viewings": by(
            "camera", footage=lambda: footage(10), kind=lambda: ":viewings"
        ),
        "person and time of viewing": by("actor", seen=lambda: seen(7)),
        "person and a day of footage": by("actor", footage=lambda: footage(1440)),
        "person and camera": by("actor", "camera"),
        "person at a site of others": elsewhere,
        "kind and site": by("site", kind=kind),
        "rare kind and camera": by("camera", kind=rare),
        "purpose and site": by("purpose", "site"),
        "reader of 4 sites": limited(),
        "reader of 4 sites, kind": limited(kind=kind),
        "reader of 4 sites, person": limited("actor"),
        "reader of 4 sites, 10 minutes": limited(footage=lambda: footage(10)),
        "no match": by(actor=lambda: "nobody"),
        "no match among many": by("site", case=lambda: "none", kind=lambda: "view.covered"),
        "no footage then": by("camera", footage=lambda: {"footage_to": LONG_AGO}),
    }  # fmt: skip


def _moment(chance: random.Random) -> datetime:
    """A whole minute of the four years."""
    return datetime.fromisoformat("2022-01-05T00:00Z") + timedelta(minutes=chance.randrange(1440 * 1440))


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
