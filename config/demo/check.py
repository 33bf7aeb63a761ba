"""`manage.py demo --check`: the promises, tried over HTTP on a fresh home.

One JSON line says what was seen.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from config.demo import asking
from config.demo.browser import Client
from config.demo.plan import CAMERAS, PASSWORD, SITES
from config.settings.env import BASE_DIR

CAMERA = next(plan for plan in CAMERAS if plan.code == "corridor-b")
ZONE = ZoneInfo(next(site.time_zone for site in SITES if site.code == CAMERA.site))
READY_WITHIN_S = 180
PURGED_WITHIN_S = 60
# A segment of the demonstration lasts about ten seconds; it is browsable soon after its file is closed.
INGESTED_WITHIN_S = 30


class Broken(Exception):
    """A promise that did not hold."""


def run(*, output: TextIO) -> bool:
    """Start a demonstration in a throw-away home, try it, stop it. True if every promise held."""
    seen: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="lethe-check-") as folder:
        home = Path(folder) / "home"
        server, base = _start(home)
        try:
            _wait(
                lambda: Client(base).get("/readyz").status == 200, READY_WITHIN_S, "the server became ready"
            )
            seen |= try_promises(base)
            seen |= {"receipt": _receipt(base, home), "verify": _verify(home)}
            seen["ok"] = seen["ok"] and seen["receipt"] == "opened" and seen["verify"] == "passed"
        except Broken as problem:
            seen |= {"ok": False, "start": f"failed: {problem}"}
        finally:
            server.terminate()
            server.wait(timeout=30)
    output.write(json.dumps(seen) + "\n")
    return bool(seen["ok"])


def try_promises(base: str) -> dict[str, Any]:
    """Each promise in turn against a running demonstration; what was seen, and `ok`."""
    seen: dict[str, Any] = {"ok": True}
    for name, step in STEPS:
        try:
            seen[name] = step(base)
        except Exception as problem:  # whatever went wrong, the promise did not hold
            return seen | {name: f"failed: {type(problem).__name__}: {problem}", "ok": False}
    return seen


def _start(home: Path) -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(BASE_DIR / "manage.py"), "demo", "--port", str(port)]
    server = subprocess.Popen(command, env=_environment(home), stdout=subprocess.DEVNULL)
    return server, f"http://127.0.0.1:{port}"


def _environment(home: Path) -> dict[str, str]:
    """This process's environment without its own home: the check never touches an installation."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LETHE_")}
    kept.pop("REDIS_URL", None)
    return {**kept, "LETHE_HOME": str(home)}


