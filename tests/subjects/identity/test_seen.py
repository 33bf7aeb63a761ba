"""Who asks is settled by a checker who saw it: nothing is given before, and no copy of a document is kept."""

from typing import Any

import pytest

from accesslog.errors import LogUnavailable
from cctv.people.policy import Forbidden, NotFound
from cctv.subjects.identity import services
from cctv.subjects.identity.errors import NotSeen, NotWaiting
from cctv.subjects.identity.models import IdentityCheck, IdentityPaper
from cctv.subjects.requests import story
from cctv.subjects.requests.models import RequestActKind, RequestState, SubjectRequest
from tests.subjects.desk.conftest import Bureau
from tests.subjects.requests.counter import TERMINAL

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]
SEEN: dict[str, Any] = {"method": "in_person", "seen": ["document"]}


def test_a_checker_who_saw_it_settles_it_and_the_story_says_what_was_seen(bureau: Bureau) -> None:
    officer = bureau.people.seoul_officer
    page = bureau.client(officer)
    assert b"It is them" in page.get(f"/requests/{bureau.request.reference}/").content
    answer = page.post(f"/requests/{bureau.request.reference}/identity/", SEEN)
    assert answer.status_code == 302
    row = bureau.again()
    assert (row.state, row.verified_at is not None) == (RequestState.OPEN, True)
    act = row.acts.get(kind=RequestActKind.VERIFIED)
    assert (act.by, act.facts) == (officer, {"method": "in_person", "seen": ["document"]})
    assert row.hold is not None
    assert row.hold.protects
    assert IdentityCheck.objects.get().entry == act.entry
    assert not IdentityPaper.objects.exists()
    assert b"It is them" not in page.get(f"/requests/{row.reference}/").content
    with pytest.raises(NotWaiting):
        services.verify(row, **SEEN, actor=officer, terminal=TERMINAL)


@pytest.mark.parametrize("seen", [
    {"method": "in_person", "seen": []}, {"method": "email", "seen": ["document"]},
    {"method": "document", "seen": ["document"]},
])  # fmt: skip
def test_without_what_has_to_be_seen_nothing_is_settled(bureau: Bureau, seen: dict[str, Any]) -> None:
    with pytest.raises(NotSeen):
        services.verify(bureau.request, **seen, actor=bureau.people.seoul_officer, terminal=TERMINAL)
    assert bureau.again().verified_at is None


@pytest.mark.parametrize(("claimant", "more"), [("guardian", "kinship"), ("agent", "mandate")])
def test_who_stands_for_somebody_shows_why(bureau: Bureau, claimant: str, more: str) -> None:
    SubjectRequest.objects.update(claimant=claimant)
    row, officer = bureau.again(), bureau.people.seoul_officer
    with pytest.raises(NotSeen):
        services.verify(row, **SEEN, actor=officer, terminal=TERMINAL)
    with pytest.raises(NotSeen):
        services.verify(row, method="account", seen=(), actor=officer, terminal=TERMINAL)
    services.verify(row, method="in_person", seen=["document", more], actor=officer, terminal=TERMINAL)
    assert bureau.again().verified_at is not None


def test_invariant_8_only_the_checker_of_the_site_may(bureau: Bureau) -> None:
    for who, refused in ((bureau.people.operator, Forbidden), (bureau.people.outsider, NotFound)):
        with pytest.raises(refused):
            services.verify(bureau.request, **SEEN, actor=who, terminal=TERMINAL)
    assert bureau.again().state == RequestState.IDENTITY


def test_while_the_log_is_down_nothing_is_settled(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(**_fields: object) -> None:
        raise LogUnavailable

    monkeypatch.setattr(story, "append", down)
    with pytest.raises(LogUnavailable):
        services.verify(bureau.request, **SEEN, actor=bureau.people.seoul_officer, terminal=TERMINAL)
    assert bureau.again().verified_at is None
    assert not IdentityCheck.objects.exists()
