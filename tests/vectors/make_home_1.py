"""Makes tests/vectors/home-1: an installation as version 0.1 leaves it, which every later version must open.

    python -m tests.vectors.make_home_1        (refuses while the folder exists)

Until 0.1 is released, whoever changes a model or a format removes the folder and makes it again; afterwards
it is never made again, and a later version gets a `make_home_2`. The clock of the process that makes it
stands in January 2025, so that it lies in the past of whoever runs the test; footage is kept for 30 days, so
reading it takes a clock that stands then as well. What is in it, and what a test may expect, is written to
home-1.json beside it. Keys, salts and identifiers are random: two runs differ in bytes, not in content.

    lobby   one-day rule   13 January: expired, purged and certified   14 January: expired, not yet purged
    gate    30 days        15 January: H.264 whose sound was dropped, HEVC, MJPEG; small pictures
    quarantine             15 January: a file that breaks off
    viewing                15 January: opened for a purpose, closed with what it sent
"""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.media.clips import clip, numbers_of
from tests.vectors.then import then

HOME = Path(__file__).parent / "home-1"
FACTS = HOME.with_suffix(".json")
DAY = datetime(2025, 1, 15, tzinfo=UTC)
OPENED_AT = DAY.replace(hour=10, minute=30)
PASSWORD = "home-1 of the tests"
SECONDS = 2
GATE: tuple[dict[str, Any], ...] = (
    {"audio": "aac"},
    {"codec": "hevc", "first_number": 100, "b_frames": 0},
    {"codec": "mjpeg", "container": "mkv", "first_number": 200},
)


def main() -> int:
    """Make it, or say why not."""
    if HOME.exists():
        sys.stderr.write(f"{HOME} exists: it is kept, not made again.\n")
        return 1
    HOME.mkdir()
    os.environ.update(DJANGO_SETTINGS_MODULE="config.settings", LETHE_HOME=str(HOME))
    import django

    django.setup()
    from accesslog import services

    try:
        facts = _make()
    finally:
        services.close()
    _tidy()
    FACTS.write_text(json.dumps(facts, indent=1) + "\n")
    return 0


def _make() -> dict[str, Any]:
    from django.core.management import call_command

    from accesslog import proofs
    from cctv.footage.thumbnails import make_thumbnails
    from cctv.retention import purge
    from cctv.vault import services as vault

    with then(DAY - timedelta(days=30)):
        for alias in ("default", "log"):
            call_command("migrate", database=alias, verbosity=0)
        vault.initialise()
        cameras = _register()
    clear = {}
    for day in (13, 14):
        clear[f"lobby-{day}"] = _admit(cameras["lobby"], datetime(2025, 1, day, 8, 20, tzinfo=UTC), 300 + day)
        if day == 13:
            with then(datetime(2025, 1, 14, 10, 30, tzinfo=UTC)):
                purge.purge_due()
    for number, options in enumerate(GATE):
        start = DAY.replace(hour=8, minute=30) + timedelta(seconds=SECONDS * number)
        clear[f"gate-{number}"] = _admit(cameras["gate"], start, **options)
    with then(DAY.replace(hour=8, minute=40)):
        _quarantine(cameras["gate"])
        make_thumbnails()
    with then(DAY.replace(hour=9)):
        _view(cameras["gate"])
    head = proofs.head()
    return {
        "opened_at": OPENED_AT.isoformat(),
        "password": PASSWORD,
        "log": {"size": head.size, "root": head.root().hex()},
        "clear": clear,
    }


