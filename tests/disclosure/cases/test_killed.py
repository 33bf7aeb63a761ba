"""Whoever was killed while a case was being closed, or a letter came in, left nothing half done."""

import pytest

from cctv.disclosure.cases import closing, services
from cctv.disclosure.cases.models import CaseState, Letter
from cctv.retention.holds.models import Hold, HoldState
from cctv.vault import services as vault
from tests.disclosure.cases.test_cases import added, entries, opened, upload
from tests.disclosure.cases.test_pages import held
from tests.people.cast import Cast

pytestmark = [
    pytest.mark.postgres_later,
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.usefixtures("vault_ready"),
]


class Killed(BaseException):
    """The process ends here."""


def kill_at(patch: pytest.MonkeyPatch, module: str, step: str) -> None:
    def reached(here: str) -> None:
        if here == step:
            raise Killed

    patch.setattr(f"cctv.disclosure.cases.{module}.reached", reached)


@pytest.mark.parametrize("step", ["case.closing", "case.released", "case.close-logged"])
def test_invariant_5_a_case_that_was_being_closed_is_closed_by_the_next_try(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    case = opened(cast)
    for _n in range(2):
        held(cast, case)

    def close() -> None:
        seen = closing.effect_of(case).seen
        closing.close_case(case=case, actor=cast.approver, terminal="t", seen=seen)

    with monkeypatch.context() as patch:
        kill_at(patch, "closing", step)
        with pytest.raises(Killed):
            close()
    case.refresh_from_db()
    assert case.state == CaseState.CLOSING
    close()
    case.refresh_from_db()
    assert case.state == CaseState.CLOSED
    assert set(Hold.objects.values_list("state", flat=True)) == {HoldState.RELEASED}
    assert len(entries("hold.released")) == 2
    assert len(entries("case.closed")) == 1


@pytest.mark.parametrize("step", ["letter.sealed", "letter.logged"])
def test_a_letter_that_was_stopped_leaves_no_row_and_comes_in_by_the_next_try(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    case = opened(cast)
    with monkeypatch.context() as patch:
        kill_at(patch, "letters", step)
        with pytest.raises(Killed):
            added(cast, case, upload=upload())
    assert not Letter.objects.exists()
    assert not list(vault.list_objects())
    services.add_letter(
        actor=cast.operator, terminal="t", case=case, kind="in", title="Warrant", upload=upload()
    )
    assert Letter.objects.count() == 1
