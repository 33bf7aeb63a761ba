"""The administrator's pages of ingest: what they show, do, and whom they refuse."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accesslog.models import LogEntry
from cctv.core import clock
from cctv.ingest.models import Quarantined, Recorder, Source
from cctv.people.models import Account, RoleGrant
from cctv.sites.models import Site
from cctv.templatetags._times import absolute, localise

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


def signed_in(account: Account) -> Client:
    client = Client()
    client.force_login(account)
    return client


@pytest.fixture
def admin(office) -> Client:
    return signed_in(office.admin)


@pytest.fixture
def stranger(office) -> Client:
    """An administrator of another site."""
    other = Site.objects.create(
        organisation=office.site.organisation,
        code="osaka",
        name="Osaka",
        time_zone="Asia/Tokyo",
        jurisdiction="JP",
        storage_place="x",
    )
    account = Account.objects.create_user("other@example.org", "pw", name="Otto Other", employer="Saebyeok")
    RoleGrant.objects.create(account=account, role="administrator", site=other)
    return signed_in(account)


@pytest.fixture
def operator(office) -> Client:
    account = Account.objects.create_user("op@example.org", "pw", name="Ola Operator", employer="Guards")
    RoleGrant.objects.create(account=account, role="operator", site=office.site)
    return signed_in(account)


def form(office, **values) -> dict:
    return {
        "site": str(office.site.pk), "name": "NVR", "folder": str(office.drop), "layout": "ffmpeg",
        "camera": "", "camera_names": "", "pattern": "", "time_zone": "Asia/Seoul", "settle_seconds": "4",
        "skew_tolerance_seconds": "120", **values,
    }  # fmt: skip


def kinds() -> list[str]:
    return list(LogEntry.objects.order_by("index").values_list("kind", flat=True))


def test_a_folder_is_tried_before_it_is_watched(admin, office, variant):
    start = office.began()
    office.put(office.name(start), variant())
    office.put("gate/holiday.mp4", variant(1))
    page = admin.post(reverse("source-add"), form(office, **{"try": "1"})).content.decode()
    assert "Gate" in page
    assert "does not say when the recording began" in page
    assert not Source.objects.exists()


def test_a_source_is_added_changed_and_retired_with_its_entries(admin, office):
    assert admin.post(reverse("source-add"), form(office)).status_code == 302
    source = Source.objects.get()
    assert (office.drop / ".lethe-source").exists()
    edit = reverse("source-edit", args=[source.pk])
    assert admin.get(edit).status_code == 200
    changed = form(office, name="NVR 2", camera_names="north/gate = gate\n")
    assert admin.post(edit, changed).status_code == 302
    source.refresh_from_db()
    assert (source.name, source.camera_names) == ("NVR 2", {"north/gate": "gate"})
    retire = reverse("source-retire", args=[source.pk])
    assert "Stop watching NVR 2" in admin.get(retire).content.decode()
    assert admin.post(retire).status_code == 302
    source.refresh_from_db()
    assert source.retired_at is not None
    assert not (office.drop / ".lethe-source").exists()
    assert [kind for kind in kinds() if kind.startswith("source.")] == [
        "source.added",
        "source.changed",
        "source.retired",
    ]
    assert admin.post(reverse("source-add"), form(office)).status_code == 302, (
        "the folder can be watched anew"
    )


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"folder": "relative/path"}, "Give the whole path"),
        ({"folder": "/nowhere/at/all"}, "LETHE_SOURCE_ROOTS"),
        ({"time_zone": "Seoul"}, "not the name of a time zone"),
        ({"pattern": "{camera}/%Q"}, "not known"),
        ({"pattern": "%s"}, "names no camera"),
        ({"camera_names": "a = porch"}, "no camera of the code porch"),
        ({"camera_names": "nonsense"}, "Write each line as"),
    ],
)
def test_what_could_not_work_is_refused_beside_its_field(admin, office, values, sentence):
    page = admin.post(reverse("source-add"), form(office, **values))
    assert page.status_code == 200
    assert sentence in page.content.decode()
    assert not Source.objects.exists()


def test_lethes_own_folders_and_nested_ones_are_refused(admin, office):
    for folder in (office.home / "footage", office.home / "keys" / "x", office.home):
        page = admin.post(reverse("source-add"), form(office, folder=str(folder))).content.decode()
        assert "holds other things" in page
    office.source()
    page = admin.post(reverse("source-add"), form(office, folder=str(office.drop / "inner"))).content.decode()
    assert "overlaps" in page


def test_the_list_says_what_is_wrong_and_what_to_do(admin, office):
    source = office.source(last_swept_at=clock.now(), last_error_code="marker_missing", last_error="x")
    page = admin.get(reverse("sources")).content.decode()
    assert source.name in page
    assert "this may be the wrong disk" in page
    assert "Mount the right one" in page


def test_empty_lists_say_what_to_do_next(admin):
    for name, sentence in (
        ("sources", "watch it"),
        ("recorders", "Add one"),
        ("quarantine", "Nothing is in quarantine"),
    ):
        assert sentence in admin.get(reverse(name)).content.decode()


def test_a_recorders_token_is_shown_once(admin, office):
    values = {"site": str(office.site.pk), "name": "NVR", "cameras": [str(office.gate.pk)]}
    answer = admin.post(reverse("recorder-add"), values)
    recorder = Recorder.objects.get()
    assert "lethe-rec-" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert "lethe-rec-" not in admin.get(reverse("recorders")).content.decode()
    revoke = reverse("recorder-revoke", args=[recorder.pk])
    assert admin.get(revoke).status_code == 200
    assert admin.post(revoke).status_code == 302
    recorder.refresh_from_db()
    assert recorder.revoked_at is not None
    assert [kind for kind in kinds() if kind.startswith("recorder.")] == [
        "recorder.created",
        "recorder.revoked",
    ]


def test_quarantine_shows_the_reason_and_retries(admin, office, variant):
    start = clock.now() + timedelta(minutes=6)
    office.admit(variant(), start=start)
    page = admin.get(reverse("quarantine")).content.decode()
    assert "begin in the future" in page
    told = absolute(localise(start, office.site.time_zone), "datetime")
    assert f"It claims to begin at {told}." in page
    assert clock.rfc3339(start) not in page
    row = Quarantined.objects.get()
    retry = reverse("quarantine-retry", args=[row.pk])
    assert "begin in the future" in admin.post(retry, follow=True).content.decode()
    row.claimed_start = clock.now() - timedelta(minutes=6)
    Quarantined.objects.filter(pk=row.pk).update(claimed_start=row.claimed_start)
    assert "was admitted" in admin.post(retry, follow=True).content.decode()
    assert not Quarantined.objects.exists()
    assert kinds().count("ingest.retried") == 2
    assert kinds().count("vault.job") == 2


@pytest.mark.parametrize(
    "before", ["2026-13-45T00:00:00", "2026-13-45T00:00:00Z", "0001-01-01T00:00:00+14:00", "x", "9" * 400]
)
def test_an_address_that_names_no_moment_shows_the_first_page(admin, office, before):
    office.admit(b"garbage")
    page = admin.get(reverse("quarantine"), {"before": before})
    assert page.status_code == 200
    assert "x.mp4" in page.content.decode()


def test_invariant_3_expired_quarantine_is_neither_listed_nor_retried(admin, office, variant):
    office.admit(variant(), start=clock.now() - timedelta(days=40))
    assert "Nothing is in quarantine" in admin.get(reverse("quarantine")).content.decode()
    row = Quarantined.objects.get()
    assert admin.post(reverse("quarantine-retry", args=[row.pk])).status_code == 410


def test_invariant_8_404_for_strangers_and_403_for_other_roles(office, stranger, operator, recorder):
    source = office.source()
    office.admit(b"garbage")
    row = Quarantined.objects.get()
    objects = [
        ("post", reverse("quarantine-retry", args=[row.pk])),
        ("get", reverse("source-edit", args=[source.pk])),
        ("get", reverse("source-retire", args=[source.pk])),
        ("get", reverse("recorder-revoke", args=[recorder[0].pk])),
    ]
    lists = [
        ("get", reverse(name))
        for name in ("sources", "source-add", "recorders", "recorder-add", "quarantine")
    ]
    for method, url in objects:
        assert getattr(stranger, method)(url).status_code == 404, url
        assert getattr(operator, method)(url).status_code == 403, url
        assert getattr(Client(), method)(url).status_code == 302, url
    for _method, url in lists:
        assert operator.get(url).status_code == 403, url
        page = stranger.get(url)
        assert page.status_code == 200
        assert source.name not in page.content.decode()
        assert "x.mp4" not in page.content.decode()
