"""A copy leaves the house, in three people's browsers: asked for in a viewing, approved by a second person,
packaged by the job, fetched by a police officer with a phone and checked with what lies in it, offline."""

import hashlib
import io
import re
import subprocess
import sys
import time
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import av
import pytest
from playwright.sync_api import Browser, Page, expect

from accesslog import conf
from cctv.disclosure.exports.models import Export, ExportState, FileKind
from cctv.disclosure.packaging.work import package_due
from tests.disclosure.packaging import helping
from tests.footage.conftest import Room, room
from tests.media.clips import clip
from tests.redaction.test_browser_editor import Enter, enter, sound

__all__ = ["enter", "room"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(180),
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
]

RECIPIENT = "서울마포경찰서 형사과"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
# The span begins a second after the keyframe that a clip of it has to begin with.
BEGINS_S, KEYFRAME_S, FPS = 3, 2, 25
OFFICER_S = 60  # with a machine that has other work: two minutes are promised


def test_a_copy_is_asked_for_approved_packaged_fetched_and_checked(
    room: Room, enter: Enter, live_server: Any, chromium: Browser, tmp_path: Path
) -> None:
    stage(room)
    operator = enter(room)
    export = asks_in_a_viewing(operator, room)
    cannot_approve_it(operator, room, export)
    approves(enter(room, helping.approver(room)), export)
    package_due()
    export.refresh_from_db()
    assert (export.state, export.error) == (ExportState.READY, "")
    link, code = makes_a_link(operator, export)

    begun = time.monotonic()
    archive = fetches(chromium, live_server.url, link, code, tmp_path)
    folder = unpacked(archive, tmp_path / "package")
    assert program(folder) == (0, "")
    assert in_a_browser(chromium, folder / "check.html", archive) == ("good", [])
    assert time.monotonic() - begun < OFFICER_S

    shows_what_was_recorded(export, folder)
    a_flipped_byte_is_named(chromium, export, folder, tmp_path)


def stage(room: Room) -> None:
    """Two cameras with a Korean and a Japanese name, their hour closed."""
    for camera, name in ((room.gate, "정문 1"), (room.yard, "東の庭")):
        camera.name = name
        camera.save(update_fields=["name"])
    for number in range(3):
        room.record(room.yard, room.starts_at + timedelta(seconds=4 * number))
    helping.hour_closed()


def asks_in_a_viewing(page: Page, room: Room) -> Export:
    """From the room's own link: cameras, span and purpose are there; the rest is typed."""
    session = room.open(room.gate, room.yard, seconds=10)
    page.goto(f"/viewings/{session.pk}/")
    address = page.locator("a[href*='/exports/new/']").first.get_attribute("href")
    assert address
    page.goto(address)
    begins = (room.starts_at + timedelta(seconds=BEGINS_S)).astimezone(ZoneInfo(room.site.time_zone))
    for row in range(2):
        page.locator(f"[name=span-{row}-starts]").fill(f"{begins:%Y-%m-%dT%H:%M:%S}")
    page.locator("[name=case_title]").fill("Broken gate")
    page.locator("[name=recipient]").fill(RECIPIENT)
    page.locator("[name=person]").fill("오세린")
    page.locator("[name=ground][value=law]").check()
    page.locator("[name=document]").fill("2026-118")
    page.locator("[name=upload]").set_input_files(
        {"name": "영장.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    page.locator("#id_language").select_option("ko")
    sound(page)
    page.get_by_role("button", name="Ask for it").click()
    page.wait_for_url(re.compile("/exports/E-[0-9-]+/$"))
    export = Export.objects.get()
    assert (export.state, export.recipient, export.spans.count()) == (ExportState.ASKED, RECIPIENT, 2)
    assert export.hold is not None
    return export


def cannot_approve_it(page: Page, room: Room, export: Export) -> None:
    """Neither is there a button, nor would it help."""
    expect(page.locator("main")).to_contain_text("somebody else decides")
    expect(page.get_by_role("button", name=re.compile("^Approve"))).to_have_count(0)
    said = {"verdict": "approve", "seen": "", "remark": ""}
    answer = room.client(room.operator).post(f"/exports/{export.number}/decide/", said)
    assert answer.status_code in (302, 403)
    export.refresh_from_db()
    assert export.state == ExportState.ASKED


def approves(page: Page, export: Export) -> None:
    """Out of the inbox, with the password once more."""
    page.goto("/inbox/")
    page.locator(f"a[href*='/exports/{export.number}/']").first.click()
    sound(page)
    page.get_by_role("button", name=re.compile("^Approve")).click()
    gives_the_password(page)
    expect(page.get_by_role("button", name=re.compile("^Approve"))).to_have_count(0)
    export.refresh_from_db()
    assert export.state == ExportState.APPROVED


def gives_the_password(page: Page) -> None:
    page.locator("[name=password]").fill("pw")
    page.keyboard.press("Enter")
    expect(page.locator("[name=password]")).to_have_count(0)


def makes_a_link(page: Page, export: Export) -> tuple[str, str]:
    """The address and the code, which are shown once."""
    page.goto(f"/exports/{export.number}/")
    page.get_by_role("link", name="Make a link").click()
    gives_the_password(page)
    page.locator("[name=person]").fill("오세린")
    page.locator("form button.btn--primary").click()
    secrets = [page.locator(f"[data-secret={name}]").inner_text() for name in ("link", "code")]
    return secrets[0], secrets[1]


def fetches(chromium: Browser, base: str, link: str, code: str, to: Path) -> Path:
    """An officer's phone that was never here: link, code, download."""
    context = chromium.new_context(
        base_url=base, locale="ko-KR", viewport={"width": 390, "height": 844}, has_touch=True
    )
    page = context.new_page()
    page.goto(link[link.index("/d/") :])
    page.fill("#code", code)
    page.click("button.btn")
    expect(page.locator("dl.sum")).to_contain_text("東の庭")
    sound(page)
    with page.expect_download() as download:
        page.click("a.btn[download]")
    archive = to / download.value.suggested_filename
    download.value.save_as(archive)
    context.close()
    return archive


def unpacked(archive: Path, to: Path) -> Path:
    """With Python's own tool, and as `unzip` does it; both see the same names."""
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        opened.extractall(to)
        names = set(opened.namelist())
    told = subprocess.run(
        ["unzip", "-Z1", str(archive)], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}
    )
    assert set(told.stdout.decode().splitlines()) == names
    for camera in ("정문 1", "東の庭"):
        assert any(name.startswith("clips/") and camera in name for name in names)
    return to


def program(folder: Path) -> tuple[int, str]:
    """check.py in a process of its own, with the log's key: its code, and what it finds wrong with clips."""
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "check.py"), "--key", key(), str(folder)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    wrong = [line for line in done.stdout.splitlines() if "clips/" in line] if done.returncode else []
    return done.returncode, "\n".join(wrong) or (done.stdout if done.returncode else "")


