"""Invariant 2, on a running installation: whatever came in and went out, no file holds a clear frame.

Runs of bytes are taken from the packets of every recording that is handed in, and from every picture that is
sent (as recorded, converted, small, still), and looked for in all files of the home, of the server's own
TMPDIR and of its log: sealed objects, SQLite databases, their write-ahead logs, keys, everything. First while
the server runs, then after it has stopped.
"""

import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.demo.browser import Answer, Client
from tests.media.clips import clip, packets_of
from tests.servers import office
from tests.servers.lethe import LiveLethe
from tests.servers.office import Office, view

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.servers]

RUN = 64
# Small pictures are made by a job that beat wakes each 5 s.
THUMB_WITHIN_S = 45


def runs_of(payloads: Iterable[bytes]) -> list[bytes]:
    """Several runs of 64 bytes of each payload, none of them so regular that it could be there by chance."""
    found = []
    for payload in payloads:
        for place in (len(payload) // 3, len(payload) // 2, len(payload) - RUN):
            run = payload[max(0, place) : place + RUN]
            if len(set(run)) >= RUN // 2:
                found.append(run)
    return found


def files_with(runs: Sequence[bytes], folder: Path) -> dict[str, int]:
    """File below the folder -> how many of the runs it holds; only files that hold any."""
    found = {}
    for path in sorted(folder.rglob("*")):
        try:
            content = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:
            continue  # a recording that was taken in meanwhile
        if count := sum(run in content for run in runs):
            found[str(path.relative_to(folder))] = count
    return found


def recordings() -> dict[str, bytes]:
    """What comes in: with sound, of another codec, and two that break off; all with grain, so that no packet
    is like another."""
    options = {"seconds": 3, "noise": 60}
    return {
        "folder": clip(audio="aac", **options),
        "upload": clip(codec="hevc", first_number=100, **options),
        "cut, folder": clip(first_number=200, **options)[:-5000],
        "cut, upload": clip(first_number=300, **options)[:-5000],
    }


def let_in(made: Office, live: LiveLethe, start: datetime, clips: dict[str, bytes]) -> None:
    """Hand everything in and wait until the watched folder is empty."""
    made.drop(start, clips["folder"])
    made.drop(start + timedelta(minutes=1), clips["cut, folder"])
    assert made.upload(live.port, "gate", start, clips["upload"])[0] == 201
    assert made.upload(live.port, "wide", start, clips["cut, upload"])[0] == 422
    end = time.monotonic() + 20
    while [path for path in made.folder.iterdir() if path.suffix == ".mp4"]:
        assert time.monotonic() < end, live.server.output()[-2000:]
        time.sleep(0.1)


def look_at(live: LiveLethe, camera: str, start: datetime) -> list[bytes]:
    """Everything that a viewer can get of a camera: parts, the small picture, a still."""
    client, viewing = view(live.url, camera, start, start + timedelta(seconds=3))
    base = f"{viewing}{camera}/"
    part, segment = re.findall(r"^(([0-9a-f-]+)/\d+\.m4s\S*)$", client.get(f"{base}index.m3u8").text, re.M)[0]
    still = client.post(
        f"{base}still.jpg",
        {"at": f"{start + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}", "reason": "the van"},
        page=viewing,
    )
    sent = [client.get(base + part), still, thumbnail(client, f"{base}{segment}/thumb.jpg")]
    assert [answer.status for answer in sent] == [200, 200, 200]
    return [answer.body for answer in sent]


def thumbnail(client: Client, path: str) -> Answer:
    end = time.monotonic() + THUMB_WITHIN_S
    while (answer := client.get(path)).status == 404 and time.monotonic() < end:
        time.sleep(0.5)
    return answer


def slices(body: bytes) -> list[bytes]:
    """A body in pieces of 2 KB, without its head."""
    return [body[place : place + 2000] for place in range(1000, len(body) - 200, 2000)] or [body]


def test_invariant_2_no_file_holds_a_clear_frame_after_everything_came_in_and_was_looked_at(
    live_lethe: Callable[..., LiveLethe], tmp_path: Path
) -> None:
    made = office.make(tmp_path / "live" / "home")
    live = live_lethe(home=made.home)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    clips = recordings()
    let_in(made, live, start, clips)
    sent = [body for camera in ("drop", "gate") for body in look_at(live, camera, start)]
    packets = [packet for name in ("folder", "upload") for packet in packets_of(clips[name])]
    broken = [piece for name in ("cut, folder", "cut, upload") for piece in slices(clips[name])]
    runs = runs_of([*packets, *broken, *(piece for body in sent for piece in slices(body))])
    assert len(runs) > 500
    places = {path.suffix for path in (tmp_path / "live").rglob("*") if path.is_file()}
    assert {".sqlite3", ".sqlite3-wal", ".index", ".thumb", ".log"} <= places, places
    assert files_with(runs, tmp_path / "live") == {}
    live.stop()
    assert files_with(runs, tmp_path / "live") == {}


def test_the_search_finds_clear_frames_in_a_file_and_in_a_database_and_its_log(tmp_path: Path) -> None:
    """The control: the same search over the same recordings, kept in clear."""
    clips = recordings()
    data = clips["folder"]
    runs = runs_of(packets_of(data))
    assert len(runs) > 100
    (tmp_path / "somewhere").mkdir()
    (tmp_path / "somewhere" / "clear.mp4").write_bytes(b"x" * 999 + data)
    with sqlite3.connect(tmp_path / "clear.sqlite3") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE kept (data BLOB)")
        database.execute("INSERT INTO kept VALUES (?)", [data])
        database.commit()
        found = files_with(runs, tmp_path)
    database.close()
    assert found["somewhere/clear.mp4"] == len(runs)
    assert found["clear.sqlite3-wal"] > 0.9 * len(runs)
    assert files_with(runs_of(packets_of(clips["upload"])), tmp_path) == {}, "and nothing that is not there"
