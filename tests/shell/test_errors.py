"""Every failure has a designed page, a JSON form and an htmx form; nobody sees a traceback."""

from collections.abc import Callable
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client

from config import errors

pytestmark = [pytest.mark.urls("tests.shell.urls"), pytest.mark.django_db]

STATUS = {"refused": 400, "log-down": 503, "broken": 500, "forbidden": 403, "missing": 404, "suspicious": 400}


@pytest.fixture
def visitor() -> Client:
    """A client that gets the 500 page, as a browser does, instead of the exception."""
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(("name", "status"), STATUS.items())
def test_a_failure_is_a_designed_page(visitor: Client, name: str, status: int) -> None:
    response = visitor.get(f"/{name}/")
    page = response.content.decode()
    assert response.status_code == status
    assert 'class="oops"' in page
    assert f"Error {status}" in page
    assert "Go to the start page" in page


@pytest.mark.parametrize(("name", "status"), STATUS.items())
def test_programs_get_json_with_a_stable_code(visitor: Client, name: str, status: int) -> None:
    response = visitor.get(f"/api/v1/{name}/")
    assert response.status_code == status
    body = response.json()["error"]
    assert set(body) - {"reference"} == {"code", "message", "hint"}
    assert all(body.values())


@pytest.mark.parametrize("address", ["/broken/", "/api/v1/broken/", "/suspicious/"])
def test_nobody_sees_what_broke_inside(visitor: Client, address: str) -> None:
    body = visitor.get(address).content.decode()
    assert "7f3a" not in body
    assert "Traceback" not in body


def test_an_error_speaks_with_its_own_words(visitor: Client) -> None:
    page = visitor.get("/refused/").content.decode()
    assert "This camera has no purpose." in page
    assert "Give it one first." in page
    assert visitor.get("/api/v1/refused/").json()["error"]["code"] == "camera.purpose"


def test_the_log_being_down_is_503_and_says_when_to_come_back(visitor: Client) -> None:
    response = visitor.get("/log-down/")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "10"
    assert "No footage is sent while it is down." in response.content.decode()


def test_a_server_error_has_a_reference_that_stands_in_the_log(
    visitor: Client, caplog: pytest.LogCaptureFixture
) -> None:
    reference = visitor.get("/api/v1/broken/").json()["error"]["reference"]
    assert reference in caplog.text


def test_htmx_gets_a_notice_for_the_top_of_the_page(visitor: Client) -> None:
    response = visitor.get("/refused/", headers={"hx-request": "true"})
    assert response.headers["HX-Retarget"] == "#flash"
    assert response.content.decode().startswith('<div class="notice notice--bad" role="alert">')


def test_a_program_that_asks_for_json_gets_it_outside_the_api_too(visitor: Client) -> None:
    assert (
        visitor.get("/refused/", headers={"accept": "application/json"}).json()["error"]["code"]
        == "camera.purpose"
    )
    assert (
        "<html"
        in visitor.get("/refused/", headers={"accept": "text/html, application/json"}).content.decode()
    )


@pytest.mark.django_db(databases=["default", "log"])  # the refusal is entered
def test_whoever_is_signed_in_keeps_the_rail_on_an_error(signed_in: Callable[..., Client]) -> None:
    page = signed_in("operator").get("/missing/").content.decode()
    assert 'class="shell"' in page
    assert 'href="/sites/"' in page


def test_the_error_page_stands_when_the_database_is_gone(
    visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_args: Any, **_kwargs: Any) -> None:
        raise OSError("no database")

    monkeypatch.setattr(errors, "render_to_string", _failing_once(render_to_string, gone))
    response = visitor.get("/log-down/")
    assert response.status_code == 503
    assert "The access log does not answer." in response.content.decode()


def _failing_once(real: Callable[..., str], failure: Callable[..., None]) -> Callable[..., str]:
    calls: list[str] = []

    def render(name: str, *args: Any) -> str:
        calls.append(name)
        if len(calls) == 1:
            failure()
        return real(name, *args)

    return render


def test_a_stale_form_says_that_nothing_was_changed(settings: Any) -> None:
    settings.CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
    response = Client(enforce_csrf_checks=True).post("/theme/", {"theme": "dark"})
    assert response.status_code == 403
    assert "Nothing was changed" in response.content.decode()


@pytest.mark.parametrize("accept_language", ["ko", "ja"])
def test_errors_are_rendered_in_the_visitor_s_language(visitor: Client, accept_language: str) -> None:
    page = visitor.get("/missing/", headers={"accept-language": accept_language}).content.decode()
    assert f'<html lang="{accept_language}"' in page


def test_errors_are_never_cached(visitor: Client) -> None:
    assert visitor.get("/missing/").headers["Cache-Control"] == "no-store"