def key() -> str:
    """As the organisation published it."""
    return conf.signer().verifier_key()


def in_a_browser(chromium: Browser, check: Path, archive: Path) -> tuple[str | None, list[str]]:
    """check.html from the disk, without a network: what it says, and the files it finds fault with."""
    context = chromium.new_context(offline=True, locale="ja-JP")
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(check.as_uri())
    page.fill("#key", key())
    page.set_input_files("#zip", str(archive))
    page.wait_for_selector("body[data-done=yes]", timeout=30_000)
    state = page.get_attribute(".result", "data-state")
    faults = page.eval_on_selector_all(".fault", "all => all.map(each => each.dataset.file)")
    context.close()
    assert [url for url in asked if not url.startswith(("file:", "blob:"))] == []
    return state, faults


def shows_what_was_recorded(export: Export, folder: Path) -> None:
    """Each picture of each clip is the recorder's, bit for bit, from the keyframe before the span on; no
    edit list hides what lies before it."""
    for code, first in (("gate", 0), ("yard", 3)):  # the recordings of one camera, then of the other
        # Two, where an hour ended meanwhile.
        clips = list(export.files.filter(kind=FileKind.CLIP, camera__code=code).order_by("starts_at"))
        shown = [each for row in clips for each in pictures_of(folder / row.name)]
        recorded = [each for n in range(3) for each in pictures_of(io.BytesIO(clip_number(first + n)))]
        begins = KEYFRAME_S * FPS
        assert len(shown) >= (10 - KEYFRAME_S) * FPS
        assert shown == recorded[begins : begins + len(shown)]
        assert not any(b"elst" in (folder / row.name).read_bytes() for row in clips)
        assert clips[0].facts["clip"]["pre_roll_us"] == 1_000_000 * (BEGINS_S - KEYFRAME_S)


def clip_number(number: int) -> bytes:
    """The same file as `Room.record` made in its turn."""
    return clip(seconds=4, first_number=100 * number)


def pictures_of(place: Any) -> list[str]:
    """The hash of each decoded picture, in the order of showing."""
    with av.open(place, mode="r") as container:
        return [hashlib.sha256(each.to_ndarray().tobytes()).hexdigest() for each in container.decode(video=0)]


def a_flipped_byte_is_named(chromium: Browser, export: Export, folder: Path, tmp_path: Path) -> None:
    """Both verifiers name the file."""
    row = export.files.filter(kind=FileKind.CLIP).order_by("name")[0]
    data = bytearray((folder / row.name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / row.name).write_bytes(data)
    code, said = program(folder)
    assert code == 1
    assert row.name in said
    archive = tmp_path / "flipped.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                packed.write(path, path.relative_to(folder).as_posix())
    state, faults = in_a_browser(chromium, folder / "check.html", archive)
    assert state == "bad"
    assert row.name in faults
