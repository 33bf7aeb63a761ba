"""The house's flag rules: their kinds exist, and they fire on what the house's own services log."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from accesslog import IndexFields, conf, registry
from accesslog.models import Flag
from accesslog.review import judging
from accesslog.review.history import History
from accesslog.review.ruling import Seen
from accesslog.services import append
from cctv.core import clock
from cctv.footage import rules, viewing
from cctv.retention.holds import services as holds
from tests.people.cast import Cast

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def test_every_kind_that_a_rule_or_the_sample_names_is_registered() -> None:
    named = {kind for rule in conf.rules() for kind in rule.kinds} | set(settings.ACCESSLOG_REVIEWED)
    named |= set(rules.AFTER_INCIDENT.incidents)
    assert named - {each.kind for each in registry.all_types()} == set()
    assert len(conf.rules()) == len({rule.code for rule in conf.rules()}) == 7


@pytest.fixture
def look(cast: Cast, vault_ready: Any) -> Any:
    """`look(case)`: the operator opens the gate's last hour."""
    now = clock.now()

    def opened(case: str = "") -> int:
        session = viewing.open_viewing(
            actor=cast.operator, terminal="10.0.0.7", cameras=[cast.gate], purpose=cast.crime, case=case,
            starts_at=now - timedelta(hours=1), ends_at=now, minutes=30,
        )  # fmt: skip
        assert session.opened_entry is not None
        return session.opened_entry

    return opened


def flags(code: str) -> list[int]:
    judging.judge()
    return sorted(Flag.objects.filter(rule=code).values_list("index", flat=True))


def test_the_same_camera_six_times(look: Any) -> None:
    numbers = [look() for _n in range(7)]
    assert flags("again_and_again") == [numbers[5]]


def test_a_look_at_held_footage_without_its_case(look: Any, cast: Cast) -> None:
    before = look()
    now = clock.now()
    holds.place_hold(
        actor=cast.approver, terminal="10.0.0.7", site=cast.seoul, cameras=[cast.gate], case="2026-118",
        ground="incident", reason="a pallet fell", starts_at=now - timedelta(minutes=40),
        ends_at=now - timedelta(minutes=30), until=now + timedelta(days=30),
    )  # fmt: skip
    look(case="2026-118")
    without = look()
    assert flags("after_incident") == [without]
    assert before not in flags("after_incident")


def test_a_stated_purpose_is_a_reason_and_what_a_medium_is_for_is_asked_by_its_form(
    look: Any, cast: Cast
) -> None:
    def copied(of: str, **body: Any) -> int:
        actor = {"id": str(cast.operator.pk), "name": "Kim Minji", "role": "operator"}
        fields = {"actor": actor, "terminal": "10.0.0.7", "site": cast.seoul.logged(), **body}
        return append(kind=of, body=fields, index=[IndexFields(actor=actor["id"])]).index

    camera = {"id": str(cast.gate.pk), "code": cast.gate.code, "name": cast.gate.name}
    moment = clock.rfc3339(clock.now())
    still = {"viewing": "v", "camera": camera, "from": moment, "to": moment}
    for _n in range(2):
        copied("still.covered", purpose={"code": "crime", "text": "Crime", "reason": ""}, **still)
        copied("medium.registered", medium="M-2026-0001", kind="usb", item="USB stick")
    judging.judge()
    found = Flag.objects.filter(rule="download_reason").order_by("index")
    assert [flag.facts["what"] for flag in found] == ["first", "first"]


@pytest.mark.parametrize("purpose", [{"intended": False}, {"intended": True, "code": "other"}])
def test_an_unmeant_purpose_is_marked_and_a_registered_one_is_not(purpose: Any) -> None:
    body = {"purpose": {"code": "training", "text": "Training", **purpose}}
    seen = Seen(1, 0, "viewing.opened", body, [])
    assert (rules.OTHER_PURPOSE.look(seen, History()) is None) is purpose["intended"]
