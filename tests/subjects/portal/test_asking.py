"""From the first question to the receipt, in a browser without script."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accesslog.selectors import load_receipt
from cctv.sites.models import Camera, Site
from cctv.subjects.portal import questions
from cctv.subjects.portal.answers import Answers
from cctv.subjects.requests.details import read
from cctv.subjects.requests.models import RequestKind, SubjectRequest
from tests.subjects.portal.asking import Person
from tests.subjects.requests.counter import DAY, MINUTE, Counter

pytestmark = [pytest.mark.django_db(databases=["default", "log"], transaction=True)]


@pytest.fixture
def filled(counter: Counter) -> Person:
    """Somebody at the check page, about what was filmed."""
    sealed = counter.court.yard.segment(expires_in=DAY)
    person = Person()
    zone = sealed.row.camera.site.time_zone
    person.answer_all(sealed.row.starts_at, sealed.row.starts_at + 5 * MINUTE, zone, site={
        "site": sealed.row.camera.site.code
    })  # fmt: skip
    return person


def test_a_request_is_received_with_what_was_answered_and_its_footage_held(
    filled: Person, counter: Counter
) -> None:
    sent = filled.send()
    assert sent["Location"] == "/portal/receipt/"
    row = SubjectRequest.objects.get()
    details = read(row)
    assert details is not None
    assert (details.name, details.looks) == ("Kim Chulsoo", "a yellow raincoat")
    assert row.hold is not None
    assert row.received_entry is not None
    assert load_receipt(row.received_entry).kind == "request.received"
    page = filled.client.get("/portal/receipt/").content.decode()
    assert row.reference in page


def test_the_secret_of_the_receipt_opens_the_request_elsewhere(filled: Person) -> None:
    filled.send()
    secret = filled.client.get("/portal/receipt/").context["secret"]
    reference = SubjectRequest.objects.get().reference
    other = Client()
    opened = other.post("/portal/open/", {"reference": reference, "secret": secret})
    assert opened["Location"] == "/portal/status/"
    assert reference in other.get("/portal/status/").content.decode()


def test_a_camera_that_was_retired_is_offered_as_long_as_its_footage_is_left(counter: Counter) -> None:
    yard = counter.court.yard
    sealed = yard.segment(expires_in=DAY)
    camera, zone = sealed.row.camera, sealed.row.camera.zone
    Camera.objects.filter(pk=camera.pk).update(retired_at=yard.now)
    answers = Answers(steps={"site": {"site": camera.site.code}})
    form = questions.PlaceQuestion({"zones": [questions.UNKNOWN_PLACE], "words": ""}, answers=answers)
    assert form.is_valid()
    assert camera in form.cameras()
    zones: Any = form.fields["zones"]
    assert str(zone.pk) in dict(zones.choices)
    Site.objects.filter(pk=camera.site_id).update(retired_at=yard.now)
    assert camera.site in questions.sites_in_use()
    yard.move(2 * DAY)
    assert camera not in questions.cameras_with_footage()


def test_a_right_that_the_law_does_not_give_there_is_not_offered(counter: Counter) -> None:
    yard = counter.court.yard
    Site.objects.update(jurisdiction="KR")
    Camera.objects.update(openness="open")
    assert questions.rights() == set(RequestKind.values) - {"restriction"}
    field: Any = questions.KindQuestion(answers=Answers()).fields["kind"]
    kinds = [each for each, _words in field.choices]
    assert "restriction" not in kinds
    assert "erasure" in kinds
    Camera.objects.filter(pk=yard.cameras[0].pk).update(openness="non_open")
    assert "restriction" in questions.rights()
    site = yard.cameras[0].site
    answers = Answers(steps={"site": {"site": site.code}, "kind": {"kind": "restriction"}})
    everywhere = questions.PlaceQuestion({"zones": ["unknown"], "words": ""}, answers=answers)
    assert everywhere.is_valid()
    Camera.objects.update(openness="open")
    assert "zones" in questions.PlaceQuestion({"zones": ["unknown"], "words": ""}, answers=answers).errors


def test_a_second_tap_is_the_same_request(filled: Person) -> None:
    cookies = filled.client.cookies.output()
    first = filled.send()
    assert first.status_code == 302
    lock = cookies.partition("lethe_answers=")[2].partition(";")[0]
    filled.client.cookies["lethe_answers"] = lock
    assert filled.send().status_code == 302
    assert SubjectRequest.objects.count() == 1


def test_after_sending_the_way_back_shows_nothing_that_was_written(filled: Person) -> None:
    check = filled.at
    assert "Kim Chulsoo" in filled.client.get(check).content.decode()
    filled.send()
    answer = filled.client.get(check)
    assert answer.status_code == 400
    assert "Kim Chulsoo" not in answer.content.decode()


def test_an_address_with_answers_opens_on_no_other_browser(filled: Person) -> None:
    assert "Kim Chulsoo" not in filled.at
    answer = Client().get(filled.at)
    assert answer.status_code == 400
    assert "Kim Chulsoo" not in answer.content.decode()


def test_a_language_switch_keeps_what_is_being_written(counter: Counter) -> None:
    counter.court.yard.segment(expires_in=DAY)
    person = Person()
    person.begin("complaint")
    while person.step != "about":
        person.say(kind="complaint")
    page = person.say(go="lang-ja", about="vehicle").content.decode()
    assert '<html lang="ja"' in page
    assert person.step == "about"
    assert 'value="vehicle" id="about" checked' in page or 'value="vehicle" checked' in page


def test_what_is_missing_is_said_and_what_was_written_stays(filled: Person) -> None:
    filled.go(filled.at.replace("/check/", "/contact/"))
    page = filled.say(name="Kim <script>alert(1)</script>", phone="", email="").content.decode()
    assert 'href="#phone"' in page
    assert "Kim &lt;script&gt;" in page
    assert "<script" not in page


@pytest.mark.parametrize("trap", [{"homepage": "x"}, {"true": ""}])
def test_a_machine_is_told_and_not_taken(filled: Person, trap: dict[str, str]) -> None:
    assert filled.send(**trap).status_code == 400
    assert not SubjectRequest.objects.exists()


def test_who_is_too_quick_sends_it_again(filled: Person) -> None:
    sent: Any = filled.client.post("/portal/ask/check/", {"a": filled.answers, "go": "next", "true": "yes"})
    assert sent.status_code == 400
    assert not SubjectRequest.objects.exists()


def test_a_child_is_told_who_can_ask(counter: Counter) -> None:
    sealed = counter.court.yard.segment(expires_in=DAY)
    person = Person()
    start, zone = sealed.row.starts_at, sealed.row.camera.site.time_zone
    with pytest.raises(AssertionError):
        person.answer_all(start, start + timedelta(minutes=5), zone, whom={"whom": "child"}, site={
            "site": sealed.row.camera.site.code
        })  # fmt: skip
    assert person.step == "whom"


def test_with_the_log_down_nothing_is_acknowledged_and_the_same_form_goes_out_later(
    filled: Person, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        counter.down(patch)
        answer = filled.send()
    assert answer.status_code == 503
    assert not answer.cookies
    assert not SubjectRequest.objects.exists()
    assert filled.send()["Location"] == "/portal/receipt/"


def test_an_evening_that_ends_after_midnight_is_the_next_days(counter: Counter) -> None:
    sealed = counter.court.yard.segment(expires_in=DAY)
    person, start = Person(), sealed.row.starts_at
    when = {"y": start.year, "m": start.month, "d": start.day, "fh": 23, "fm": 30, "th": 0, "tm": 30}
    person.answer_all(start, start, "UTC", when=when | {"sure": "exact"}, site={
        "site": sealed.row.camera.site.code
    })  # fmt: skip
    assert person.send().status_code == 302
    row = SubjectRequest.objects.get()
    assert row.ends_at - row.starts_at == timedelta(hours=1, minutes=20)


def test_one_way_to_answer_is_enough_and_none_is_too_few(filled: Person) -> None:
    contact = filled.at.replace("/check/", "/contact/")
    for phone, email, there in (("", "", "contact"), ("", "a@b.example", "check"), ("0105550", "", "check")):
        filled.go(contact)
        filled.say(name="Kim", phone=phone, email=email)
        assert filled.step == there
