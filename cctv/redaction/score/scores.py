"""What was counted, and the figures that follow from it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from heapq import heappush, heappushpop
from typing import Any

from cctv.redaction.score.geometry import COVERED_ENOUGH, VISIBLE_ENOUGH

KEPT_WORST = 1000


@dataclass(frozen=True, order=True)
class Seen:
    """A head, face or plate in one picture: what can be said of it, and the share that shows."""

    frame: int
    identity: str
    kind: str
    what: str
    showing: float


@dataclass
class Score:
    """Counts of a clip. Percentages are None where nothing was there to be counted."""

    subject: str | None
    reveal: bool
    first: int
    last: int
    scale: float = 1.0
    pictures: int = 0
    plain: int = 0  # pictures of the output that stand for none of the source
    regions: int = 0
    changed: float = 0.0
    needless: float = 0.0
    latest_ms: float | None = None
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    exposed_of: Counter[str] = field(default_factory=Counter)
    _worst: list[tuple[float, Seen]] = field(default_factory=list)
    _needless: list[tuple[float, int]] = field(default_factory=list)
    _start: tuple[float, float] | None = None

    def add(self, seen: Seen, *, subject: bool) -> None:
        """Count one."""
        self.regions += 1
        kind = "subject" if subject else "plate" if seen.kind == "plate" else "head"
        self.counts[kind, seen.what] += 1
        if seen.what != "judged":
            return
        if subject:
            visible = seen.showing >= VISIBLE_ENOUGH
            self.counts[kind, "visible"] += visible
            if not visible:
                self._keep(1 - seen.showing, seen)
        elif 1 - seen.showing < COVERED_ENOUGH:
            self.counts[kind, "exposed"] += 1
            self.exposed_of[seen.identity] += 1
            self._keep(1 + seen.showing, seen)

    def _keep(self, how_bad: float, seen: Seen) -> None:
        (heappush if len(self._worst) < KEPT_WORST else heappushpop)(self._worst, (how_bad, seen))

    def covered(self, frame: int, changed: float, needless: float) -> None:
        """Shares of one picture that changed, and that changed outside of everybody."""
        self.pictures += 1
        self.changed += changed
        self.needless += needless
        (heappush if len(self._needless) < KEPT_WORST else heappushpop)(self._needless, (needless, frame))

    def times(self, source_ms: float | None, output_ms: float | None) -> None:
        """How far an output's picture lies from where the source shows it, both from their first ones on."""
        if source_ms is None or output_ms is None:
            return
        self._start = self._start or (source_ms, output_ms)
        off = abs((output_ms - self._start[1]) - (source_ms - self._start[0]))
        self.latest_ms = max(self.latest_ms or 0.0, off)

    def percent(self, kind: str, what: str) -> float | None:
        """Of those of a kind that were judged."""
        judged = self.counts[kind, "judged"]
        return 100 * self.counts[kind, what] / judged if judged else None

    @property
    def heads_exposed_pct(self) -> float | None:
        """Heads of others that show, of all that the source shows."""
        return self.percent("head", "exposed")

    @property
    def plates_exposed_pct(self) -> float | None:
        """Plates of others that show, of all that the source shows."""
        return self.percent("plate", "exposed")

    @property
    def subject_visible_pct(self) -> float | None:
        """Pictures in which the subject's head shows, of those where nothing nearer hides it."""
        return self.percent("subject", "visible") if self.subject is not None else None

    @property
    def overblur_pct(self) -> float | None:
        """The picture's share that is covered where nobody is, on average; not applicable to `reveal`."""
        return None if self.reveal or not self.pictures else 100 * self.needless / self.pictures

    def worst(self, count: int) -> dict[str, list[dict[str, Any]]]:
        """The worst moments: exposed heads and plates, a hidden subject, much needlessly covered."""
        ranked = [seen for _bad, seen in sorted(self._worst, key=lambda each: (-each[0], each[1]))]
        exposed = [seen for seen in ranked if seen.identity != self.subject]
        hidden = [seen for seen in ranked if seen.identity == self.subject]
        needless = sorted(self._needless, reverse=True) if not self.reveal else []
        return {
            "exposed": [_told(seen) for seen in exposed[:count]],
            "subject_hidden": [_told(seen) for seen in hidden[:count]],
            "overblur": [{"frame": frame, "pct": _rounded(100 * share)} for share, frame in needless[:count]],
        }

    def figures(self) -> dict[str, Any]:
        """All of it, for JSON. Percentages have three decimals; null means that nothing could be counted."""
        counts = self.counts
        return {
            "mode": "reveal" if self.reveal else "hide",
            "subject": self.subject,
            "frames": [self.first, self.last],
            "pictures": self.pictures,
            "plain_pictures": self.plain,
            "scale": _rounded(self.scale),
            "heads_exposed_pct": _rounded(self.heads_exposed_pct),
            "subject_visible_pct": _rounded(self.subject_visible_pct),
            "overblur_pct": _rounded(self.overblur_pct),
            "plates_exposed_pct": _rounded(self.plates_exposed_pct),
            "changed_pct": _rounded(100 * self.changed / self.pictures) if self.pictures else None,
            "time_off_ms": _rounded(self.latest_ms),
            **{
                name: {what: counts[kind, what] for what in ("judged", told, "blank", "outside")}
                for name, kind, told in (
                    ("heads", "head", "exposed"),
                    ("plates", "plate", "exposed"),
                    ("subject_frames", "subject", "visible"),
                )
            },
            "exposed_of": dict(self.exposed_of.most_common()),
        }


def _told(seen: Seen) -> dict[str, Any]:
    shown = _rounded(100 * seen.showing)
    return {"frame": seen.frame, "identity": seen.identity, "kind": seen.kind, "shown_pct": shown}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
