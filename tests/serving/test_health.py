"""Who may ask how the installation is doing."""

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db(databases=["default", "log"])
TOKEN = "a token of this installation"
SECRET = ["/readyz", "/metrics"]


def status(address: str, peer: str, **headers: str) -> int:
    return Client(REMOTE_ADDR=peer).get(address, headers=headers).status_code


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.0.0.7"])
def test_anybody_may_ask_whether_it_is_alive_and_hears_only_ok(peer: str) -> None:
    assert Client(REMOTE_ADDR=peer).get("/healthz").content == b"ok\n"


@pytest.mark.parametrize("address", SECRET)
def test_how_it_is_doing_is_for_this_machine(lethe_home: Any, address: str) -> None:
    assert status(address, "127.0.0.1") in (200, 503)
    assert status(address, "::1") in (200, 503)
    assert status(address, "10.0.0.7") == 404
    assert status(address, "10.0.0.7", **{"X-Forwarded-For": "127.0.0.1"}) == 404


@pytest.mark.parametrize("address", SECRET)
def test_or_for_who_has_the_token(lethe_home: Any, settings: Any, address: str) -> None:
    settings.LETHE_METRICS_TOKEN = TOKEN
    assert status(address, "10.0.0.7", Authorization=f"Bearer {TOKEN}") in (200, 503)
    for wrong in ("Bearer ", f"Bearer {TOKEN}s", TOKEN, "Bearer é"):
        assert status(address, "10.0.0.7", Authorization=wrong) == 404


@pytest.mark.parametrize("address", SECRET)
def test_without_a_token_set_an_empty_one_opens_nothing(address: str) -> None:
    assert status(address, "10.0.0.7", Authorization="Bearer ") == 404


@pytest.mark.parametrize("address", SECRET)
def test_behind_a_proxy_only_the_token_counts(lethe_home: Any, settings: Any, address: str) -> None:
    settings.LETHE_BEHIND_PROXY = True
    settings.LETHE_METRICS_TOKEN = TOKEN
    assert status(address, "127.0.0.1") == 404
    assert status(address, "127.0.0.1", Authorization=f"Bearer {TOKEN}") in (200, 503)
