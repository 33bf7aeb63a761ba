"""`manage.py setup`: one command makes an installation ready, and says what it did."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accesslog import selectors
from accesslog.models import LogEntry
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.sites.models import Organisation
from cctv.vault import services as vault

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"], transaction=True),
    pytest.mark.both_databases,
    pytest.mark.postgres_later,
]
WHO = [
    "--organisation",
    "Saebyeok Freight",
    "--admin-email",
    "Admin@example.org",
    "--admin-name",
    "Choi Doyun",
]


@pytest.fixture(autouse=True)
def home(lethe_home: Path, _log_apart: None) -> Path:
    return lethe_home


def setup(*arguments: str) -> str:
    out = io.StringIO()
    call_command("setup", *arguments, stdout=out)
    return out.getvalue()


def passwords(output: str) -> dict[str, str]:
    return dict(re.findall(r"Temporary password of (\S+): (\S+)", output))


def test_one_command_makes_everything_that_the_first_sign_in_needs() -> None:
    output = setup(*WHO, "--privacy-email", "p@example.org", "--privacy-name", "Lee Seoyeon")
    assert vault.is_initialised()
    assert Organisation.objects.get().name == "Saebyeok Freight"
    given = passwords(output)
    for email, role in (("admin@example.org", "administrator"), ("p@example.org", "privacy_officer")):
        account = Account.objects.get(email=email)
        assert account.check_password(given[email])
        assert account.password_is_temporary
        assert account.employer == "Saebyeok Freight"
        Account.objects.filter(pk=account.pk).update(password_is_temporary=False)
        assert permissions_of(Account.objects.get(pk=account.pk)).roles == {role}


def test_it_can_be_run_again_and_changes_nothing() -> None:
    setup(*WHO)
    entries, hashed = LogEntry.objects.count(), Account.objects.get().password
    assert passwords(setup(*WHO)) == {}
    assert "Administrator: admin@example.org" in setup()
    assert LogEntry.objects.count() == entries
    assert Account.objects.get().password == hashed


def test_it_goes_on_where_it_was_interrupted(monkeypatch: Any) -> None:
    from cctv.people import services

    def killed(**_fields: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr(services, "grant_role", killed)
        with pytest.raises(KeyboardInterrupt):
            setup(*WHO)
    setup(*WHO)
    account = Account.objects.get()
    assert [grant.role for grant in account.grants.all()] == ["administrator"]


def test_what_is_missing_is_named_with_its_option(monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(CommandError, match="--organisation"):
        setup()
    with pytest.raises(CommandError, match="--admin-email"):
        setup("--organisation", "X")
    with pytest.raises(CommandError, match="no e-mail address"):
        setup("--organisation", "X", "--admin-email", "nobody", "--admin-name", "N")
    assert not Account.objects.exists()


def test_a_password_from_the_input_is_not_temporary_and_not_shown(monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a grey heron at noon\n"))
    output = setup(*WHO, "--password-stdin")
    assert "heron" not in output
    account = Account.objects.get()
    assert account.check_password("a grey heron at noon")
    assert not account.password_is_temporary


def test_a_weak_password_from_the_input_is_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    with pytest.raises(CommandError, match="too short"):
        setup(*WHO, "--password-stdin")
    assert not Account.objects.exists()


def test_the_last_administrator_gets_back_in_from_the_machine_itself() -> None:
    setup(*WHO)
    given = passwords(setup("--new-password", "admin@example.org"))
    account = Account.objects.get()
    assert account.check_password(given["admin@example.org"])
    assert account.password_is_temporary
    last = selectors.load_receipt(LogEntry.objects.count() - 1)
    assert last.kind == "account.password_set"
    with pytest.raises(CommandError, match="no account"):
        setup("--new-password", "nobody@example.org")
