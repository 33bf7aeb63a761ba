"""The search finds exactly what a plain look at every row would find, in its order, from any place."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accesslog import IndexFields, Scope, services
from accesslog.desk import search
from accesslog.desk.groups import Group
from accesslog.models import LogEntry, LogIndex
from accesslog.selectors import EVERY_KIND, Filters, entries, first_index_at, numbers, visible
from accesslog.types import from_us, to_us
from tests.accesslog.cast import COVERED, NOTED, covered

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
    pytest.mark.usefixtures("access_log"),
]

GROUPS = [Group("tests", "tests", ("test.c", "test.n"))]
START = datetime(2026, 1, 1, tzinfo=UTC)
ALL = Scope(all_sites=True, bodies=True)
# From a still to half a year: every class of span, and spans that reach over several buckets.
LENGTHS = (0, 1, 9, 200, 3_000, 9_000, 40_000, 260_000)


@pytest.fixture
def yard() -> list[dict[str, Any]]:
    """The search rows of 160 entries of few people, cameras and sites, some about several cameras."""
    chance = random.Random(5)
    for number in range(160):
        kind = chance.choice([COVERED, COVERED, COVERED, NOTED, "test.swept"])
        index = []
        for _ in range(chance.choice((0, 1, 1, 1, 3)) if kind != COVERED else chance.choice((1, 1, 2))):
            starts = START + timedelta(minutes=chance.randrange(120_000))
            spanned = chance.random() < 0.8
            index.append(
                IndexFields(
                    actor=chance.choice(("minji", "jihoon", "seo", "")),
                    camera=chance.choice(("gate", "dock", "yard", "")),
                    site=chance.choice(("baram", "osaka", "leeds", "")),
                    purpose=chance.choice(("crime", "safety")),
                    case=chance.choice(("", "", "7")),
                    terminal=chance.choice(("a", "b")),
                    footage_from=starts if spanned else None,
                    footage_to=starts + timedelta(minutes=chance.choice(LENGTHS)) if spanned else None,
                )
            )
        body = {COVERED: covered(), NOTED: {"text": "x"}}.get(kind, {"n": number})
        services.append(kind=kind, body=body, index=index)
    return [dict(row) for row in LogIndex.objects.values()]


def naive(rows: list[dict[str, Any]], filters: Filters, scope: Scope) -> list[int]:
    """The definition: newest first."""
    found = []
    for entry in LogEntry.objects.order_by("-index"):
        own = [row for row in rows if row["index"] == entry.index and matches(row, filters, scope)]
        needs = not scope.all_sites or any(
            name not in ("kind", "seen_from", "seen_to") for name in filters.given()
        )
        kind = filters.kind in (EVERY_KIND, entry.kind) or (not filters.kind and entry.kind != "test.swept")
        if kind and (own or not needs):
            found.append(entry.index)
    return found


def matches(row: dict[str, Any], filters: Filters, scope: Scope) -> bool:
    for name in ("actor", "camera", "site", "purpose", "case", "terminal"):
        if getattr(filters, name) and row[name] != getattr(filters, name):
            return False
    if not scope.all_sites and row["site"] not in scope.sites:
        return False
    if filters.footage_from is None and filters.footage_to is None:
        return True
    if row["footage_from_us"] is None:
        return False
    if filters.footage_to is not None and row["footage_from_us"] >= to_us(filters.footage_to):
        return False
    starts = None if filters.footage_from is None else to_us(filters.footage_from)
    return starts is None or row["footage_to_us"] > starts or row["footage_from_us"] == starts


def any_question(chance: random.Random) -> tuple[Filters, Scope]:
    given: dict[str, Any] = {}
    for name, values in (
        ("actor", ("minji", "seo", "nobody")), ("camera", ("gate", "dock")), ("site", ("baram", "leeds")),
        ("purpose", ("crime",)), ("case", ("7",)), ("terminal", ("a",)),
        ("kind", (COVERED, NOTED, "test.swept", EVERY_KIND, "none.such")),
    ):  # fmt: skip
        if chance.random() < 0.3:
            given[name] = chance.choice(values)
    starts = START + timedelta(minutes=chance.randrange(120_000))
    if chance.random() < 0.6:
        if chance.random() < 0.8:
            given["footage_from"] = starts
        if chance.random() < 0.8 or "footage_from" not in given:
            given["footage_to"] = starts + timedelta(minutes=chance.choice((1, 60, 40_000)))
    scope = (
        ALL if chance.random() < 0.6 else Scope(False, frozenset(chance.sample(["baram", "osaka"], 1)), True)
    )
    return Filters(**given), scope


@pytest.mark.parametrize("short", [0, 30, 1_500], ids=["walked", "some read whole", "read whole"])
def test_any_question_has_the_answer_of_the_definition(
    yard: list[dict[str, Any]], short: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(search, "_SHORT", short)
    chance = random.Random(17)
    answered = 0
    for _ in range(60):
        filters, scope = any_question(chance)
        expected = naive(yard, filters, scope)
        answered += bool(expected)
        assert numbers(filters=filters, scope=scope, limit=1000) == expected, (filters, scope)
        place = chance.randrange(160)
        older = entries(filters=filters, scope=scope, before=place, limit=5)
        below, above = [n for n in expected if n < place], [n for n in expected if n >= place]
        assert [each.index for each in older.entries] == below[:5], (filters, scope, place)
        assert (older.has_newer, older.has_older) == (bool(above), len(below) > 5)
        newer = entries(filters=filters, scope=scope, after=place, limit=5)
        above = [n for n in expected if n > place]
        assert [each.index for each in newer.entries] == above[-5:], (filters, scope, place)
        assert (newer.has_newer, newer.has_older) == (len(above) > 5, any(n <= place for n in expected))
        assert visible(place, filters=filters, scope=scope) == (place in expected)
    assert answered > 15


def test_many_buckets_are_one_list(yard: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(search, "MAX_ARMS", 3)
    monkeypatch.setattr(search, "_SHORT", 0)
    filters = Filters(footage_from=START)
    assert numbers(filters=filters, scope=ALL, limit=1000) == naive(yard, filters, ALL)


def test_a_moment_is_found_among_all_entries(yard: list[dict[str, Any]]):
    times = list(LogEntry.objects.order_by("index").values_list("time_us", flat=True))
    for at in (times[0] - 1, times[0], times[70], times[70] + 1, times[-1], times[-1] + 1):
        assert first_index_at(at) == sum(each < at for each in times)
    assert from_us(times[0]) > START


def test_a_group_is_its_kinds(yard: list[dict[str, Any]], settings: Any):
    settings.ACCESSLOG_GROUPS = f"{__name__}.GROUPS"
    both = numbers(filters=Filters(kind=":tests"), scope=ALL, limit=1000)
    single = [numbers(filters=Filters(kind=kind), scope=ALL, limit=1000) for kind in (COVERED, NOTED)]
    assert both == sorted([*single[0], *single[1]], reverse=True)
    assert numbers(filters=Filters(kind=":unknown"), scope=ALL, limit=1000) == []
