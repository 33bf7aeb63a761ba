"""A link's token is in no line of the process's log, whatever fails."""

import io
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accesslog.errors import LogUnavailable
from cctv.disclosure.handing import entries
from cctv.disclosure.handing.tokens import new_token, token_hash
from config.secretless import Secretless, without_secret
from tests.disclosure.handing.conftest import Ready, download, opened

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.usefixtures("vault_ready"),
]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a handler with the console's filters writes, of every logger."""
    made = logging.config.DictConfigurator(
        {"version": 1, "filters": settings.LOGGING["filters"], "handlers": {}}
    )
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    for name in settings.LOGGING["handlers"]["console"]["filters"]:
        handler.addFilter(made.configure_filter(made.config["filters"][name]))
    loggers = [logging.getLogger(), logging.getLogger("django.request"), logging.getLogger("django")]
    for logger in loggers:
        logger.addHandler(handler)
    yield out
    for logger in loggers:
        logger.removeHandler(handler)


@pytest.mark.parametrize("fails", [LogUnavailable, RuntimeError])
def test_a_failing_download_writes_no_token(
    ready: Ready, monkeypatch: pytest.MonkeyPatch, written: io.StringIO, fails: type[Exception]
) -> None:
    made = ready.link()
    client = opened(Client(raise_request_exception=False), made)

    def broken(*_args: Any, **_options: Any) -> Any:
        raise fails(f"about http://lethe.test/d/{made.token}/download/")

    monkeypatch.setattr(entries, "append", broken)
    assert download(client, made).status_code >= 500
    assert "/d/#" in written.getvalue()
    assert made.token not in written.getvalue()


def test_errors_name_no_token_even_without_the_filter(
    ready: Ready, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = ready.link()
    client = opened(Client(raise_request_exception=False), made)

    def down(*_args: Any, **_options: Any) -> Any:
        raise LogUnavailable

    monkeypatch.setattr(entries, "append", down)
    assert download(client, made).status_code == 503
    said = [each.getMessage() for each in caplog.records if each.name == "lethe.errors"]
    assert said
    assert made.token not in "".join(said)


def test_only_links_are_cleaned() -> None:
    token = new_token()
    for where in ("GET /d/%s/download/", "https://lethe.test/d/%s/", "'/d/%s'", "/d/%s"):
        assert token not in without_secret(where % token)
        assert token_hash(token)[:6] in without_secret(where % token)
    for kept in ("/exports/E-2026-0001/", "/var/d/abc", "/d/", "and/d/or"):
        assert without_secret(kept) == kept


def test_words_that_do_not_fit_are_written_all_the_same() -> None:
    record = logging.LogRecord("x", logging.ERROR, "x", 1, "%d of %s", ("one",), None)
    assert Secretless().filter(record)
    assert record.getMessage() == "%d of %s"
