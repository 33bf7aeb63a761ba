"""A review that goes on elsewhere or on another day is told anew, and an approval is of its result."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.redaction.models import Redaction, RedactionReview
from cctv.redaction.review import events, services
from tests.footage.conftest import TERMINAL

from .conftest import Waiting

pytestmark = pytest.mark.django_db(databases=["default", "log"])
ELSEWHERE = "203.0.113.77"


def told(kind: str) -> list[str]:
    """The terminals of the entries of a kind."""
    rows = LogEntry.objects.using("log").filter(kind=kind).order_by("index").values_list("index", flat=True)
    return [load_receipt(index).body["terminal"] for index in rows]


def begin(waiting: Waiting, terminal: str = TERMINAL) -> RedactionReview:
    return services.begin(redaction=waiting.redaction, actor=waiting.reviewer, terminal=terminal)


def later(monkeypatch: pytest.MonkeyPatch, **delta: float) -> None:
    at = clock.now() + timedelta(**delta)
    monkeypatch.setattr(services, "clock", SimpleNamespace(now=lambda: at, rfc3339=clock.rfc3339))


def test_another_terminal_and_another_day_have_entries_of_their_own(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = begin(waiting)
    later(monkeypatch, hours=11)
    assert begin(waiting).entry_index == first.entry_index
    there = begin(waiting, ELSEWHERE)
    assert (there.pk, there.terminal) == (first.pk, ELSEWHERE)
    assert told(events.REVIEWED) == [TERMINAL, ELSEWHERE]
    later(monkeypatch, hours=13)
    begin(waiting, ELSEWHERE)
    assert told(events.REVIEWED) == [TERMINAL, ELSEWHERE, ELSEWHERE]


def test_an_approval_that_was_logged_but_not_kept_is_not_that_of_another_result(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = waiting.keys()
    waiting.watch()
    waiting.look_at(*keys)

    class Killed(Exception):
        pass

    def die(*_args: object, **_kwargs: object) -> None:
        raise Killed

    review = RedactionReview.objects.get()
    with monkeypatch.context() as patched:
        patched.setattr(Redaction, "save", die)  # the last that is written, after the entry
        with pytest.raises(Killed):
            services.approve(review=review, actor=waiting.reviewer, terminal=TERMINAL)
    review.refresh_from_db()
    other = "cd" * 32
    Redaction.objects.update(result={**waiting.redaction.result, "sha256": other})
    review = begin(waiting)
    drawn = services.drawn_of(review)
    review.moments, review.sent = [drawn.mark(each.key) for each in drawn.resolved.doubts], [0]
    review.save()
    made = services.approve(review=review, actor=waiting.reviewer, terminal=TERMINAL)
    assert load_receipt(made.decided_entry or -1).body["result_sha256"] == other
