"""How well people are hidden and shown: each person in turn as the subject, and an operator's corrections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cctv.redaction.looking.facts import FrameFacts
from cctv.redaction.resolve import Edit, Known, Resolved
from cctv.redaction.score.measure import measure
from cctv.redaction.score.scene import Scene
from cctv.redaction.score.scores import Score
from cctv.redaction.score.truth import Truth
from cctv.redaction.tracks.boxes import Box, iou
from tests.bench._redaction_run import Span, decide, looked, rendered, size_of

MOST_CORRECTIONS = 5
# How little a box may share with the truth's before an operator corrects it.
WRONG = 0.4
# How long after a doubtful moment an operator still looks, in pictures.
AFTER = 5


@dataclass
class Half:
    """A stretch of the clip, redacted as if it were a clip of its own."""

    source: Path
    truth: Truth
    scene: Scene
    span: Span
    folder: Path
    facts: list[FrameFacts] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.facts = looked(self.source, self.span)
        self.known = Known(self.facts)
        self.size = size_of(self.source)
        self.truth = self.truth.scaled(*self.size)

    def path_of(self, subject: str) -> dict[int, Box]:
        """Where somebody is, by picture of this half, in portions of the picture."""
        wide, high = self.size
        first, last = self.span
        return {
            frame - first: (box[0] / wide, box[1] / high, box[2] / wide, box[3] / high)
            for frame, box in self.truth.path_of(subject).items()
            if first <= frame <= last
        }

    def score(self, resolved: Resolved, subject: str | None) -> Score:
        """Render it and measure the file."""
        output = self.folder / "output.mp4"
        rendered(self.source, output, resolved, self.facts, self.span)
        reveal = resolved.settings.mode == "reveal"
        return measure(
            output,
            self.source,
            self.truth,
            subject=subject,
            frames=self.span,
            reveal=reveal,
            scene=self.scene,
        )

    def decide(self, edits: list[Edit], mode: str) -> Resolved:
        """What is drawn with these edits."""
        return decide(self.known, edits, mode, self.size)


def figures(half: Half, mode: str, *, most: int | None, tell: Callable[[str], None]) -> dict[str, Any]:
    """Pooled over everybody in turn as the subject; `reveal` again after an operator's corrections."""
    plain, corrected, used = [], [], []
    for subject in [each for each in half.truth.identities() if half.path_of(each)][:most]:
        path = half.path_of(subject)
        edits = [_first(path)]
        plain.append(half.score(half.decide(edits, mode), subject))
        told = f"{mode} {subject}: {_told(plain[-1])}"
        if mode == "reveal":
            edits = corrections(half, path, edits)
            used.append(len(edits) - 1)
            corrected.append(half.score(half.decide(edits, mode), subject))
            told += f"; after {used[-1]} corrections {_told(corrected[-1])}"
        tell(told)
    found = pooled(plain)
    if corrected:
        after = pooled(corrected)
        found["heads_exposed_corrected_pct"] = after["heads_exposed_pct"]
        found["subject_visible_corrected_pct"] = after["subject_visible_pct"]
        found["corrections"] = sum(used) / len(used)
        found["corrections_most"] = max(used)
    return found


def _first(path: dict[int, Box]) -> Edit:
    frame = min(path)
    return Edit(1, "subject", {"frame": frame, "box": list(path[frame])})


def corrections(half: Half, path: dict[int, Box], edits: list[Edit]) -> list[Edit]:
    """As an operator would: step through the doubtful moments, set the subject's box where it is wrong.

    Of the moments that are wrong, the one in the longest wrong stretch comes first, as the timeline shows.
    """
    while len(edits) <= MOST_CORRECTIONS:
        resolved = half.decide(edits, "reveal")
        wrong = np.array([_wrong(resolved, path, frame) for frame in range(resolved.frames)])
        corrected = {edit.body["frame"] for edit in edits}
        doubtful = _looked_at(resolved) - corrected
        moments = [(_stretch(wrong, frame), -frame) for frame in doubtful if wrong[frame]]
        if not moments:
            break
        frame = -max(moments)[1]
        body = {"frame": frame, "box": list(path[frame]), "also": True}
        edits = [*edits, Edit(len(edits) + 1, "subject", body)]
    return edits


def _looked_at(resolved: Resolved) -> set[int]:
    frames: set[int] = set()
    for doubt in resolved.doubts:
        frames |= {doubt.first, (doubt.first + doubt.last) // 2, doubt.last}
        frames.add(min(doubt.last + AFTER, resolved.frames - 1))
    return frames


def _wrong(resolved: Resolved, path: dict[int, Box], frame: int) -> bool:
    if frame not in path:
        return False
    box = resolved.subject.box(frame) if resolved.subject else None
    if box is None:
        return True
    return float(iou(np.array([box], np.float32), np.array([path[frame]], np.float32))[0, 0]) < WRONG


def _stretch(wrong: Any, frame: int) -> int:
    """How many pictures around this one are wrong without a break."""
    before = np.flatnonzero(~wrong[:frame])
    after = np.flatnonzero(~wrong[frame:])
    first = before[-1] + 1 if len(before) else 0
    stop = frame + after[0] if len(after) else len(wrong)
    return int(stop - first)


def pooled(scores: list[Score]) -> dict[str, Any]:
    """Percentages over all of them together."""

    def percent(kind: str, what: str) -> float | None:
        judged = sum(each.counts[kind, "judged"] for each in scores)
        found = sum(each.counts[kind, what] for each in scores)
        return round(100 * found / judged, 3) if judged else None

    shares = [each.overblur_pct for each in scores if each.overblur_pct is not None]
    return {
        "heads_exposed_pct": percent("head", "exposed"),
        "heads": sum(each.counts["head", "judged"] for each in scores),
        "overblur_pct": round(sum(shares) / len(shares), 3) if shares else None,
        "plates_exposed_pct": percent("plate", "exposed"),
        "subject_visible_pct": percent("subject", "visible"),
        "subjects": len(scores),
    }


def _told(score: Score) -> str:
    found = score.figures()
    parts = [f"exposed {found['heads_exposed_pct']} %", f"subject visible {found['subject_visible_pct']} %"]
    if found["overblur_pct"] is not None:
        parts.append(f"needlessly covered {found['overblur_pct']} %")
    return ", ".join(parts)
