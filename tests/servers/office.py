"""A small installation, made by the services in a process of its own, as its administrator would make it.

    python -m tests.servers.office      (LETHE_HOME and the rest come from the environment)

One site in Seoul, three cameras, an operator, an administrator, a recorder's token, a watched folder.
Prints one JSON object with what a test needs to know.
"""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from config.demo.browser import Answer, Client
from tests.servers import templates
from tests.servers.lethe import ROOT, clean_environment

SEOUL = ZoneInfo("Asia/Seoul")
PASSWORD = "tests-only-2026"
OPERATOR, ADMINISTRATOR = "operator@example.org", "administrator@example.org"
# `drop` has the watched folder; the recorder may upload for `gate` and `wide`.
CAMERAS = ("gate", "wide", "drop")
AGE = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Office:
    """What was made: the recorder's token, the watched folder."""

    home: Path
    token: str
    folder: Path

    def upload(
        self, port: int, camera: str, start: datetime, data: bytes | Iterable[bytes]
    ) -> tuple[int, dict[str, Any]]:
        """The recorder uploads: bytes with their length, anything else in chunks. (status, answer)."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        path = f"/api/v1/cameras/{camera}/segments/{start:%Y%m%dT%H%M%SZ}"
        headers = {"Authorization": f"Bearer {self.token}"}
        chunked = not isinstance(data, bytes)
        connection.request("PUT", path, body=data, headers=headers, encode_chunked=chunked)
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        return response.status, answer

    def drop(self, start: datetime, data: bytes, *, suffix: str = "mp4") -> Path:
        """A recording in the watched folder, finished when this returns."""
        path = self.folder / f"{start:%Y-%m-%d_%H-%M-%S}.{suffix}"
        path.write_bytes(data)
        return path


def make(home: Path, environment: Mapping[str, str] | None = None) -> Office:
    """Make the installation in `home`; its server need not run."""
    home.mkdir(parents=True, exist_ok=True)
    templates.lay_down(home)
    done = subprocess.run(
        [sys.executable, "-m", "tests.servers.office"],
        cwd=ROOT, env=clean_environment(home, environment), capture_output=True, text=True, timeout=100,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    facts = json.loads(done.stdout.splitlines()[-1])
    return Office(home, facts["token"], Path(facts["folder"]))


def view(url: str, camera: str, start: datetime, end: datetime) -> tuple[Client, str]:
    """The operator's browser, and the address of a viewing that it has opened for a purpose."""
    client = Client(url)
    client.sign_in(OPERATOR, PASSWORD)
    local = start.astimezone(SEOUL)
    fields: dict[str, str | list[str]] = {
        "camera": [camera], "day": f"{local:%Y-%m-%d}", "start": f"{local:%H:%M:%S}",
        "end": f"{end.astimezone(SEOUL):%H:%M:%S}", "purpose": "crime-prevention", "minutes": "15",
        "case": "T-1", "reason": "",
    }  # fmt: skip
    opened: Answer = client.post("/sites/seoul/view/", fields, page="/accounts/password/change/")
    assert "/viewings/" in opened.url, (opened.status, opened.url, opened.text[-2000:])
    return client, opened.url


def main() -> None:
    """Set Django up and make it."""
    import django

    django.setup()
    from django.core.management import call_command

    from cctv.core import clock
    from cctv.vault import services as vault

    for alias in ("default", "log"):
        call_command("migrate", database=alias, verbosity=0)
    vault.initialise()
    with clock.pretend(datetime.now(UTC) - AGE):
        site, cameras, administrator = _register()
    sys.stdout.write(json.dumps(_sources(site, cameras, administrator)) + "\n")


def _register() -> tuple[Any, dict[str, Any], Any]:
    from cctv.people import services as people
    from cctv.sites import services as register

    organisation = register.create_organisation(name="Saebyeok Freight", contact="privacy@example.org")
    purpose = register.create_purpose(
        actor=None, organisation=organisation, code="crime-prevention", name="Crime prevention"
    )
    site = register.create_site(
        actor=None, organisation=organisation, code="seoul", name="Baram Hub", address="Seoul",
        time_zone="Asia/Seoul", jurisdiction="KR", storage_place="Security office",
    )  # fmt: skip
    register.add_rule(actor=None, scope=site, days=30)
    zone = register.create_zone(actor=None, site=site, name="Gate", kind="entrance")
    cameras = {code: _camera(site, zone, code, purpose) for code in CAMERAS}
    accounts = {}
    for email, role in ((OPERATOR, "operator"), (ADMINISTRATOR, "administrator")):
        accounts[role] = people.create_account(
            actor=None, email=email, name=role.title(), employer="Guard Co.", password=PASSWORD
        )
        people.grant_role(actor=None, account=accounts[role], role=role)
    return site, cameras, accounts["administrator"]


def _camera(site: Any, zone: Any, code: str, purpose: Any) -> Any:
    from cctv.sites import services as register
    from cctv.sites.jurisdictions import profile_of

    return register.create_camera(
        actor=None, site=site, code=code, name=code.title(), zone=zone, location="Main gate",
        openness="open", legal_basis=profile_of(site.jurisdiction).legal_bases[0][0],
        scope_text="Inbound lane", purposes=[purpose],
    )  # fmt: skip


def _sources(site: Any, cameras: Mapping[str, Any], administrator: Any) -> dict[str, str]:
    from django.conf import settings

    from cctv.ingest.recorders import create_recorder
    from cctv.ingest.sources import add_source

    folder = Path(str(settings.LETHE_DROP_ROOT)) / "drop"
    folder.mkdir(parents=True, exist_ok=True)
    values = {
        "name": "Drop", "layout": "ffmpeg", "folder": str(folder), "camera": cameras["drop"],
        "pattern": "%Y-%m-%d_%H-%M-%S.mp4", "time_zone": "UTC",
    }  # fmt: skip
    add_source(actor=administrator, terminal="tests", site=site, values=values)
    _recorder, token = create_recorder(
        actor=administrator, terminal="tests", site=site, name="NVR",
        cameras=[cameras["gate"], cameras["wide"]],
    )  # fmt: skip
    return {"token": token, "folder": str(folder)}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
