"""The register's rules (O1-O9), whoever asks: pages, imports and commands come the same way."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accesslog import selectors as log
from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from cctv.core import clock
from cctv.people.policy import Forbidden, NotFound
from cctv.sites import services
from cctv.sites.models import Camera, Purpose, RetentionRule, Site, Zone
from cctv.sites.selectors import expiry_for, history, kept, register_sites, sign_count
from cctv.sites.services import RegisterRefused
from tests.people.cast import Cast

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
    pytest.mark.postgres_later,
    pytest.mark.usefixtures("vault_ready"),
]
SITE: dict[str, str] = {
    **{"code": "busan", "name": "Busan Yard", "time_zone": "Asia/Seoul"},
    **{"jurisdiction": "KR", "storage_place": "Room 2"},
}


def last_body() -> Any:
    return log.load_receipt(LogEntry.objects.count() - 1).body


def entries() -> int:
    """Entries of the register: all but those of the vault."""
    kinds = [log.load_receipt(index).kind for index in range(LogEntry.objects.count())]
    return sum(not kind.startswith("vault.") for kind in kinds)


def camera_fields(cast: Cast, **changes: Any) -> dict[str, Any]:
    return {
        "code": "dock", "name": "Dock 5", "zone": cast.gate.zone, "location": "South wall",
        "scope_text": "Docks 5 to 8", "legal_basis": "pipa-25-1-3", "purposes": [cast.fire], **changes,
    }  # fmt: skip


def test_a_camera_is_an_entry_before_it_is_a_row(cast: Cast, monkeypatch: Any) -> None:
    camera = services.create_camera(
        actor=cast.administrator, site=cast.seoul, terminal="10.0.0.7", **camera_fields(cast)
    )
    body = last_body()
    assert body["object"]["code"] == "dock"
    assert body["purposes"] == ["fire-safety"]
    assert body["actor"]["name"] == "Choi Doyun"
    assert body["terminal"] == "10.0.0.7"
    assert list(camera.purposes.all()) == [cast.fire]

    def down(**_fields: Any) -> Any:
        raise LogUnavailable

    monkeypatch.setattr(services, "append", down)
    with pytest.raises(LogUnavailable):
        services.create_camera(actor=cast.administrator, site=cast.seoul, **camera_fields(cast, code="x"))
    with pytest.raises(LogUnavailable):
        services.retire_camera(actor=cast.administrator, camera=camera)
    assert not Camera.objects.filter(code="x").exists()
    assert Camera.objects.get(pk=camera.pk).retired_at is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"legal_basis": ""}, "legal_basis"),
        ({"legal_basis": "gdpr-6-1-f"}, "legal_basis"),
        ({"purposes": []}, "purposes"),
        ({"location": " "}, "location"),
        ({"scope_text": ""}, "scope_text"),
        ({"name": ""}, "name"),
        ({"audio_policy": "keep"}, "audio_policy"),
        ({"schedule": [[9, "08:00", "09:00"]]}, "schedule"),
        ({"code": "gate"}, "code"),
    ],
)
def test_what_the_register_needs_of_a_camera(cast: Cast, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(RegisterRefused) as refused:
        services.create_camera(actor=cast.administrator, site=cast.seoul, **camera_fields(cast, **changes))
    assert refused.value.field == field
    assert entries() == 0


def test_a_camera_stands_in_a_zone_of_its_own_site(cast: Cast) -> None:
    with pytest.raises(RegisterRefused) as refused:
        services.create_camera(
            actor=cast.administrator, site=cast.seoul, **camera_fields(cast, zone=cast.mon.zone)
        )
    assert refused.value.field == "zone"


def test_a_retired_purpose_cannot_be_given_to_a_camera(cast: Cast) -> None:
    old = services.create_purpose(
        actor=cast.administrator, organisation=cast.organisation, code="old", name="Old"
    )
    services.retire_purpose(actor=cast.administrator, purpose=old)
    with pytest.raises(RegisterRefused) as refused:
        services.create_camera(
            actor=cast.administrator, site=cast.seoul, **camera_fields(cast, purposes=[old])
        )
    assert refused.value.field == "purposes"


@pytest.mark.parametrize("kind", ["toilet", "bath", "changing"])
def test_forbidden_zones_cannot_be_saved_by_any_way(cast: Cast, kind: str) -> None:
    with pytest.raises(RegisterRefused) as refused:
        services.create_zone(actor=cast.administrator, site=cast.seoul, name="Staff", kind=kind)
    assert refused.value.code == "forbidden_zone"
    assert refused.value.field == "kind"
    with pytest.raises(IntegrityError), transaction.atomic():
        Zone.objects.create(site=cast.seoul, name="Staff", kind=kind)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"time_zone": "Seoul"}, "time_zone"),
        ({"storage_place": ""}, "storage_place"),
        ({"jurisdiction": "XX"}, "jurisdiction"),
        ({"code": "seoul"}, "code"),
        ({"code": "add"}, "code"),
        ({"name": " "}, "name"),
    ],
)
def test_what_the_register_needs_of_a_site(cast: Cast, changes: dict[str, str], field: str) -> None:
    with pytest.raises(RegisterRefused) as refused:
        services.create_site(actor=cast.administrator, organisation=cast.organisation, **{**SITE, **changes})
    assert refused.value.field == field


def test_a_change_is_logged_with_before_and_after_and_only_what_differs(cast: Cast) -> None:
    services.change_camera(
        actor=cast.administrator,
        camera=cast.gate,
        changes={"name": "Gate 1 North", "location": cast.gate.location},
    )
    assert last_body()["before"] == {"name": "Gate 1"}
    assert last_body()["after"] == {"name": "Gate 1 North"}
    services.change_camera(actor=cast.administrator, camera=cast.gate, changes={"name": "Gate 1 North"})
    assert entries() == 1


def test_a_refused_change_leaves_the_object_in_hand_as_it_was(cast: Cast) -> None:
    with pytest.raises(RegisterRefused):
        services.change_camera(actor=cast.administrator, camera=cast.gate, changes={"location": ""})
    with pytest.raises(RegisterRefused):
        services.change_site(actor=cast.administrator, site=cast.seoul, changes={"storage_place": ""})
    assert cast.gate.location
    assert cast.seoul.storage_place


def test_a_site_is_retired_after_its_cameras_and_then_takes_nothing_new(cast: Cast) -> None:
    with pytest.raises(RegisterRefused) as refused:
        services.retire_site(actor=cast.administrator, site=cast.osaka)
    assert refused.value.code == "site_has_cameras"
    services.retire_camera(actor=cast.administrator, camera=cast.mon)
    services.retire_site(actor=cast.administrator, site=cast.osaka)
    for act in (
        lambda: services.create_zone(actor=cast.administrator, site=cast.osaka, name="N", kind="office"),
        lambda: services.change_site(actor=cast.administrator, site=cast.osaka, changes={"name": "X"}),
        lambda: services.change_camera(actor=cast.administrator, camera=cast.mon, changes={"name": "X"}),
    ):
        with pytest.raises(RegisterRefused) as refused:
            act()
        assert refused.value.code == "retired"


def test_the_last_purpose_of_a_camera_cannot_be_retired(cast: Cast) -> None:
    with pytest.raises(RegisterRefused) as refused:
        services.retire_purpose(actor=cast.administrator, purpose=cast.crime)
    assert refused.value.code == "purpose_needed"
    services.retire_purpose(actor=cast.administrator, purpose=cast.fire)
    assert Purpose.objects.get(pk=cast.fire.pk).retired_at is not None


def test_the_sign_counts_the_cameras_in_use(cast: Cast) -> None:
    assert sign_count(cast.seoul) == 2
    services.retire_camera(actor=cast.administrator, camera=cast.lobby)
    assert sign_count(cast.seoul) == 1
    assert [row["sign"] for row in register_sites(frozenset({cast.seoul.pk}))] == [1]


@pytest.mark.parametrize(
    ("days", "reason", "field"),
    [(31, "", "reason"), (0, "why", "days"), (3661, "why", "days"), (31, "   ", "reason")],
)
def test_a_rule_above_the_law_s_default_needs_a_reason(
    cast: Cast, days: int, reason: str, field: str
) -> None:
    with pytest.raises(RegisterRefused) as refused:
        services.add_rule(actor=cast.privacy_officer, scope=cast.gate, days=days, reason=reason)
    assert refused.value.field == field


def test_the_strictest_law_of_its_sites_bounds_a_rule_for_all(cast: Cast) -> None:
    services.create_site(
        actor=cast.administrator,
        organisation=cast.organisation,
        **{**SITE, "code": "lyon", "jurisdiction": "EU", "time_zone": "Europe/Paris"},
    )
    with pytest.raises(RegisterRefused):
        services.add_rule(actor=cast.privacy_officer, scope=cast.organisation, days=4)
    services.add_rule(actor=cast.privacy_officer, scope=cast.organisation, days=4, reason="Audit of 2026")


def test_a_rule_never_takes_effect_in_the_past(cast: Cast) -> None:
    with pytest.raises(RegisterRefused) as refused:
        services.add_rule(
            actor=cast.privacy_officer,
            scope=cast.gate,
            days=5,
            effective_from=clock.now() - timedelta(minutes=1),
        )
    assert refused.value.field == "effective_from"
    assert not RetentionRule.objects.filter(camera=cast.gate).exists()


def test_a_planned_rule_stands_in_the_history_and_does_not_count_yet(cast: Cast) -> None:
    services.add_rule(
        actor=cast.privacy_officer, scope=cast.gate, days=5, effective_from=clock.now() + timedelta(days=1)
    )
    assert [(row.row.days, row.scope, row.state) for row in history(cast.gate)] == [
        (5, "camera", "later"),
        (30, "site", "now"),
    ]
    assert kept(cast.gate).days == 30
    assert expiry_for(cast.gate, clock.now()) - clock.now() > timedelta(days=29)
    with clock.pretend(clock.now() + timedelta(days=2)):
        assert kept(cast.gate).days == 5
        assert [row.state for row in history(cast.gate)] == ["now", "overruled"]


def test_a_retired_and_renamed_camera_s_footage_still_expires_by_its_own_rule(cast: Cast) -> None:
    ended = clock.now() - timedelta(days=1)
    services.change_camera(actor=cast.administrator, camera=cast.lobby, changes={"name": "Old lobby"})
    services.retire_camera(actor=cast.administrator, camera=cast.lobby)
    lobby = Camera.objects.select_related("site").get(pk=cast.lobby.pk)
    assert expiry_for(lobby, ended) == ended + timedelta(days=7)
    services.add_rule(actor=cast.privacy_officer, scope=cast.seoul, days=2)
    assert expiry_for(lobby, ended) == ended + timedelta(days=7)
    services.add_rule(actor=cast.privacy_officer, scope=lobby, days=3)
    assert expiry_for(lobby, ended) == ended + timedelta(days=3)


def test_a_site_that_keeps_longer_than_its_law_without_a_reason_is_pointed_out(cast: Cast) -> None:
    assert not kept(cast.gate).needs_reason
    RetentionRule.objects.create(site=cast.seoul, days=60, effective_from=clock.now())
    assert kept(cast.gate).needs_reason
    assert not kept(cast.lobby).needs_reason


@pytest.mark.parametrize("who", ["operator", "approver", "privacy_officer", "auditor", "outsider"])
def test_only_administrators_change_the_register(cast: Cast, who: str) -> None:
    refusals = (Forbidden, NotFound)
    actor = cast.people[who]
    with pytest.raises(refusals):
        services.create_site(actor=actor, organisation=cast.organisation, **SITE)
    with pytest.raises(refusals):
        services.retire_camera(actor=actor, camera=cast.gate)
    with pytest.raises(refusals):
        services.create_purpose(actor=actor, organisation=cast.organisation, code="x", name="X")


@pytest.mark.parametrize("who", ["operator", "approver", "auditor", "administrator", "outsider"])
def test_only_privacy_officers_set_retention(cast: Cast, who: str) -> None:
    for scope in (cast.gate, cast.seoul, cast.organisation):
        with pytest.raises((Forbidden, NotFound)):
            services.add_rule(actor=cast.people[who], scope=scope, days=5)


def test_an_administrator_of_one_site_changes_that_site_and_nothing_common(cast: Cast) -> None:
    services.create_zone(actor=cast.site_administrator, site=cast.osaka, name="倉庫", kind="warehouse")
    with pytest.raises(NotFound):
        services.create_zone(actor=cast.site_administrator, site=cast.seoul, name="N", kind="office")
    with pytest.raises(Forbidden):
        services.create_site(actor=cast.site_administrator, organisation=cast.organisation, **SITE)
    with pytest.raises(Forbidden):
        services.change_purpose(actor=cast.site_administrator, purpose=cast.crime, changes={"name": "X"})
    assert not Site.objects.filter(code="busan").exists()
