"""The doctor as a command: its findings about databases, backups and settings, and its exit code."""

import io
import json
import shutil
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from cctv.core import clock, doctor
from cctv.retention.backup.doctor import age, places
from cctv.retention.backup.models import Backup
from config import doctor as config_doctor
from tests.retention.yard import Yard

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def examined(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and findings."""
    said = io.StringIO()
    try:
        call_command("doctor", "--json", *arguments, stdout=said)
    except SystemExit as error:
        return int(error.code or 0), json.loads(said.getvalue())
    return 0, json.loads(said.getvalue())


def a_backup(place: Any, *, old: timedelta = timedelta(), kept: timedelta = timedelta(days=30)) -> Backup:
    now = clock.now()
    return Backup.objects.create(
        made_at=now - old, place=str(place), expires_at=now + kept, footage_generation=1,
        records_generation=1, log_size=1, manifest_sha256=b"x" * 32,
    )  # fmt: skip


def test_every_check_can_look_at_a_sound_installation(yard: Yard) -> None:
    code, found = examined()
    assert not [each for each in found if each["code"] == "doctor.failed"]
    assert {each["severity"] for each in found} <= {"ok", "warn", "bad"}
    worst = {"ok": 0, "warn": 1, "bad": 2}
    assert code == max(worst[each["severity"]] for each in found)
    for each in found:
        assert each["severity"] == "ok" or (each["why"] and each["mend"]), each


def test_a_check_that_fails_is_a_finding_and_stops_no_other(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Any:
        raise RuntimeError("no such luck")

    monkeypatch.setitem(doctor._checks, "tests.broken", broken)
    code, found = examined()
    assert code == 2
    assert [each for each in found if each["code"] == "doctor.failed" and "no such luck" in each["what"]]
    assert [each for each in found if each["code"] == "keys.footage"]


@pytest.mark.both_databases
def test_a_database_that_does_not_wait_for_the_disk_is_bad(yard: Yard) -> None:
    assert not [each for each in config_doctor.databases() if each.severity == doctor.Severity.BAD]
    off, on = ("PRAGMA secure_delete=OFF", "PRAGMA secure_delete=ON")
    if connection.vendor == "postgresql":
        off, on = ("SET synchronous_commit = off", "SET synchronous_commit = on")
    with connection.cursor() as cursor:
        cursor.execute(off)
        try:
            found = [each for each in config_doctor.databases() if each.severity == doctor.Severity.BAD]
        finally:
            cursor.execute(on)
    assert [each.code for each in found] == ["database.default"]


def test_missing_late_and_expired_backups_are_told(yard: Yard) -> None:
    assert [each.code for each in age()] == ["backup.none"]
    a_backup("/mnt/a/lethe-1", old=timedelta(days=9))
    assert [(each.code, each.severity) for each in age()] == [("backup.late", doctor.Severity.WARN)]
    a_backup("/mnt/a/lethe-2")
    assert [(each.code, each.severity) for each in age()] == [("backup.late", doctor.Severity.OK)]
    a_backup("/mnt/a/lethe-0", old=timedelta(days=40), kept=-timedelta(days=10))
    assert [each.code for each in age()] == ["backup.late", "backup.expired"]


def test_invariant_4_a_root_key_among_the_backups_is_found(yard: Yard) -> None:
    folder = yard.home.parent / "kept"
    (folder / "lethe-1").mkdir(parents=True)
    a_backup(folder / "lethe-1")
    codes = [each.code for each in places()]
    assert "backup.root" in codes
    assert not [each for each in places() if each.severity == doctor.Severity.BAD]
    shutil.copyfile(yard.home / "keys" / "footage" / "root.key", folder / "lethe-1" / "innocent.dat")
    assert [each.code for each in places() if each.severity == doctor.Severity.BAD] == ["backup.root"]


def test_settings_that_show_too_much_are_told(yard: Yard, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]
    assert not list(config_doctor.web())
    settings.DEBUG, settings.LETHE_DEMO, settings.ALLOWED_HOSTS = True, True, ["cctv.example.org"]
    assert [each.code for each in config_doctor.web()] == [
        "settings.debug",
        "settings.demo",
        "settings.https",
    ]
