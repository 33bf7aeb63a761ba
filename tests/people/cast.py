"""The fixed cast: one organisation, two sites, their cameras, and one person per role.

A pytest plugin (see tests/conftest.py); use `cast` in any test whose `django_db` mark names `default`.
Rows are made directly, so that a test which never touches the access log needs no vault and no log.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from cctv.people.models import Account, Role, RoleGrant
from cctv.sites.models import Camera, Organisation, Purpose, RetentionRule, Site, Zone

PASSWORD = "a grey heron at noon"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Cast:
    """Who and what there is."""

    organisation: Organisation
    seoul: Site  # KR, Asia/Seoul, rule of 30 days
    osaka: Site  # JP, Asia/Tokyo, rule of 14 days
    gate: Camera  # seoul: crime prevention and fire safety
    lobby: Camera  # seoul: crime prevention; kept 7 days by its own rule
    mon: Camera  # osaka: crime prevention
    crime: Purpose
    fire: Purpose
    operator: Account  # Kim Minji, at seoul
    osaka_operator: Account
    approver: Account  # at seoul
    privacy_officer: Account  # Lee Seoyeon, everywhere
    auditor: Account  # everywhere
    administrator: Account  # everywhere
    site_administrator: Account  # at osaka
    outsider: Account  # no role at all

    @property
    def people(self) -> dict[str, Account]:
        """Everybody, by the name of the field."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Account)}


@pytest.fixture
def cast(db: Any) -> Cast:
    """The cast, fresh for the test."""
    organisation = Organisation.objects.create(name="Saebyeok Freight")
    seoul = _site(organisation, "seoul", "Baram Hub", "Asia/Seoul", "KR", days=30)
    osaka = _site(organisation, "osaka", "Minato Depot", "Asia/Tokyo", "JP", days=14)
    crime = Purpose.objects.create(
        organisation=organisation, code="crime-prevention", name="Crime prevention"
    )
    fire = Purpose.objects.create(organisation=organisation, code="fire-safety", name="Fire safety")
    lobby = _camera(seoul, "lobby", "Lobby", "lobby", [crime])
    RetentionRule.objects.create(camera=lobby, days=7, effective_from=LONG_AGO)
    return Cast(
        organisation=organisation,
        seoul=seoul,
        osaka=osaka,
        gate=_camera(seoul, "gate", "Gate 1", "entrance", [crime, fire]),
        lobby=lobby,
        mon=_camera(osaka, "mon", "正門", "entrance", [crime]),
        crime=crime,
        fire=fire,
        operator=_person("operator", "Kim Minji", "Hanguk Guard Co.", Role.OPERATOR, seoul),
        osaka_operator=_person("osaka", "佐藤 健", "港警備", Role.OPERATOR, osaka),
        approver=_person("approver", "Park Jiho", "Saebyeok Freight", Role.APPROVER, seoul),
        privacy_officer=_person("privacy", "Lee Seoyeon", "Saebyeok Freight", Role.PRIVACY_OFFICER),
        auditor=_person("auditor", "Mori Aya", "Tsubame Audit", Role.AUDITOR),
        administrator=_person("admin", "Choi Doyun", "Saebyeok Freight", Role.ADMINISTRATOR),
        site_administrator=_person("osaka-admin", "Ito Nao", "Minato IT", Role.ADMINISTRATOR, osaka),
        outsider=_person("outsider", "Han Sora", "Nobody's Guards"),
    )


@pytest.fixture
def sign_in() -> Callable[..., Client]:
    """`sign_in(account)`: a client in whose session the account is signed in, without a log entry.

    `fresh=True`: the password was given a moment ago, so that step-up asks for nothing.
    """

    def client_for(account: Account, *, fresh: bool = False) -> Client:
        client = Client()
        client.force_login(account)
        if fresh:
            give_password(client, account)
        return client

    return client_for


def give_password(client: Client, account: Account) -> None:
    """As if the person had just confirmed the password."""
    from django.test import RequestFactory

    request = RequestFactory().get("/")
    request.session, request.user = client.session, account
    from allauth.account.internal.flows.reauthentication import reauthenticate_by_password

    reauthenticate_by_password(request)
    request.session.save()


@pytest.fixture
def vault_ready(lethe_home: Path, _log_apart: None) -> Path:
    """Keys and storage initialised in a fresh home, as the log's entries need; the home."""
    from cctv.vault import services as vault

    vault.initialise()
    return lethe_home


def _site(organisation: Organisation, code: str, name: str, zone: str, law: str, *, days: int) -> Site:
    site = Site.objects.create(
        organisation=organisation,
        code=code,
        name=name,
        time_zone=zone,
        jurisdiction=law,
        storage_place="Security office",
        created_at=LONG_AGO,
    )
    RetentionRule.objects.create(site=site, days=days, effective_from=LONG_AGO)
    return site


def _camera(site: Site, code: str, name: str, kind: str, purposes: list[Purpose]) -> Camera:
    camera = Camera.objects.create(
        site=site,
        zone=Zone.objects.create(site=site, name=f"Zone of {name}", kind=kind),
        code=code,
        name=name,
        location=f"{name}, inbound",
        legal_basis="pipa-25-1-2" if site.jurisdiction == "KR" else "appi-purpose",
        scope_text="The lane and the barrier",
        created_at=LONG_AGO,
    )
    camera.purposes.set(purposes)
    return camera


def _person(mailbox: str, name: str, employer: str, role: str = "", site: Site | None = None) -> Account:
    account = Account.objects.create_user(f"{mailbox}@example.org", PASSWORD, name=name, employer=employer)
    if role:
        RoleGrant.objects.create(account=account, role=role, site=site, valid_from=LONG_AGO)
    return account
