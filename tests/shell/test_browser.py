"""The shell in a real browser: nobody is shut out, nothing breaks the policy, menus and sheets work."""

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from cctv.people.models import Account, RoleGrant

pytestmark = [
    pytest.mark.browser,
    pytest.mark.urls("tests.shell.urls"),
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
]
PAGES = ["/accounts/login/", "/missing/", "/styleguide/", "/room/", "/public/", "/accounts/password/change/"]
LOOKS = [("en-US", 1440, "light"), ("ko-KR", 390, "dark"), ("ja-JP", 390, "light"), ("en-US", 1440, "dark")]


@pytest.fixture
def base(live_server: Any, settings: Any, vault_ready: Any) -> str:
    settings.LETHE_DEMO = True
    account = Account.objects.create_user(
        "op@example.org", "pass-word-1", name="Kim Minji", employer="Guard Co"
    )
    RoleGrant.objects.create(account=account, role="operator")
    return str(live_server.url)


def sign_in(page: Page, base: str) -> None:
    page.goto(f"{base}/accounts/login/")
    page.fill("#id_login", "op@example.org")
    page.fill("#id_password", "pass-word-1")
    page.click(".form button[type=submit]")
    page.wait_for_url(f"{base}/sites/")


@pytest.mark.parametrize(("locale", "width", "scheme"), LOOKS)
def test_pages_have_no_serious_barrier_and_fit_the_screen(
    chromium: Browser, base: str, locale: str, width: int, scheme: Any
) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, locale=locale, color_scheme=scheme
    )
    page = context.new_page()
    refused: list[str] = []
    page.on(
        "console",
        lambda message: refused.append(message.text) if "Content Security" in message.text else None,
    )
    page.goto(f"{base}/accounts/login/")
    problems = look(page, f"{base}/accounts/login/")
    sign_in(page, base)
    for address in PAGES[1:]:
        page.goto(base + address)
        problems += look(page, address)
    context.close()
    assert problems == []
    assert refused == []


def look(page: Page, address: str) -> list[str]:
    """What is wrong with the page: axe's serious findings, and content wider than the screen."""
    found = Axe().run(page).response["violations"]
    problems = [
        f"{address}: {item['id']}: {item['nodes'][0]['html'][:120]} {item['nodes'][0]['any'][:1]}"
        for item in found
        if item["impact"] in ("serious", "critical")
    ]
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [*problems, f"{address}: wider than the screen"] if wide else problems


def test_the_theme_changes_at_once_and_stays(chromium: Browser, base: str) -> None:
    page = chromium.new_context(color_scheme="light").new_page()
    sign_in(page, base)
    page.click(".account summary")
    page.click(".account button[value=dark]")
    page.wait_for_selector("html[data-theme=dark]")
    page.wait_for_timeout(200)
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.context.close()


def test_menus_and_sheets_open_by_key_and_close_by_escape(chromium: Browser, base: str) -> None:
    page = chromium.new_page()
    sign_in(page, base)
    page.click(".account summary")
    page.keyboard.press("Escape")
    assert page.locator("details[data-menu][open]").count() == 0
    page.goto(f"{base}/styleguide/")
    page.keyboard.press("o")
    assert page.locator("dialog[open]").count() == 1
    page.keyboard.press("2")
    assert page.locator("dialog input[value='2']").is_checked()
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    page.locator("#good_case").focus()
    page.keyboard.press("o")
    assert page.locator("dialog[open]").count() == 0, "letters typed into a field are text"
    page.close()


def test_signing_out_works_from_the_menu(chromium: Browser, base: str) -> None:
    page = chromium.new_page()
    sign_in(page, base)
    page.click(".account summary")
    page.click(".account form[action$='logout/'] button")
    page.wait_for_url(f"{base}/accounts/login/**")
    page.close()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("language", ["en", "ko", "ja"])
def test_a_text_without_a_space_breaks_no_page(chromium: Browser, width: int, language: str) -> None:
    folder = Path("config/static/css")
    css = "".join((folder / name).read_text() for name in ("tokens.css", "office.css"))
    long, cell = "x" * 400, "<td>{}</td><td>{}</td>"
    page = chromium.new_page(viewport={"width": width, "height": 900})
    page.set_content(
        f'<html lang="{language}"><style>{css}</style><h1>{long}</h1>'
        + f'<dl class="facts"><dt>a</dt><dd>{long}</dd></dl>'
        + "".join(
            f'<table class="{kind}"><tbody><tr><th>{long}</th>{cell.format(long, long)}</tr></tbody></table>'
            for kind in ("table", "table table--cards")
        )
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