def _wait(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """How long it took until the condition held; Broken if it never did."""
    started = time.monotonic()
    while True:
        try:
            if condition():
                return round(time.monotonic() - started, 1)
        except OSError:
            pass  # nobody listens yet
        if time.monotonic() - started > seconds:
            raise Broken(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.5)


def _require(condition: object, what: str) -> None:
    if not condition:
        raise Broken(what)


def _operator(base: str) -> Client:
    client = Client(base)
    client.sign_in("operator@demo.lethe", PASSWORD)
    return client


def _ingest(base: str) -> dict[str, Any]:
    """Footage is there, and a new segment of the watched folder becomes browsable."""
    started = time.monotonic()
    segments = _figures(base)["lethe_segments"]
    _require(segments > 0, "no segment was ingested")

    def came_in() -> bool:
        return _figures(base)["lethe_seconds_since_last_ingest"] < time.monotonic() - started

    took = _wait(came_in, INGESTED_WITHIN_S, "a file of a watched folder came in")
    return {"segments": int(segments), "watched_folder_s": took}


def _refused(base: str) -> str:
    """Without a purpose nothing opens; without a viewing nothing is served."""
    client = _operator(base)
    path = f"/sites/{CAMERA.site}/view/"
    answer = client.post(path, _span(), page=_sheet())
    _require(answer.status == 400, f"a viewing without purpose answered {answer.status}")
    stranger = Client(base).get("/viewings/00000000-0000-7000-8000-000000000000/corridor-b/index.m3u8")
    _require("accounts/login" in stranger.url, "footage was offered without signing in")
    return "refused"


def _viewed(base: str) -> dict[str, Any]:
    """With a purpose, parts come; and the log says so."""
    client = _operator(base)
    fields = {**_span(), "purpose": "crime-prevention", "minutes": "15", "case": "CHECK-1", "reason": ""}
    opened = client.post(f"/sites/{CAMERA.site}/view/", fields, page=_sheet())
    _require(opened.status == 200 and "/viewings/" in opened.url, f"the viewing answered {opened.status}")
    base_path = opened.url.rstrip("/") + f"/{CAMERA.code}/"
    playlist = client.get(base_path + "index.m3u8").text
    parts = re.findall(r"^[0-9a-f-]+/\d+\.m4s\S*$", playlist, re.M)
    init = re.search(r'URI="([^"]+)"', playlist)
    _require(parts and init, "the playlist is empty")
    assert init
    head = client.get(base_path + init.group(1))
    body = client.get(base_path + parts[0])
    _require(head.status == body.status == 200 and b"ftyp" in head.body[:16], "the part did not come")
    _require(b"moof" in body.body[:64], "the part is not fragmented MP4")
    client.post(opened.url + "close/", {}, page=opened.url)
    after = client.get(base_path + parts[0])
    _require(after.status == 403, f"a closed viewing still answered {after.status}")
    officer = Client(base)
    officer.sign_in("privacy@demo.lethe", PASSWORD)
    log = officer.get("/log/").text
    _require("CHECK-1" in log or "Corridor B" in log, "the log does not show the viewing")
    return {"parts": len(parts), "part_bytes": len(body.body), "refused_after_close": after.status}


def _purged(base: str) -> dict[str, Any]:
    """What had expired when the demonstration started is destroyed within a minute, with certificates."""
    took = _wait(
        lambda: _figures(base)["lethe_segments_overdue"] == 0, PURGED_WITHIN_S, "the purge of expired footage"
    )
    officer = Client(base)
    officer.sign_in("privacy@demo.lethe", PASSWORD)
    number = ""

    def certified() -> bool:
        nonlocal number
        found = re.search(r"DC-\d{4}-\d+", officer.get("/retention/").text)
        number = found.group(0) if found else ""
        return bool(number)

    _wait(certified, PURGED_WITHIN_S, "a certificate of destruction")
    return {"purged_s": took, "certificate": number}


def _asked(base: str) -> dict[str, Any]:
    """Somebody who was filmed has asked: the desk has it to do, and its footage is held."""
    _require(Client(base).get("/portal/").status == 200, "the portal does not answer")
    officer = Client(base)
    officer.sign_in("privacy@demo.lethe", PASSWORD)
    found = re.search(r"R-\d{4}-[0-9A-Z]{6}", officer.get("/requests/").text)
    _require(found, "the desk has nothing to do")
    assert found
    hold = re.search(r"H-\d{4}-\d+", officer.get(f"/requests/{found.group(0)}/").text)
    _require(hold, "the footage of the request is not held")
    assert hold
    return {"reference": found.group(0), "held": hold.group(0)}


STEPS: tuple[tuple[str, Callable[[str], Any]], ...] = (
    ("ingest", _ingest),
    ("view_without_purpose", _refused),
    ("view_with_purpose", _viewed),
    ("purge", _purged),
    ("request", _asked),
)


def _receipt(base: str, home: Path) -> str:
    """What the demonstration tells opens the page of its request, and nothing else does."""
    reference, secret = asking.receipt(home)
    for word, opens in ((secret, True), (secret[::-1], False)):
        page = Client(base).post("/portal/open/", {"reference": reference, "secret": word})
        if page.url.endswith("/portal/status/") != opens:
            return f"failed: the page {'is not' if opens else 'is'} opened"
    return "opened"


def _figures(base: str) -> dict[str, float]:
    rows = re.findall(r"^(lethe_\w+) (\S+)$", Client(base).get("/metrics").text, re.M)
    return {name: float(value) for name, value in rows}


def _span() -> dict[str, str | list[str]]:
    now = datetime.now(ZONE)
    start = now - timedelta(minutes=6)
    return {
        "camera": [CAMERA.code],
        "day": f"{start:%Y-%m-%d}",
        "start": f"{start:%H:%M:%S}",
        "end": f"{now - timedelta(minutes=3):%H:%M:%S}",
    }


def _sheet() -> str:
    from urllib.parse import urlencode

    return f"/sites/{CAMERA.site}/view/?{urlencode(_span(), doseq=True)}"


def _verify(home: Path) -> str:
    """The log proves itself."""
    command = [sys.executable, str(BASE_DIR / "manage.py"), "log", "verify"]
    done = subprocess.run(command, env=_environment(home), capture_output=True, text=True, check=False)
    return "passed" if done.returncode == 0 else f"failed: {done.stdout}{done.stderr}"[:400]
