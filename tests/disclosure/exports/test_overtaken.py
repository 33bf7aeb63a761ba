"""What happens between two acts: a case that closes while somebody asks, a process killed half-way."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cctv.core import clock
from cctv.disclosure.cases.closing import close_case, effect_of
from cctv.disclosure.cases.errors import CaseWaits
from cctv.disclosure.cases.models import Case, CaseState
from cctv.disclosure.exports import asking, guarding, services
from cctv.disclosure.exports.errors import CaseOver
from cctv.disclosure.exports.models import ActKind, Export, ExportState
from cctv.disclosure.exports.wishes import require_allowed
from cctv.retention.holds.models import PROTECTING, Hold, HoldState
from tests.disclosure.exports.conftest import Desk
from tests.footage.conftest import TERMINAL

pytestmark = pytest.mark.django_db(databases=["default", "log"])
HOUR = timedelta(hours=1)


def _closed() -> None:
    Case.objects.update(state=CaseState.CLOSED)


def _at(step: str, act: Any) -> Any:
    """What `reached` does in the test: `act` at one step."""
    return lambda name: act() if name == step else None


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was mailed, by subject."""
    found: list[str] = []
    monkeypatch.setattr(
        "cctv.disclosure.exports.telling.queue_mail", lambda **said: found.append(said["subject"]())
    )
    return found


def test_a_case_that_closed_before_the_number_was_taken_gets_no_export(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = require_allowed

    def then_closed(*args: Any) -> None:
        allowed(*args)
        _closed()

    monkeypatch.setattr(asking, "require_allowed", then_closed)
    with pytest.raises(CaseOver):
        desk.ask()
    assert (Export.objects.count(), Hold.objects.count(), desk.said("export.asked")) == (0, 0, [])


@pytest.mark.parametrize("step", ["export.draft", "export.held"])
@pytest.mark.parametrize("urgent", [False, True])
def test_what_is_asked_for_while_its_case_closes_is_withdrawn_and_holds_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, told: list[str], step: str, urgent: bool
) -> None:
    monkeypatch.setattr(asking, "reached", _at(step, _closed))
    export = desk.urgent() if urgent else desk.ask()
    assert export.state == ExportState.WITHDRAWN
    assert not Hold.objects.filter(state__in=PROTECTING).exists()
    assert desk.packaged == []
    assert [each.kind for each in export.acts.all()][1:] == [ActKind.WITHDRAWN]
    assert "case was closed" in desk.said("export.withdrawn")[0]["reason"]
    assert len(told) == 1
    assert "its case is closed" in told[0]


def test_a_case_does_not_close_over_a_draft(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def close() -> None:
        close_case(case=desk.case, actor=desk.officer, terminal=TERMINAL, seen=effect_of(desk.case).seen)

    monkeypatch.setattr(asking, "reached", _at("export.draft", close))
    with pytest.raises(CaseWaits):
        desk.ask()
    desk.case.refresh_from_db()
    assert desk.case.state == CaseState.OPEN


@pytest.mark.parametrize("step", ["export.draft", "export.held", "export.asked"])
def test_invariant_3_a_form_sent_anew_by_a_process_that_was_killed_leaves_no_hold_behind(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    export = desk.ask()
    first = guarding.holds_of(export).get()
    desk.act("return_", export)
    [span] = desk.wish().spans
    shorter = desk.wish(spans=[replace(span, ends_at=span.starts_at + timedelta(seconds=2))])

    def killed() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(asking, "reached", _at(step, killed))
        with pytest.raises(KeyboardInterrupt):
            asking.resubmit(export=export, actor=desk.operator, terminal=TERMINAL, wish=shorter)
    first.refresh_from_db()
    assert first.protects
    with clock.pretend(clock.now() + HOUR):
        services.finish_drafts()
        assert services.let_go_left() == 1
        assert services.let_go_left() == 0
    first.refresh_from_db()
    export.refresh_from_db()
    assert (first.state, export.state) == (HoldState.RELEASED, ExportState.ASKED)
    assert asking.BEFORE not in export.package
    assert guarding.holds_of(export).get().protects
