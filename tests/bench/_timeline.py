"""One load of `timeline`, in a process of its own: `… -m tests.bench._timeline SEGMENTS CAMERAS SECONDS`.

The environment names the databases. The last line is the figures as JSON.
"""

import json
import os
import random
import sys
import time
from datetime import timedelta
from typing import Any

from tests.bench.harness import percentile, prepare_django

ASKED = 60
PIXELS = 1400
DAY, MONTH = timedelta(days=1), timedelta(days=31)
KNOWN = ("LETHE_DATABASE_URL", "LETHE_LOG_DATABASE_URL")


def main(segments: int, cameras: int, seconds: int) -> dict[str, Any]:
    """Set up, fill, measure."""
    prepare_django(**{name: os.environ[name] for name in KNOWN if name in os.environ})
    from cctv.core import clock
    from cctv.footage.models import Segment
    from tests.bench import _timeline_yard as yard

    started = time.perf_counter()
    end = clock.now().replace(microsecond=0)
    sites = yard.make(cameras, seconds, segments // cameras, end=end)
    filled = time.perf_counter() - started
    there = Segment.objects.count()
    figures: dict[str, Any] = {"segments": there, "cameras": cameras, "fill_s": round(filled), "asked": ASKED}
    client = _client()
    for name, span in (("day16", DAY), ("month16", MONTH)):
        figures |= _asked(client, name, sites, span, end)
    return figures


def _client() -> Any:
    from django.test import Client

    from cctv.people.models import Account, RoleGrant

    operator = Account.objects.create_user("bench@example.org", "pw", name="Bench", employer="Bench")
    RoleGrant.objects.create(account=operator, role="operator", site=None)
    client = Client(headers={"host": "localhost"})
    client.force_login(operator)
    return client


def _asked(client: Any, name: str, sites: list[Any], span: timedelta, end: Any) -> dict[str, Any]:
    """p95 in ms of the whole request, and the largest answer; each asks for another site and time."""
    dice = random.Random(5)
    times, sizes = [], []
    for number in range(ASKED):
        site = sites[number % len(sites)]
        last = end - timedelta(minutes=dice.randrange(0, 3 * 1440)) if number % 2 else end
        query = {"from": _ms(last - span), "to": _ms(last), "px": PIXELS}
        started = time.perf_counter()
        answer = client.get(f"/sites/{site.code}/timeline.json", query)
        times.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 200, answer.content
        sizes.append(len(answer.content))
    print(
        f"{name}: median {percentile(times, 50):.1f} ms, p95 {percentile(times, 95):.1f} ms", file=sys.stderr
    )
    return {
        f"{name}_p50_ms": round(percentile(times, 50), 1),
        f"{name}_p95_ms": round(percentile(times, 95), 1),
        f"{name}_kb": round(max(sizes) / 1000, 1),
    }


def _ms(moment: Any) -> int:
    return int(moment.timestamp() * 1000)


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:4]))))
