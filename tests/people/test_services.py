"""Accounts, roles and off-boarding: entry first, and only by who may."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from accesslog import selectors
from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from cctv.people import services
from cctv.people.models import Account, RoleGrant
from cctv.people.policy import Forbidden, permissions_of
from tests.people.cast import PASSWORD, Cast

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
    pytest.mark.usefixtures("vault_ready"),
]
NEW: Any = {"email": "new@example.org", "name": "Jang Wonyoung", "employer": "Guard Co."}


def kinds() -> list[str]:
    """Kinds of the entries so far, without those of the vault."""
    total = LogEntry.objects.count()
    receipts = [selectors.load_receipt(index) for index in range(total)]
    return [receipt.kind for receipt in receipts if not receipt.kind.startswith("vault.")]


def last_body() -> Any:
    return selectors.load_receipt(LogEntry.objects.count() - 1).body


def test_an_account_is_an_entry_before_it_is_a_row(cast: Cast) -> None:
    account = services.create_account(actor=cast.administrator, **NEW, terminal="10.0.0.7")
    assert kinds() == ["account.created"]
    body = last_body()
    assert body["actor"]["name"] == "Choi Doyun"
    assert body["actor"]["role"] == "administrator"
    assert body["object"] == {"id": str(account.pk), "name": "Jang Wonyoung"}
    assert body["terminal"] == "10.0.0.7"
    assert not account.has_usable_password()


def test_nothing_changes_while_the_log_is_down(cast: Cast, monkeypatch: Any) -> None:
    def down(**_fields: Any) -> Any:
        raise LogUnavailable

    monkeypatch.setattr(services, "append", down)
    for act in (
        lambda: services.create_account(actor=cast.administrator, **NEW),
        lambda: services.grant_role(actor=cast.administrator, account=cast.outsider, role="auditor"),
        lambda: services.deactivate_account(actor=cast.administrator, account=cast.operator),
        lambda: services.set_language(account=cast.operator, language="ko"),
        lambda: services.reset_password(actor=cast.administrator, account=cast.operator),
        lambda: services.revoke_grant(actor=cast.administrator, grant=cast.operator.grants.get()),
    ):
        with pytest.raises(LogUnavailable):
            act()
    assert not Account.objects.filter(email=NEW["email"]).exists()
    assert not permissions_of(cast.outsider).roles
    operator = Account.objects.get(pk=cast.operator.pk)
    assert operator.is_active
    assert operator.language == ""
    assert operator.check_password(PASSWORD)
    assert permissions_of(operator).roles == {"operator"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": "OPERATOR@example.org"}, "email"),
        ({"name": "  "}, "name"),
        ({"employer": ""}, "employer"),
        ({"language": "xx"}, "language"),
        ({"password": "short"}, "password"),
    ],
)
def test_bad_accounts_are_refused_at_their_field(cast: Cast, change: dict[str, str], field: str) -> None:
    with pytest.raises(services.PeopleRefused) as refused:
        services.create_account(actor=cast.administrator, **{**NEW, **change})
    assert refused.value.field == field
    assert kinds() == []


@pytest.mark.parametrize("who", ["operator", "approver", "privacy_officer", "auditor", "outsider"])
def test_only_administrators_make_close_and_change_accounts(cast: Cast, who: str) -> None:
    actor = cast.people[who]
    with pytest.raises(Forbidden):
        services.create_account(actor=actor, **NEW)
    with pytest.raises(Forbidden):
        services.deactivate_account(actor=actor, account=cast.osaka_operator)
    with pytest.raises(Forbidden):
        services.reset_password(actor=actor, account=cast.osaka_operator)
    with pytest.raises(Forbidden):
        services.change_account(actor=actor, account=cast.osaka_operator, changes={"name": "X"})


def test_a_granted_role_counts_at_once_and_at_its_site_only(cast: Cast) -> None:
    services.grant_role(actor=cast.administrator, account=cast.outsider, role="operator", site=cast.seoul)
    permissions = permissions_of(cast.outsider)
    assert permissions.may("footage.view", site_id=cast.seoul.pk)
    assert not permissions.knows(cast.osaka.pk)
    assert last_body()["role"]["code"] == "operator"
    assert last_body()["site"]["name"] == "Baram Hub"


@pytest.mark.parametrize("who", ["administrator", "approver"])
def test_nobody_grants_to_themselves(cast: Cast, who: str) -> None:
    actor = cast.people[who]
    with pytest.raises(services.PeopleRefused) as refused:
        services.grant_role(actor=actor, account=actor, role="operator", site=cast.seoul)
    assert refused.value.code == "own_grant"


def test_an_approver_grants_at_own_sites_and_never_administrator(cast: Cast) -> None:
    services.grant_role(actor=cast.approver, account=cast.outsider, role="operator", site=cast.seoul)
    for role, site in (("operator", cast.osaka), ("operator", None), ("administrator", cast.seoul)):
        with pytest.raises(Forbidden):
            services.grant_role(actor=cast.approver, account=cast.outsider, role=role, site=site)


def test_an_approver_revokes_at_own_sites_and_never_administrator(cast: Cast) -> None:
    given = services.grant_role(
        actor=cast.administrator, account=cast.outsider, role="administrator", site=cast.seoul
    )
    for grant in (given, cast.osaka_operator.grants.get(), cast.auditor.grants.get()):
        with pytest.raises(Forbidden):
            services.revoke_grant(actor=cast.approver, grant=grant)
    services.revoke_grant(actor=cast.approver, grant=cast.operator.grants.get())
    assert not permissions_of(cast.operator).roles


@pytest.mark.parametrize("who", ["operator", "privacy_officer", "auditor", "outsider"])
def test_others_neither_grant_nor_revoke(cast: Cast, who: str) -> None:
    actor, somebody = cast.people[who], cast.osaka_operator
    with pytest.raises(Forbidden):
        services.grant_role(actor=actor, account=somebody, role="operator", site=cast.seoul)
    with pytest.raises(Forbidden):
        services.revoke_grant(actor=actor, grant=somebody.grants.get())


def test_the_same_role_is_not_given_twice(cast: Cast) -> None:
    with pytest.raises(services.PeopleRefused) as refused:
        services.grant_role(actor=cast.administrator, account=cast.operator, role="operator", site=cast.seoul)
    assert refused.value.code == "already_granted"


def test_a_revoked_grant_stays_as_history_with_who_and_when(cast: Cast) -> None:
    grant = services.revoke_grant(actor=cast.administrator, grant=cast.operator.grants.get())
    again = services.revoke_grant(actor=cast.administrator, grant=grant)
    assert grant.revoked_by == cast.administrator
    assert again.revoked_at == grant.revoked_at
    assert kinds() == ["role.revoked"]


def test_offboarding_takes_every_role_and_ends_every_session(cast: Cast) -> None:
    client, other = Client(), Client()
    client.force_login(cast.operator)
    other.force_login(cast.osaka_operator)
    services.grant_role(actor=cast.administrator, account=cast.operator, role="auditor")
    services.deactivate_account(actor=cast.administrator, account=cast.operator)
    assert kinds() == ["role.granted", "account.deactivated", "role.revoked", "role.revoked"]
    assert not RoleGrant.objects.in_force().filter(account=cast.operator).exists()
    assert client.get("/sites/").status_code == 302
    assert "_auth_user_id" not in client.session
    assert other.get("/sites/").status_code == 200


def test_an_account_opened_again_has_no_roles_and_its_old_sessions_stay_dead(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.operator)
    cookie = client.cookies["lethe_session"].value
    services.deactivate_account(actor=cast.administrator, account=cast.operator)
    password = services.reactivate_account(actor=cast.administrator, account=cast.operator)
    account = Account.objects.get(pk=cast.operator.pk)
    assert account.is_active
    assert account.password_is_temporary
    assert account.check_password(password)
    assert not permissions_of(account).roles
    client.cookies["lethe_session"] = cookie
    assert client.get("/sites/").status_code == 302


def test_nobody_closes_their_own_account(cast: Cast) -> None:
    with pytest.raises(services.PeopleRefused) as refused:
        services.deactivate_account(actor=cast.administrator, account=cast.administrator)
    assert refused.value.code == "own_account"


def test_the_last_administrator_cannot_be_lost(cast: Cast) -> None:
    with pytest.raises(services.PeopleRefused) as refused:
        services.revoke_grant(actor=cast.administrator, grant=cast.administrator.grants.get())
    assert refused.value.code == "last_administrator"
    with pytest.raises(services.PeopleRefused):
        services.deactivate_account(actor=None, account=cast.administrator)
    assert kinds() == []
    services.grant_role(actor=cast.administrator, account=cast.outsider, role="administrator")
    services.revoke_grant(actor=cast.outsider, grant=cast.administrator.grants.get())
    assert not permissions_of(cast.administrator).roles


def test_a_site_administrator_closes_only_accounts_of_the_own_site(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        services.deactivate_account(actor=cast.site_administrator, account=cast.operator)
    with pytest.raises(Forbidden):
        services.deactivate_account(actor=cast.site_administrator, account=cast.auditor)
    services.deactivate_account(actor=cast.site_administrator, account=cast.osaka_operator)
    assert last_body()["actor"]["role"] == "administrator"


def test_a_site_administrator_takes_over_no_account_without_roles(cast: Cast) -> None:
    own = services.create_account(actor=cast.site_administrator, **NEW)
    assert services.reset_password(actor=cast.site_administrator, account=own)
    services.grant_role(
        actor=cast.site_administrator, account=cast.outsider, role="operator", site=cast.osaka
    )
    services.deactivate_account(actor=cast.administrator, account=cast.osaka_operator)
    for act in (services.reset_password, services.deactivate_account):
        with pytest.raises(Forbidden):
            act(actor=cast.site_administrator, account=cast.outsider)
    with pytest.raises(Forbidden):
        services.reactivate_account(actor=cast.site_administrator, account=cast.osaka_operator)
    assert cast.outsider.check_password(PASSWORD)


@pytest.mark.django_db(databases=["default", "log"], transaction=True)
def test_two_administrators_who_take_each_others_role_leave_one(cast: Cast, monkeypatch: Any) -> None:
    services.grant_role(actor=cast.administrator, account=cast.outsider, role="administrator")
    pairs = [(cast.administrator, cast.outsider), (cast.outsider, cast.administrator)]
    both_checked = threading.Barrier(2)
    revoke = services._revoke

    def together(*arguments: Any) -> None:
        with suppress(threading.BrokenBarrierError):
            both_checked.wait(timeout=1)
        revoke(*arguments)

    monkeypatch.setattr(services, "_revoke", together)

    def take(pair: tuple[Account, Account]) -> bool:
        try:
            actor, holder = pair
            services.revoke_grant(actor=actor, grant=holder.grants.get(role="administrator"))
        except (services.PeopleRefused, Forbidden):
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(take, pairs)) == [False, True]
    assert RoleGrant.objects.in_force().filter(role="administrator", site=None).count() == 1


def test_a_person_chooses_the_language_and_nothing_else(cast: Cast) -> None:
    services.set_language(account=cast.operator, language="ko")
    services.set_language(account=cast.operator, language="ko")
    assert kinds() == ["account.changed"]
    assert last_body()["after"] == {"language": "ko"}
    with pytest.raises(Forbidden):
        services.change_account(actor=cast.operator, account=cast.operator, changes={"employer": "X"})


def test_a_reset_password_is_temporary_and_ends_sessions(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.operator)
    password = services.reset_password(actor=cast.administrator, account=cast.operator)
    account = Account.objects.get(pk=cast.operator.pk)
    assert account.check_password(password)
    assert account.password_is_temporary
    assert client.get("/sites/").status_code == 302
    services.change_own_password(account=account, password="a new one, my own")
    assert not Account.objects.get(pk=account.pk).password_is_temporary