def _register() -> dict[str, Any]:
    """Organisation, site, two cameras with rules, the people, a watched folder, a recorder."""
    from cctv.ingest.models import Source
    from cctv.ingest.recorders import create_recorder
    from cctv.sites import services as register

    organisation = register.create_organisation(name="Saebyeok Freight", contact="privacy@example.org")
    purpose = register.create_purpose(
        actor=None, organisation=organisation, code="crime-prevention", name="Crime prevention"
    )
    site = register.create_site(
        actor=None, organisation=organisation, code="seoul", name="Baram Hub", address="Gangseo-gu, Seoul",
        time_zone="Asia/Seoul", jurisdiction="KR", storage_place="Security office",
    )  # fmt: skip
    register.add_rule(actor=None, scope=site, days=30)
    zone = register.create_zone(actor=None, site=site, name="Entrance", kind="entrance")
    cameras = {
        code: register.create_camera(
            actor=None, site=site, code=code, name=code.title(), zone=zone, location="Main entrance",
            openness="open", legal_basis="pipa-25-1-2", scope_text="Inbound", purposes=[purpose],
        )
        for code in ("gate", "lobby")
    }  # fmt: skip
    register.add_rule(actor=None, scope=cameras["lobby"], days=1)
    Source.objects.create(
        site=site, name="Recorder's share", layout="ffmpeg", folder="/srv/recordings", camera=cameras["gate"]
    )
    administrator = _people()["administrator"]
    create_recorder(actor=administrator, terminal="tests", site=site, name="NVR", cameras=[cameras["gate"]])
    return cameras


def _people() -> dict[str, Any]:
    """One account for each of three roles, at every site."""
    from cctv.people import services as people

    accounts = {}
    for role in ("operator", "privacy_officer", "administrator"):
        accounts[role] = people.create_account(
            actor=None,
            email=f"{role}@example.org",
            name=role.title(),
            employer="Guard Co.",
            password=PASSWORD,
        )
        people.grant_role(actor=None, account=accounts[role], role=role)
    return accounts


def _admit(camera: Any, start: datetime, first_number: int = 0, **options: Any) -> dict[str, Any]:
    """One recording, just after its end; what the kept copy shows."""
    from cctv.ingest.services import admit

    data = clip(**{"seconds": SECONDS, "first_number": first_number, "width": 160, "height": 90, **options})
    with then(start + timedelta(minutes=1)):
        admission = admit(
            camera=camera, starts_at=start, origin="import", original_name="clip", stream=io.BytesIO(data)
        )
    segment = admission.segment
    assert segment is not None, admission.reason
    return {
        "segment": str(segment.pk),
        "camera": camera.code,
        "starts_at": start.isoformat(),
        "codec": segment.codec,
        "sound_dropped": bool(segment.source_audio),
        "delivered_sha256": hashlib.sha256(data).hexdigest(),
        "first_number": first_number,
        "frames": len(numbers_of(data)),
    }


def _quarantine(camera: Any) -> None:
    from cctv.ingest.services import admit

    data = clip(seconds=SECONDS, first_number=900, width=160, height=90)[:-3000]
    admission = admit(
        camera=camera, starts_at=DAY.replace(hour=8, minute=35), origin="import", original_name="cut.mp4",
        stream=io.BytesIO(data),
    )  # fmt: skip
    assert admission.quarantined is not None


def _view(camera: Any) -> None:
    """A viewing of the first two gate segments, closed with what it sent."""
    from django.test import Client

    from cctv.footage import viewing
    from cctv.footage.models import CloseReason, Segment
    from cctv.people.models import Account
    from cctv.sites.models import Purpose

    segments = list(Segment.objects.filter(camera=camera).order_by("starts_at"))
    operator = Account.objects.get(email="operator@example.org")
    session = viewing.open_viewing(
        actor=operator, terminal="10.0.0.7", cameras=[camera],
        purpose=Purpose.objects.get(), starts_at=segments[0].starts_at, ends_at=segments[1].ends_at,
        minutes=15, case="2025-7",
    )  # fmt: skip
    browser = Client(HTTP_HOST="localhost", REMOTE_ADDR="10.0.0.7")
    browser.force_login(operator)
    for segment in segments[:2]:
        answer: Any = browser.get(f"/viewings/{session.pk}/gate/{segment.pk}/0.m4s?t=0")
        assert answer.status_code == 200
        assert b"moof" in b"".join(answer.streaming_content)[:16]
    viewing.close_viewing(session, reason=CloseReason.USER)


def _tidy() -> None:
    """Databases whole in one file each, and nothing that only a running process needs."""
    from django.db import connections

    connections.close_all()
    for path in (HOME / "db").glob("*.sqlite3"):
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
    shutil.rmtree(HOME / "run", ignore_errors=True)
    for path in HOME.rglob("*.lock"):
        path.unlink()


if __name__ == "__main__":
    sys.exit(main())
