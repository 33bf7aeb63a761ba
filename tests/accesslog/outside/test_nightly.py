"""The log is verified by itself, and what is found is an entry, a mail and a finding of the doctor."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from accesslog import findings
from accesslog.models import LogEntry
from accesslog.outside import nightly, tasks, verifying
from accesslog.verify import Report
from cctv.core.doctor import Severity
from cctv.people.models import OutgoingMail
from config import doctor_log
from tests.accesslog.cast import note as noted
from tests.accesslog.test_verify import with_the_databases_password
from tests.people.cast import Cast

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def say(*, wrong: bool, full: bool) -> None:
    finding = findings.body_missing(3) if wrong else None
    assert verifying.log(Report(size=5, finding=finding), full=full, against=[]) is not None


def diagnosis() -> tuple[Severity, str]:
    (found,) = doctor_log.verified()
    return found.severity, found.what


@pytest.mark.slow
def test_it_is_verified_wholly_at_first_and_then_once_a_day(access_log: str, monkeypatch: pytest.MonkeyPatch):
    settings = {**connections["log"].settings_dict, "TEST": None}
    code = (
        "import os, sys; os.nice(19); from django.conf import settings; import tests.settings\n"
        "settings.ACCESSLOG_FOLDER = ''\nfrom tests.accesslog import cast, child\n"
        f"child.use_log({settings!r})\n"
        "from django.core.management import execute_from_command_line as run\n"
        "import django; django.setup(); run(['manage.py', *sys.argv[1:]])"
    )
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "tests.settings")
    command = (sys.executable, "-c", code, "log", "verify")
    noted("something")
    assert nightly.verify_when_due(command=command) == 0
    assert [(each.full, each.wrong) for each in nightly.last()] == [(True, ())]
    assert nightly.verify_when_due(command=command) is None
    assert LogEntry.objects.count() == 2


def test_a_whole_verification_that_takes_too_long_is_ended_and_a_plain_one_made(
    access_log: str, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    settings.ACCESSLOG_FOLDER = tmp_path
    monkeypatch.setattr(nightly, "FULL_S", 1.0)
    code = "import sys, time; time.sleep(30 if '--full' in sys.argv else 0); sys.exit(2)"
    assert nightly.verify_when_due(command=(sys.executable, "-S", "-c", code)) == 2


def test_once_a_week_it_is_the_whole_log(access_log: str, monkeypatch: pytest.MonkeyPatch):
    ran: list[bool] = []

    def run(_command: Any, *, full: bool) -> int:
        ran.append(full)
        return 0

    monkeypatch.setattr(nightly, "_run", run)
    say(wrong=False, full=True)
    tasks.verify_when_due()
    assert ran == []
    monkeypatch.setattr(nightly, "DAILY", timedelta(0))
    tasks.verify_when_due()
    monkeypatch.setattr(nightly, "WEEKLY", timedelta(0))
    tasks.verify_when_due()
    assert ran == [False, True]


def test_a_finding_stands_until_a_verification_as_thorough_is_well(access_log: str):
    assert diagnosis()[0] == Severity.OK
    say(wrong=True, full=True)
    say(wrong=False, full=False)
    assert diagnosis() == (Severity.BAD, findings.body_missing(3).what)
    say(wrong=False, full=True)
    assert diagnosis()[0] == Severity.OK
    say(wrong=True, full=False)
    assert diagnosis()[0] == Severity.BAD


def test_a_log_that_nobody_verified_for_days_is_told(access_log: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(nightly, "LATE", timedelta(0))
    assert diagnosis()[0] == Severity.OK, "there is nothing to verify yet"
    noted("something")
    assert diagnosis()[0] == Severity.WARN
    say(wrong=False, full=False)
    assert diagnosis()[0] == Severity.WARN
    monkeypatch.undo()


def test_a_finding_is_a_mail_to_each_privacy_officer_once_a_day(access_log: str, cast: Cast):
    for _ in range(2):
        say(wrong=True, full=False)
    mail = OutgoingMail.objects.get()
    assert mail.to == cast.privacy_officer
    assert findings.body_missing(3).what in mail.text
    assert "who deleted it" in mail.text


def test_a_changed_entry_of_a_verification_does_not_stop_the_next(
    access_log: str, monkeypatch: pytest.MonkeyPatch
):
    say(wrong=False, full=True)
    with with_the_databases_password():
        LogEntry.objects.filter(kind="log.verified").update(time_us=1)
        if connections["log"].vendor == "sqlite":
            with connections["log"].cursor() as cursor:
                cursor.execute("UPDATE log_entry SET event_id = 'zz'")
    monkeypatch.setattr(nightly, "_run", lambda _command, *, full: 2)
    assert nightly.verify_when_due() == 2
