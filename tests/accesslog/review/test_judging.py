"""The job behind the rules: every entry once, whenever it stops, and never stopped by a rule."""

import random
from typing import Any

import pytest

from accesslog import conf
from accesslog.models import Flag, FlagMark, LogEntry
from accesslog.review import judging
from accesslog.review.events import RULE_FAILED, RULES_CHANGED
from accesslog.selectors import load_receipt
from tests.accesslog.review import hooks
from tests.accesslog.review.conftest import Log
from tests.accesslog.sealers import MonthSealer

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]


def raised() -> list[tuple[int, str, str]]:
    return sorted(
        (flag.index, flag.rule, str(sorted(flag.facts.items()))) for flag in Flag.objects.all()
    )  # fmt: skip


def a_week_of(log: Log, *, judged_after: tuple[int, ...] = ()) -> None:
    """Some sixty entries that several rules have something to say about."""
    noise = random.Random(7)
    for n in range(60):
        kind = noise.choice(["test.opened", "test.opened", "test.covered", "test.copied", "test.refused"])
        actor, camera = noise.choice(["minji", "jihoon"]), noise.choice(["gate2", "dock"])
        log(kind, 2.3 * n, actor=actor, camera=camera, minutes=noise.randint(1, 40))
        if n in judged_after:
            judging.judge()


@pytest.fixture
def a_week(log: Log) -> None:
    a_week_of(log)


def test_entries_judged_as_they_come_and_all_at_once_get_the_same_flags(log: Log, settings: Any) -> None:
    judging.tell_rules(conf.rules())  # its entry would lie in between
    a_week_of(log, judged_after=(1, 2, 3, 17, 31, 44, 58))
    judging.judge()
    as_they_came = raised()
    Flag.objects.all().delete()
    FlagMark.objects.update(index=0)
    judging.judge()
    assert raised() == as_they_came
    assert len(as_they_came) > 10


def test_running_it_again_in_other_pieces_adds_nothing_and_changes_nothing(
    a_week: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = judging.judge()
    first = raised()
    assert done.flags == len(first) > 10
    assert judging.judge().flags == 0
    FlagMark.objects.update(index=0)
    monkeypatch.setattr(judging, "BATCH", 7)
    judging.judge()
    assert raised() == first
    Flag.objects.all().delete()
    FlagMark.objects.update(index=0)
    judging.judge(until=23)
    judging.judge()
    assert raised() == first


def test_a_mark_that_somebody_else_moved_leaves_no_half_batch(
    a_week: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = judging._keep

    def overtaken(first: int, end: int, flags: list[Flag]) -> bool:
        FlagMark.objects.update(index=end)
        return real(first, end, flags)

    monkeypatch.setattr(judging, "_keep", overtaken)
    assert judging.judge().entries == 0
    assert raised() == []


def test_a_rule_that_raises_is_told_once_and_does_not_stop_the_others(log: Log, settings: Any) -> None:
    settings.ACCESSLOG_RULES = [f"{hooks.HERE}.BROKEN", f"{hooks.HERE}.OUTSIDE"]
    log(at=13)
    log(at=13)
    done = judging.judge()
    assert (done.flags, done.failed) == (2, ("broken",))
    told = LogEntry.objects.filter(kind=RULE_FAILED).values_list("index", flat=True)
    assert [dict(load_receipt(index).body) for index in told] == [
        {"rule": "broken", "entry": 0, "error": "RuntimeError"}
    ]


def test_an_entry_whose_body_is_gone_is_left_out(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, kept = log(at=13), log(at=24 * 40 + 13)
    monkeypatch.setattr(MonthSealer, "destroyed", {"log/2026-03"})
    judging.judge()
    assert [index for index, *_rest in raised()] == [kept]
    assert gone < judging.mark()


def test_the_log_says_which_rules_judge_from_when_on(log: Log, settings: Any) -> None:
    log()
    judging.judge()
    judging.judge()
    settings.ACCESSLOG_RULES = [f"{hooks.HERE}.AGAIN"]
    judging.judge()
    told = list(LogEntry.objects.filter(kind=RULES_CHANGED).order_by("index").values_list("index", flat=True))
    assert len(told) == 2
    assert load_receipt(told[1]).body["rules"] == [
        {"code": "again_and_again", "kinds": ["test.opened"], "parameters": {"days": 7, "times": 3}}
    ]


def test_a_flag_belongs_to_the_month_of_the_sites_clocks(log: Log) -> None:
    log(at=24 * 29 + 13)  # 31 March, 23:00 UTC: already April in Seoul
    judging.judge()
    assert Flag.objects.get(rule="outside_duty").month == "2026-04"
