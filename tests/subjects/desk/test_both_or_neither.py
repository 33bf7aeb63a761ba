"""What is done and what is told of it are one: cut off in between, neither has happened."""

from typing import Any

import pytest

from accesslog.errors import LogUnavailable
from cctv.subjects.desk import screening, services
from cctv.subjects.requests import messages
from cctv.subjects.requests.models import RequestAct, RequestState, SubjectRequest
from tests.subjects.desk.conftest import Bureau
from tests.subjects.requests.counter import TERMINAL

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


@pytest.fixture
def cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """No message can be written."""

    def refuse(*_args: Any, **_options: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr(messages, "_write", refuse)


@pytest.fixture
def british(bureau: Bureau) -> SubjectRequest:
    """A request whose clock may stand and be extended."""
    SubjectRequest.objects.filter(pk=bureau.request.pk).update(jurisdiction="UK", state=RequestState.OPEN)
    return bureau.again()


@pytest.mark.usefixtures("cut_off")
@pytest.mark.parametrize("what", ["pause", "extend"])
def test_a_clock_is_moved_only_if_the_requester_is_told(
    bureau: Bureau, british: SubjectRequest, what: str
) -> None:
    acts = RequestAct.objects.count()
    words = ("complex", "Many cameras.") if what == "extend" else ("Which door was it?",)
    with pytest.raises(LogUnavailable):
        getattr(services, what)(british, *words, actor=bureau.people.seoul_officer, terminal=TERMINAL)
    now = bureau.again()
    assert (now.paused_at, now.extended_at, now.due_at) == (None, None, british.first_due_at)
    assert RequestAct.objects.count() == acts


@pytest.mark.usefixtures("cut_off")
def test_what_is_screened_is_refused_only_with_its_reason(bureau: Bureau) -> None:
    SubjectRequest.objects.update(state=RequestState.SCREENING)
    with pytest.raises(LogUnavailable):
        screening.refuse(bureau.again(), "much", actor=bureau.people.seoul_officer, terminal=TERMINAL)
    assert bureau.again().state == RequestState.SCREENING


def test_an_officer_with_an_older_page_does_not_set_a_clock_going(
    bureau: Bureau, british: SubjectRequest
) -> None:
    older = SubjectRequest.objects.select_related("site").get(pk=british.pk)
    officer = bureau.people.seoul_officer
    assert services.pause(british, "Which door was it?", actor=officer, terminal=TERMINAL)
    services.extend(older, "complex", "", actor=officer, terminal=TERMINAL)
    assert bureau.again().paused_at is not None
