"""How well and how fast a redaction hides everyone but its subject, beside deface, which hides faces.

The clip is PETS 2009 S2.L1 with its ground truth, which may not be part of the project: it is looked for in
`../shared/footage`, or in the folder that LETHE_BENCH_PETS names. Its first half is what settings were
tuned on, its second half is the one to go by. Each half is redacted as a clip of its own, with each person in
turn as the subject, who is given by their first box of the truth. Everything is measured on the files that
come out, by `cctv.redaction.score`; times are of whole processes, from file to file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from cctv.redaction.resolve import Edit
from cctv.redaction.score import truth as truths
from cctv.redaction.score.measure import measure
from cctv.redaction.score.scene import Scene, scene_of
from cctv.redaction.score.truth import Truth
from tests.bench import harness
from tests.bench._redaction_people import Half, figures, pooled
from tests.bench._redaction_run import decide, looked, rendered, size_of
from tests.bench._redaction_speed import Ran, cut, deface, installed, ours

PETS = "LETHE_BENCH_PETS"
CLIP, TRUTH = "clips/pets2009-s2l1-frames-0-397.avi", "gt/pets2009-s2l1-frames-0-397.xml"
ROOT = Path(__file__).resolve().parents[2]
GATE, GATE_TRUTH = "config/demo/media/gate-cars.mp4", "tests/redaction/score/gate-cars.json"
HALVES = {"tuned": (0, 198), "reported": (199, 397)}
QUICK_HALVES = {"tuned": (0, 39), "reported": (199, 238)}
QUICK_SUBJECTS = 2
# Pictures whose redaction is timed.
TIMED, QUICK_TIMED = 150, 40
HEIGHTS = {"fps_576": 576, "fps_1080": 1080}
MODES = ("hide", "reveal")


def run(quick: bool) -> dict[str, Any]:
    """Figures of the contract `redaction`."""
    folder = _footage()
    source, truth = folder / CLIP, truths.read(folder / TRUTH)
    scene = scene_of(source, truth)
    with harness.work_folder("redaction") as work:
        people = _people(source, truth, scene, work, quick=quick)
        vehicle = _vehicles(work, quick=quick)
        program = installed()
        speed = _speed(source, truth, program, work, quick=quick)
        peer = _peer(source, truth, scene, program, work, quick=quick)
    for mode in MODES:
        for half in HALVES:
            people[mode][half] |= speed[mode]
    halves = QUICK_HALVES if quick else HALVES
    return {
        **people,
        "vehicle": vehicle,
        "deface": speed["deface"] | peer,
        "ratio_576": round(speed["hide"]["fps_576"] / speed["deface"]["fps_576"], 2),
        "ratio_1080": round(speed["hide"]["fps_1080"] / speed["deface"]["fps_1080"], 2),
        "rounds": harness.rounds(quick),
        "load": {
            "timed_pictures": QUICK_TIMED if quick else TIMED,
            **{k: list(v) for k, v in halves.items()},
        },
    }


def _footage() -> Path:
    named = os.environ.get(PETS)
    folder = Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "footage"
    if not (folder / CLIP).is_file() or not (folder / TRUTH).is_file():
        raise SystemExit(f"{folder} has no {CLIP} and {TRUTH}; name the folder that has them in {PETS}")
    return folder


def _people(source: Path, truth: Truth, scene: Scene, work: Path, *, quick: bool) -> dict[str, Any]:
    found: dict[str, Any] = {mode: {} for mode in MODES}
    for name, span in (QUICK_HALVES if quick else HALVES).items():
        half = Half(source, truth, scene, span, work)
        for mode in MODES:
            most = QUICK_SUBJECTS if quick else None
            found[mode][name] = figures(
                half, mode, most=most, tell=lambda text: print("  ", text, flush=True)
            )
            print(f"{name}: {mode} {found[mode][name]}", flush=True)
    return found


def _vehicles(work: Path, *, quick: bool) -> dict[str, Any]:
    """Whose plates show when each car of the gate in turn is the subject, given where it is seen whole."""
    source, truth = ROOT / GATE, truths.read(ROOT / GATE_TRUTH)
    size, facts, scene = size_of(source), looked(source), scene_of(source, truth)
    found: dict[str, Any] = {}
    for mode in MODES:
        scores = []
        for car in truth.identities()[: QUICK_SUBJECTS if quick else None]:
            path = truth.path_of(car)
            frame = max(path, key=lambda each, path=path: path[each][2] * path[each][3])  # type: ignore[misc]
            left, top, width, height = path[frame]
            box = [left / size[0], top / size[1], width / size[0], height / size[1]]
            edits = [Edit(1, "subject", {"frame": frame, "box": box})]
            resolved = decide(facts, edits, mode, size, "vehicle")
            rendered(source, work / "gate.mp4", resolved, facts)
            reveal = mode == "reveal"
            scores.append(measure(work / "gate.mp4", source, truth, subject=car, reveal=reveal, scene=scene))
        found[mode] = pooled(scores)
        print(f"vehicle: {mode} {found[mode]}", flush=True)
    return found


def _speed(source: Path, truth: Truth, program: Path, work: Path, *, quick: bool) -> dict[str, Any]:
    frames = QUICK_TIMED if quick else TIMED
    box = truth.path_of("9")[0]
    found: dict[str, Any] = {name: {} for name in (*MODES, "deface")}
    for key, height in HEIGHTS.items():
        clip = cut(source, work / f"clip-{height}.mp4", frames, height)
        subject = {"frame": 0, "box": [box[0] / 768, box[1] / 576, box[2] / 768, box[3] / 576]}
        contenders: dict[str, Callable[[], Ran]] = {
            "hide": partial(ours, clip, work / "output.mp4", "hide", []),
            "reveal": partial(ours, clip, work / "output.mp4", "reveal", [("subject", subject)]),
            "deface": partial(deface, program, clip, work / "output.mp4"),
        }
        rounds = harness.interleave(contenders, count=harness.rounds(quick))
        for name, runs in rounds.items():
            found[name] |= _timed(key, runs, frames, found[name].get("peak_mib", 0.0))
            print(f"{name} {key}: {found[name][key]} (spread {found[name]['spread']})", flush=True)
    return found


def _timed(key: str, runs: list[Ran], frames: int, peak: float) -> dict[str, Any]:
    seconds = [each.seconds for each in runs]
    return {
        key: round(frames / harness.median(seconds), 2),
        "spread": round(harness.spread(seconds), 2),
        "peak_mib": round(max(peak, *(each.peak_mib for each in runs)), 1),
    }


def _peer(
    source: Path, truth: Truth, scene: Scene, program: Path, work: Path, *, quick: bool
) -> dict[str, Any]:
    """What the peer leaves to be seen, on the pictures of both halves (quick: on those that were timed)."""
    output = work / "deface.mp4"
    if quick:
        clip = work / f"clip-{HEIGHTS['fps_576']}.mp4"
        deface(program, clip, output)
        score = measure(output, source, truth, frames=(0, QUICK_TIMED - 1), scene=scene)
    else:
        deface(program, source, output)
        score = measure(output, source, truth, scene=scene)
    return {"heads_exposed_pct": score.figures()["heads_exposed_pct"], "overblur_pct": score.overblur_pct}
