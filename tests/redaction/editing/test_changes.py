"""What a decision is answered with: only what it changed, and put together again it is all there is."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from cctv.redaction.editing.memory import LAST

from .conftest import FRAMES, LEFT, RIGHT, Desk

pytestmark = pytest.mark.django_db(databases=["default", "log"])

LARGE = ("tracks", "subject", "basis")
NEXT: Any = {"track": 1, "frame": 60, "box": [0.5, 0.5, 0.2, 0.2]}
STEPS: list[tuple[str, dict[str, Any]]] = [
    ("subject", {"frame": 10, "box": list(LEFT)}),
    ("subject", {"frame": 80, "box": [0.22, 0.4, 0.06, 0.3], "also": True}),
    ("role", {"track": 1, "role": "manual"}),
    ("box", NEXT),
    ("box", {**NEXT, "box": [0.5, 0.5, 0.2, 0.25]}),  # nothing but the box is another
    ("split", {"track": 2, "frame": 50}),
    ("merge", {"into": 1, "track": 2}),
    ("mode", {"mode": "hide"}),
    ("mask", {"id": "h1", "polygon": [[0, 0], [0.5, 0], [0.5, 0.5]]}),
    ("undo", {}),
    ("undo", {}),
    ("redo", {}),
    ("subject", {}),
    ("undo", {}),
]  # fmt: skip


def put_together(held: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """What a browser has after an answer."""
    if "of" not in told:
        return told
    assert told["of"] == held["basis"]
    tracks = {each["number"]: each for each in held["tracks"]} | {
        each["number"]: each for each in told["tracks"]
    }
    subject = told["subject"]
    if subject and subject.pop("patch", False):
        subject = patched(held["subject"], subject)
    kept = [tracks[number] for number in sorted(tracks) if number not in told["gone"]]
    frames = told["frames"] | {"times": held["frames"]["times"]}
    return {**told, "tracks": kept, "subject": subject, "frames": frames}


def patched(held: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    made = {"track": patch["track"], "first": 0}
    for name, size in (("boxes", 8), ("sure", 1)):
        data, new = bytearray(base64.b64decode(held[name])), base64.b64decode(patch[name])
        data[patch["first"] * size : patch["first"] * size + len(new)] = new
        made[name] = base64.b64encode(data).decode()
    return made


def send(desk: Desk, kind: str, body: dict[str, Any], basis: str) -> dict[str, Any]:
    name = "edits.json" if kind not in ("undo", "redo") else f"{kind}.json"
    sent: dict[str, Any] = {"kind": kind, "body": body} if name == "edits.json" else {}
    answer = desk.post(name, **sent, basis=basis)
    assert answer.status_code == 200, answer.content
    told: dict[str, Any] = answer.json()
    return told


def test_changes_put_together_are_what_there_is_after_each_of_them(desk: Desk) -> None:
    held = desk.data().json()
    for kind, body in STEPS:
        told = send(desk, kind, body, held["basis"])
        assert told["of"] == held["basis"], kind
        held = put_together(held, told)
        there = desk.data().json()
        for name in (*LARGE, "frames"):
            assert held[name] == there[name], (kind, name)


def test_a_decision_on_one_track_tells_that_track_and_no_frame_of_another(desk: Desk) -> None:
    before = desk.data().json()
    number = next(each["number"] for each in before["tracks"] if near(each, RIGHT))
    told = send(desk, "role", {"track": number, "role": "show"}, before["basis"])
    assert [each["number"] for each in told["tracks"]] == [number]
    assert ("times" in told["frames"], told["gone"], told["subject"]) == (False, [], None)
    held = put_together(before, told)
    picked = put_together(held, send(desk, "subject", {"frame": 10, "box": list(LEFT)}, held["basis"]))
    again = {"frame": 80, "box": [0.22, 0.4, 0.06, 0.3], "also": True}
    told = send(desk, "subject", again, picked["basis"])
    assert told["subject"]["patch"]
    assert len(base64.b64decode(told["subject"]["sure"])) < FRAMES


def near(track: dict[str, Any], box: tuple[float, ...]) -> bool:
    first = np.frombuffer(base64.b64decode(track["boxes"])[:8], "<u2") / 65535
    return bool(abs(first - box).max() < 0.02)


def test_who_has_something_else_is_told_everything(desk: Desk) -> None:
    held = desk.data().json()
    for basis in ("", "x" * 24, 7, None):
        told = desk.post("edits.json", kind="style", body={"style": "blur"}, basis=basis).json()
        assert "of" not in told
        assert len(told["tracks"]) == len(held["tracks"])
    basis = told["basis"]
    with LAST._lock:
        LAST._kept.clear()  # another process answered the last one
    told = desk.post("undo.json", basis=basis).json()
    assert "of" not in told
    assert told["frames"]["times"]
