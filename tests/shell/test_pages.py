"""The shell around every page: navigation, sites, theme, language, sign-in, home."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from cctv.people.models import Account
from cctv.sites.models import Site

pytestmark = [pytest.mark.urls("tests.shell.urls"), pytest.mark.django_db]
SignedIn = Callable[..., Client]


def logged(test: Callable[..., None]) -> Callable[..., None]:
    """What signs in or changes an account is an entry first: such a test needs the log and its keys."""
    return pytest.mark.django_db(databases=["default", "log"])(pytest.mark.usefixtures("vault_ready")(test))


def html(response: Any) -> str:
    return str(response.content.decode())


def rail(page: str) -> list[str]:
    nav = page.split('<nav class="nav"')[1].split("</nav>")[0]
    return re.findall(r'<a href="([^"]+)"', nav)


def test_the_sign_in_page_stands_without_any_account(client: Client) -> None:
    page = html(client.get("/accounts/login/"))
    assert 'name="login"' in page
    assert 'name="password"' in page
    assert "Demonstration accounts" not in page


def test_the_sign_in_page_lists_demo_accounts_as_one_click_forms(client: Client) -> None:
    request = RequestFactory().get("/accounts/login/")
    accounts = [{"role_label": "Operator", "email": "op@example.org", "password": "demo-pass-1"}]
    from allauth.account.forms import LoginForm

    page = render_to_string("account/login.html", {"form": LoginForm(), "demo_accounts": accounts}, request)
    block = page.split('class="demo"')[1]
    assert 'name="login" value="op@example.org"' in block
    assert 'name="password" value="demo-pass-1"' in block


@logged
def test_a_wrong_password_is_said_beside_the_form_and_signs_nobody_in(
    client: Client, signed_in: SignedIn
) -> None:
    signed_in("operator")
    response = client.post("/accounts/login/", {"login": "operator@example.org", "password": "wrong"})
    assert response.status_code == 200
    assert 'class="form-errors" role="alert"' in html(response)
    assert "_auth_user_id" not in client.session


@logged
def test_the_right_password_leads_to_the_role_s_own_page(client: Client, signed_in: SignedIn) -> None:
    signed_in("operator")
    response = client.post(
        "/accounts/login/", {"login": "operator@example.org", "password": "pass-word-1"}, follow=True
    )
    assert response.redirect_chain[-1][0] == "/sites/"


@pytest.mark.parametrize(
    "address", ["signup/", "email/", "confirm-email/", "password/reset/", "password/set/"]
)
def test_nobody_signs_up_or_resets_a_password_by_mail(client: Client, address: str) -> None:
    assert client.get(f"/accounts/{address}").status_code == 404
    assert client.post(f"/accounts/{address}", {"email": "x@example.org"}).status_code == 404


@pytest.mark.parametrize(
    ("role", "home"),
    [
        ("operator", "/sites/"),
        ("privacy_officer", "/log/"),
        ("auditor", "/log/"),
        ("administrator", "/register/"),
    ],
)
def test_home_is_where_the_role_s_work_starts(signed_in: SignedIn, role: str, home: str) -> None:
    assert signed_in(role).get("/").headers["Location"] == home


def test_home_sends_strangers_to_the_sign_in(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/accounts/login/"


def test_home_tells_an_account_without_role_what_to_do(signed_in: SignedIn) -> None:
    page = html(signed_in().get("/"))
    assert "Nothing is granted to you" in page
    assert rail(page) == []


def test_the_rail_shows_only_pages_that_exist_and_that_the_role_may_open(signed_in: SignedIn) -> None:
    # People and Health are granted to administrators, but have no address in these URLs.
    assert rail(html(signed_in("administrator").get("/register/"))) == ["/register/"]
    assert rail(html(signed_in("auditor").get("/log/"))) == ["/log/", "/retention/"]


def test_the_rail_marks_the_page_one_is_on(signed_in: SignedIn) -> None:
    page = html(signed_in("auditor").get("/retention/"))
    assert re.findall(r'<a href="([^"]+)" aria-current="page"', page) == ["/retention/"]


def test_the_site_switcher_shows_no_site_that_one_may_not_know(signed_in: SignedIn, seoul: Site) -> None:
    page = html(signed_in("operator", site=seoul).get("/sites/seoul/"))
    assert 'href="/sites/seoul/" aria-current="true"' in page
    assert "Osaka" not in page


def test_the_account_menu_names_role_and_employer_and_signs_out_by_post(signed_in: SignedIn) -> None:
    page = html(signed_in("operator").get("/sites/"))
    menu = page.split('class="menu menu--up account"')[1]
    assert "Operator" in menu
    assert "Guard Co" in menu
    assert re.search(r'<form method="post" action="/accounts/logout/">', menu)


@pytest.mark.parametrize(
    ("accept", "lang"), [("ko-KR,ko;q=0.9", "ko"), ("ja", "ja"), ("en-GB", "en"), ("fr", "en")]
)
def test_the_page_speaks_the_browser_s_language(client: Client, accept: str, lang: str) -> None:
    response = client.get("/accounts/login/", headers={"accept-language": accept})
    assert f'<html lang="{lang}"' in html(response)


def test_the_account_s_language_wins_over_the_browser_s(signed_in: SignedIn) -> None:
    response = signed_in("operator", language="ja").get("/sites/", headers={"accept-language": "ko"})
    assert '<html lang="ja"' in html(response)


@logged
def test_choosing_a_language_is_kept_in_the_account(signed_in: SignedIn) -> None:
    client = signed_in("operator", language="ja")
    response = client.post("/language/", {"language": "ko", "next": "/sites/"})
    assert response.headers["Location"] == "/sites/"
    assert Account.objects.get().language == "ko"
    assert '<html lang="ko"' in html(client.get("/sites/"))


def test_a_stranger_s_language_is_kept_in_a_cookie(client: Client) -> None:
    client.post("/language/", {"language": "ja", "next": "/accounts/login/"})
    assert '<html lang="ja"' in html(client.get("/accounts/login/", headers={"accept-language": "ko"}))


@logged
def test_a_language_that_lethe_does_not_speak_changes_nothing(signed_in: SignedIn) -> None:
    signed_in("operator", language="ja").post("/language/", {"language": "xx"})
    assert Account.objects.get().language == "ja"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
@pytest.mark.parametrize("address", ["/language/", "/theme/"])
def test_the_way_back_never_leads_to_another_host(client: Client, address: str, target: str) -> None:
    response = client.post(address, {"language": "ko", "theme": "dark", "next": target})
    assert response.headers["Location"] == "/"


def test_the_theme_is_in_the_page_itself_so_that_nothing_flashes(client: Client) -> None:
    assert "data-theme=" not in html(client.get("/accounts/login/")).split("<head>")[0]
    client.post("/theme/", {"theme": "dark"})
    assert 'data-theme="dark"' in html(client.get("/accounts/login/")).split("<head>")[0]
    client.post("/theme/", {"theme": "system"})
    assert "data-theme=" not in html(client.get("/accounts/login/")).split("<head>")[0]


def test_a_forged_theme_cookie_cannot_write_into_the_page(client: Client) -> None:
    client.cookies["lethe_theme"] = 'x" onload="alert(1)'
    assert "onload" not in html(client.get("/accounts/login/"))


def test_the_player_room_is_dark_whatever_the_theme(client: Client) -> None:
    client.cookies["lethe_theme"] = "light"
    assert 'data-theme="dark"' in html(client.get("/room/")).split("<head>")[0]


def test_the_style_guide_is_shown_on_demonstrations_only(client: Client, settings: Any) -> None:
    settings.LETHE_DEMO = settings.DEBUG = False
    assert client.get("/styleguide/").status_code == 404
    settings.LETHE_DEMO = True
    assert client.get("/styleguide/").status_code == 200


def test_public_pages_carry_no_script_at_all(client: Client) -> None:
    assert "<script" not in html(client.get("/public/"))


@pytest.mark.parametrize("address", ["/accounts/login/", "/room/", "/public/", "/missing/"])
def test_every_page_is_sent_with_the_strict_policy(client: Client, address: str) -> None:
    policy = client.get(address).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
