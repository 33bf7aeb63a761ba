"""The pages of the register: what they show, ask and refuse."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accesslog.models import LogEntry
from cctv.core import clock
from cctv.sites.models import Camera, Organisation, Purpose, RetentionRule, Site, Zone
from tests.people.cast import Cast

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.usefixtures("vault_ready")]
SignIn = Callable[..., Client]
CAMERA: dict[str, Any] = {
    "name": "Dock 5", "code": "dock-5", "location": "South wall", "scope_text": "Docks 5 to 8",
    "openness": "non_open", "legal_basis": "pipa-25-1-3",
}  # fmt: skip


@pytest.fixture
def admin(cast: Cast, sign_in: SignIn) -> Client:
    return sign_in(cast.administrator)


@pytest.fixture
def officer(cast: Cast, sign_in: SignIn) -> Client:
    return sign_in(cast.privacy_officer)


def text(response: Any) -> str:
    return str(response.content.decode())


def beside(page: str, field: str) -> str:
    """The errors that stand at one field."""
    found = re.search(rf'id="id_{field}_error"[^>]*>(.*?)</ul>', page, re.S)
    return found[1] if found else ""


def camera(cast: Cast, **changes: Any) -> dict[str, Any]:
    return {**CAMERA, "zone": str(cast.gate.zone_id), "purposes": [str(cast.fire.pk)], **changes}


def test_the_register_shows_sites_cameras_zones_and_the_sign_s_count(cast: Cast, admin: Client) -> None:
    page = text(admin.get("/register/"))
    for words in (
        "Baram Hub",
        "Gate 1",
        "30 days",
        "7 days",
        "2 cameras on the sign",
        "正門",
        "Zone of Lobby",
    ):
        assert words in page


def test_an_administrator_of_one_site_sees_that_site_only(cast: Cast, sign_in: SignIn) -> None:
    page = text(sign_in(cast.site_administrator).get("/register/"))
    assert "Minato Depot" in page
    assert "Baram Hub" not in page
    assert "Add a site" not in page


def test_who_only_sees_the_register_gets_no_buttons(cast: Cast, officer: Client) -> None:
    page = text(officer.get("/register/sites/seoul/")) + text(officer.get("/register/"))
    assert "Add a camera" not in page
    assert "Add a rule" in page


def test_an_empty_register_says_what_to_do_first(cast: Cast, admin: Client) -> None:
    RetentionRule.objects.all().delete()
    Camera.objects.all().delete()
    Zone.objects.all().delete()
    page = text(admin.get("/register/"))
    assert "Name the parts of the site first" in page
    first = text(admin.get("/register/sites/seoul/cameras/add/"))
    assert "First a zone" in first
    assert reverse("zone-add", args=["seoul"]) in first


def test_a_site_a_zone_and_a_camera_can_be_added(cast: Cast, admin: Client) -> None:
    site = {"name": "Busan Yard", "code": "busan", "jurisdiction": "KR", "time_zone": "Asia/Seoul"}
    response = admin.post("/register/sites/add/", {**site, "storage_place": "Room 2"})
    assert response.headers["Location"] == "/register/sites/busan/"
    assert Site.objects.get(code="busan").organisation == Organisation.objects.get()
    admin.post("/register/sites/busan/zones/add/", {"name": "Gate", "kind": "entrance"})
    zone = Zone.objects.get(site__code="busan")
    response = admin.post(
        "/register/sites/busan/cameras/add/", camera(cast, zone=str(zone.pk), hours_0="22:00-06:00")
    )
    assert response.headers["Location"] == "/register/cameras/dock-5/"
    made = Camera.objects.get(code="dock-5")
    assert made.schedule == [[0, "22:00", "24:00"], [1, "00:00", "06:00"]]
    page = text(admin.get("/register/cameras/dock-5/"))
    assert "PIPA Art. 25(1)3" in page
    assert "Monday 22:00-24:00" in page


@pytest.mark.parametrize("kind", ["toilet", "bath", "changing"])
def test_a_forbidden_zone_is_refused_beside_its_field(cast: Cast, admin: Client, kind: str) -> None:
    response = admin.post("/register/sites/seoul/zones/add/", {"name": "Staff", "kind": kind})
    assert response.status_code == 400
    assert "Cameras are forbidden in toilets, baths and changing rooms." in beside(text(response), "kind")
    assert not Zone.objects.filter(name="Staff").exists()


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"legal_basis": ""}, "legal_basis", "This field is required."),
        ({"purposes": []}, "purposes", "Choose at least one purpose that is in use."),
        ({"scope_text": " "}, "scope_text", "This field is required."),
        ({"code": "gate"}, "code", "is in use already"),
        ({"hours_3": "8 to 6"}, "hours_3", "is no time from and to"),
    ],
)
def test_what_a_camera_lacks_is_said_beside_its_field(
    cast: Cast, admin: Client, change: dict[str, Any], field: str, said: str
) -> None:
    response = admin.post("/register/sites/seoul/cameras/add/", camera(cast, **change))
    assert response.status_code == 400
    assert said in beside(text(response), field)
    assert not Camera.objects.filter(code="dock-5").exists()


def test_sound_is_not_even_offered_where_the_law_forbids_it(cast: Cast, admin: Client) -> None:
    assert 'name="audio_policy"' not in text(admin.get("/register/sites/seoul/cameras/add/"))
    assert 'name="audio_policy"' in text(admin.get("/register/sites/osaka/cameras/add/"))
    admin.post("/register/sites/seoul/cameras/add/", camera(cast, audio_policy="keep"))
    assert Camera.objects.get(code="dock-5").audio_policy == "drop"


def test_a_zone_of_another_site_is_no_choice(cast: Cast, admin: Client) -> None:
    response = admin.post("/register/sites/seoul/cameras/add/", camera(cast, zone=str(cast.mon.zone_id)))
    assert response.status_code == 400
    assert not Camera.objects.filter(code="dock-5").exists()


def test_a_change_shows_the_present_values_and_is_saved(cast: Cast, admin: Client) -> None:
    Camera.objects.filter(pk=cast.gate.pk).update(schedule=[[4, "08:00", "18:00"]])
    page = text(admin.get("/register/cameras/gate/edit/"))
    assert 'value="08:00-18:00"' in page
    assert 'name="code"' not in page
    data = camera(cast, name="Gate 1 North", hours_4="09:00-18:00", legal_basis="pipa-25-1-2")
    assert admin.post("/register/cameras/gate/edit/", data).status_code == 302
    changed = Camera.objects.get(code="gate")
    assert changed.name == "Gate 1 North"
    assert changed.schedule == [[4, "09:00", "18:00"]]
    assert list(changed.purposes.all()) == [cast.fire]


def test_retiring_asks_once_more_and_says_what_follows(cast: Cast, admin: Client) -> None:
    page = text(admin.get("/register/cameras/lobby/retire/"))
    assert "7 days after it was recorded" in page
    assert "has to say 1 camera." in page
    assert Camera.objects.get(code="lobby").retired_at is None
    admin.post("/register/cameras/lobby/retire/")
    assert Camera.objects.get(code="lobby").retired_at is not None
    page = text(admin.get("/register/cameras/lobby/"))
    assert "Retired" in page
    assert "camera-edit" not in page
    assert reverse("camera-edit", args=["lobby"]) not in page


def test_a_site_with_cameras_is_not_retired(cast: Cast, admin: Client) -> None:
    assert "2 cameras of this site are still in use." in text(admin.get("/register/sites/seoul/retire/"))
    assert admin.post("/register/sites/seoul/retire/").status_code == 400
    assert Site.objects.get(code="seoul").retired_at is None


def test_a_purpose_that_a_camera_needs_is_not_retired(cast: Cast, admin: Client) -> None:
    response = admin.post("/register/purposes/crime-prevention/retire/")
    assert response.status_code == 400
    assert "has no other purpose." in text(response)
    assert admin.post("/register/purposes/fire-safety/retire/").status_code == 302
    assert Purpose.objects.get(code="fire-safety").retired_at is not None


def test_a_rule_above_the_default_asks_for_its_reason_at_the_field(cast: Cast, officer: Client) -> None:
    response = officer.post("/register/cameras/gate/rules/add/", {"days": "31"})
    assert response.status_code == 400
    assert "Keeping footage longer than 30 days needs a reason here." in beside(text(response), "reason")
    officer.post("/register/cameras/gate/rules/add/", {"days": "31", "reason": "Theft series of 2026"})
    page = text(officer.get("/register/cameras/gate/"))
    assert "Theft series of 2026" in page
    assert "Overruled by a narrower rule" in page


def test_a_rule_s_moment_is_read_by_the_site_s_clock(cast: Cast, officer: Client) -> None:
    day = (clock.now() + timedelta(days=5)).date().isoformat()
    officer.post("/register/sites/seoul/rules/add/", {"days": "10", "effective_from": f"{day}T09:00"})
    rule = RetentionRule.objects.get(site=cast.seoul, days=10)
    assert rule.effective_from.isoformat() == f"{day}T00:00:00+00:00"
    assert rule.created_by == cast.privacy_officer


def test_a_rule_for_all_sites_stands_on_the_register(cast: Cast, officer: Client) -> None:
    officer.post("/register/rules/add/", {"days": "5"})
    page = text(officer.get("/register/"))
    assert "all sites" in page
    assert RetentionRule.objects.get(organisation=cast.organisation).days == 5


def test_a_site_kept_too_long_without_a_reason_is_pointed_out(cast: Cast, officer: Client) -> None:
    RetentionRule.objects.create(site=cast.seoul, days=90, effective_from=clock.now())
    assert "A reason is missing" in text(officer.get("/register/sites/seoul/"))
    assert "Reason missing" in text(officer.get("/register/"))


def test_nothing_is_logged_by_looking_or_by_failing(cast: Cast, admin: Client) -> None:
    before = LogEntry.objects.count()
    admin.get("/register/")
    admin.get("/register/cameras/gate/edit/")
    admin.post("/register/sites/seoul/zones/add/", {"name": "Staff", "kind": "toilet"})
    assert LogEntry.objects.count() == before
