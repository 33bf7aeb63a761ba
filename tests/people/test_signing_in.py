"""Sign-in, step-up, temporary passwords: through the real pages."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accesslog import selectors
from accesslog import services as log
from accesslog.errors import AccessLogError, BodyTooLarge, LogUnavailable
from accesslog.models import LogEntry
from cctv.people import refused, services, signals
from cctv.people.models import Account, RoleGrant
from cctv.people.policy import permissions_of
from tests.people.cast import PASSWORD, Cast

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.usefixtures("vault_ready")]
SignIn = Callable[..., Client]


@pytest.fixture(autouse=True)
def no_rate_limits() -> None:
    cache.clear()
    refused.forget_all()


def last() -> Any:
    return selectors.load_receipt(LogEntry.objects.count() - 1)


def down(**_fields: Any) -> Any:
    raise LogUnavailable


def post_login(client: Client, email: str, password: str) -> Any:
    return client.post("/accounts/login/", {"login": email, "password": password})


def test_signing_in_and_out_are_entries(cast: Cast, client: Client) -> None:
    response = post_login(client, "Operator@example.org", PASSWORD)
    assert response.status_code == 302
    assert last().kind == "account.signed_in"
    assert last().body == {
        "actor": {
            "id": str(cast.operator.pk), "name": "Kim Minji", "employer": "Hanguk Guard Co.", "role": "",
        },
        "terminal": "127.0.0.1",
    }  # fmt: skip
    client.post("/accounts/logout/")
    assert last().kind == "account.signed_out"


def test_a_failed_sign_in_names_the_account_and_never_what_was_typed(cast: Cast, client: Client) -> None:
    post_login(client, "operator@example.org", "wrong")
    assert last().kind == "account.sign_in_failed"
    assert last().body["actor"]["name"] == "Kim Minji"
    post_login(client, "my-secret-phrase@typed.by.mistake", "wrong")
    assert last().body["actor"] == {"id": "", "name": "?", "employer": "", "role": ""}
    assert "secret" not in str(last().body)


@pytest.mark.parametrize("error", [LogUnavailable, BodyTooLarge])
def test_nobody_is_signed_in_without_an_entry(
    cast: Cast, client: Client, monkeypatch: Any, error: type[AccessLogError]
) -> None:
    def refuse(**_fields: Any) -> Any:
        raise error

    monkeypatch.setattr(signals, "append", refuse)
    assert post_login(client, "operator@example.org", PASSWORD).status_code == error.status
    assert "_auth_user_id" not in client.session
    assert client.get("/sites/").status_code == 302


def test_signing_out_works_even_while_the_log_is_down(cast: Cast, sign_in: SignIn, monkeypatch: Any) -> None:
    client = sign_in(cast.operator)
    monkeypatch.setattr(signals, "append", down)
    assert client.post("/accounts/logout/").status_code == 302
    assert "_auth_user_id" not in client.session


def test_a_closed_account_cannot_sign_in(cast: Cast, client: Client) -> None:
    Account.objects.filter(pk=cast.operator.pk).update(is_active=False)
    post_login(client, "operator@example.org", PASSWORD)
    assert "_auth_user_id" not in client.session


def test_too_many_failures_lock_the_sign_in_even_for_the_right_password(cast: Cast, client: Client) -> None:
    for _attempt in range(6):
        post_login(client, "operator@example.org", "wrong")
    post_login(client, "operator@example.org", PASSWORD)
    assert "_auth_user_id" not in client.session
    assert (last().kind, last().body["actor"]["id"]) == ("account.locked_out", str(cast.operator.pk))
    entered = last().index
    post_login(client, "operator@example.org", "wrong")
    assert last().index == entered, "once in a while is enough"


def test_who_fails_elsewhere_keeps_nobody_out(cast: Cast, client: Client) -> None:
    elsewhere = Client(REMOTE_ADDR="10.0.0.9")
    for _attempt in range(7):
        post_login(elsewhere, "operator@example.org", "wrong")
    post_login(elsewhere, "operator@example.org", PASSWORD)
    assert "_auth_user_id" not in elsewhere.session
    post_login(client, "operator@example.org", PASSWORD)
    assert "_auth_user_id" in client.session


def test_failures_from_everywhere_together_lock_the_account(
    cast: Cast, client: Client, settings: Any
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "login_failed_anywhere": "8/h/key"}
    for number in range(8):
        post_login(Client(REMOTE_ADDR=f"10.0.1.{number}"), "operator@example.org", "wrong")
    post_login(client, "operator@example.org", PASSWORD)
    assert "_auth_user_id" not in client.session


def test_right_passwords_use_up_no_attempts(cast: Cast, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "login_failed_anywhere": "2/h/key"}
    for _attempt in range(4):
        fresh = Client()
        post_login(fresh, "operator@example.org", PASSWORD)
        assert "_auth_user_id" in fresh.session


@pytest.mark.parametrize(
    ("forwarded", "terminal"),
    [
        ("198.51.100.1, 10.0.0.7", "10.0.0.7"),
        ("10.0.0.7", "10.0.0.7"),
        ("10.0.0.7, 2001:db8::5", "2001:db8::5"),
        ("10.0.0.7, <nobody>", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_the_place_of_access_is_the_one_that_the_proxy_vouches_for(
    cast: Cast, client: Client, settings: Any, forwarded: str, terminal: str
) -> None:
    sign_in = {"login": "operator@example.org", "password": PASSWORD}
    settings.LETHE_BEHIND_PROXY = True
    client.post("/accounts/login/", sign_in, headers={"X-Forwarded-For": forwarded})
    assert last().body["terminal"] == terminal
    settings.LETHE_BEHIND_PROXY = False
    Client().post("/accounts/login/", sign_in, headers={"X-Forwarded-For": forwarded})
    assert last().body["terminal"] == "127.0.0.1"


def test_behind_a_proxy_the_limits_are_those_of_the_people_behind_it(
    cast: Cast, client: Client, settings: Any
) -> None:
    settings.LETHE_BEHIND_PROXY = True
    for _attempt in range(7):
        client.post(
            "/accounts/login/",
            {"login": "operator@example.org", "password": "wrong"},
            headers={"X-Forwarded-For": "10.0.0.9"},
        )
    right = {"login": "operator@example.org", "password": PASSWORD}
    client.post("/accounts/login/", right, headers={"X-Forwarded-For": "10.0.0.9"})
    assert "_auth_user_id" not in client.session
    client.post("/accounts/login/", right, headers={"X-Forwarded-For": "10.0.0.7"})
    assert "_auth_user_id" in client.session


DANGEROUS = ["grant-add", "grant-revoke", "person-deactivate", "person-password"]


@pytest.mark.parametrize("name", DANGEROUS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_gives_or_takes_power_asks_for_the_password_again(
    cast: Cast, sign_in: SignIn, name: str, method: str
) -> None:
    grant = cast.operator.grants.get()
    arguments = [cast.operator.pk, grant.pk] if name == "grant-revoke" else [cast.operator.pk]
    address = reverse(name, args=arguments)
    data = {"role": "auditor", "site": "seoul"}
    refused = getattr(sign_in(cast.administrator), method)(address, data)
    assert refused.status_code == 302
    assert refused.headers["Location"].startswith("/accounts/reauthenticate/")
    assert permissions_of(cast.operator).roles == {"operator"}
    assert Account.objects.get(pk=cast.operator.pk).check_password(PASSWORD)
    assert getattr(sign_in(cast.administrator, fresh=True), method)(address, data).status_code in (200, 302)


def test_a_program_is_told_instead_of_redirected(cast: Cast, sign_in: SignIn) -> None:
    address = reverse("person-deactivate", args=[cast.operator.pk])
    response = sign_in(cast.administrator).post(address, headers={"accept": "application/json"})
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "step_up_required"


def test_after_the_password_the_refused_act_is_carried_out(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.administrator)
    address = reverse("grant-add", args=[cast.outsider.pk])
    to_confirm = client.post(address, {"role": "auditor", "site": "seoul"}).headers["Location"]
    wrong = client.post(to_confirm, {"password": "wrong", "next": address})
    assert wrong.status_code == 200
    assert not permissions_of(cast.outsider).roles
    done = client.post(to_confirm, {"password": PASSWORD, "next": address})
    assert done.headers["Location"] == reverse("person", args=[cast.outsider.pk])
    assert permissions_of(cast.outsider).roles == {"auditor"}


def test_the_password_of_a_moment_ago_does_not_last(cast: Cast, sign_in: SignIn, settings: Any) -> None:
    client = sign_in(cast.administrator, fresh=True)
    address = reverse("grant-add", args=[cast.outsider.pk])
    assert client.get(address).status_code == 200
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= settings.ACCOUNT_REAUTHENTICATION_TIMEOUT + 1
    session.save()
    assert client.get(address).status_code == 302


def test_a_temporary_password_opens_nothing_until_it_is_replaced(cast: Cast, client: Client) -> None:
    temporary = services.reset_password(actor=None, account=cast.operator)
    post_login(client, "operator@example.org", temporary)
    for address in ("/", "/sites/", "/viewings/"):
        assert client.get(address).headers["Location"].startswith("/accounts/password/change/")
    assert client.get("/sites/", headers={"accept": "application/json"}).json()["error"]["code"] == (
        "temporary_password"
    )
    new = {"password1": "my own long sentence", "password2": "my own long sentence"}
    client.post("/accounts/password/change/", {"oldpassword": temporary, **new})
    assert last().kind == "account.password_set"
    assert client.get("/sites/").status_code == 200
    assert not Account.objects.get(pk=cast.operator.pk).password_is_temporary


def test_a_password_does_not_change_while_the_log_is_down(
    cast: Cast, sign_in: SignIn, monkeypatch: Any
) -> None:
    client = sign_in(cast.operator)
    monkeypatch.setattr(services, "append", down)
    new = {"password1": "my own long sentence", "password2": "my own long sentence"}
    response = client.post("/accounts/password/change/", {"oldpassword": PASSWORD, **new})
    assert response.status_code == 503
    assert Account.objects.get(pk=cast.operator.pk).check_password(PASSWORD)


def test_off_boarding_stops_a_session_at_its_next_request(cast: Cast, sign_in: SignIn) -> None:
    guard = sign_in(cast.operator)
    assert guard.get("/sites/").status_code == 200
    administrator = sign_in(cast.administrator, fresh=True)
    administrator.post(reverse("person-deactivate", args=[cast.operator.pk]))
    assert guard.get("/sites/").headers["Location"].startswith("/accounts/login/")
    assert not RoleGrant.objects.in_force().filter(account=cast.operator).exists()
    log.close()


def test_the_demonstration_s_accounts_stand_on_its_sign_in_page_only(
    db: Any, client: Client, settings: Any
) -> None:
    settings.LETHE_DEMO = False
    assert b"lethe-demo" not in client.get("/accounts/login/").content
    settings.LETHE_DEMO = True
    page = client.get("/accounts/login/").content.decode()
    assert page.count("lethe-demo-2026") >= 6
    assert "operator@demo.lethe" in page
