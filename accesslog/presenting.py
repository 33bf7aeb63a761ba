"""Entries and proofs in the shape that the pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accesslog import conf, registry, sentences
from accesslog.errors import EventRefused
from accesslog.labels import LABELS
from accesslog.proofs import Proof
from accesslog.selectors import Listed

MAX_DRAWN = 5
_STEP_X, _STEP_Y, _LEFT, _TOP = 44, 26, 60, 14
_IN_META = ("case", "terminal")


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the list."""

    index: int
    at: datetime
    day: date
    icon: str
    say: SafeString | str
    meta: Sequence[str]
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A drawn step of a proof: from (x, y) up to (to_x, to_y), with the neighbour's hash beside."""

    x: int
    y: int
    to_x: int
    to_y: int
    hash: str

    @property
    def side_x(self) -> int:
        return self.to_x + _STEP_X

    @property
    def box_x(self) -> int:
        return self.side_x - 4

    @property
    def box_y(self) -> int:
        return self.y - 4

    @property
    def text_x(self) -> int:
        return self.side_x + 10

    @property
    def text_y(self) -> int:
        return self.y + 4


@dataclass(frozen=True, slots=True)
class Drawing:
    """A proof as a picture."""

    steps: Sequence[Neighbour]
    height: int
    left_x: int
    left_y: int
    root_x: int
    root_y: int


def line(entry: Listed, zone: tzinfo, *, personal: bool) -> Line:
    """An entry for the list."""
    at = entry.time.astimezone(zone)
    icon, tone = "info", ""
    if entry.body is None:
        say: SafeString | str = problem(entry)
        icon, tone = ("expiring", "") if entry.problem == "erased" else ("warn", "warn")
        return Line(entry.index, at, at.date(), icon, say, (), tone)
    try:
        event_type = registry.get(entry.kind)
        say = sentences.sentence_html(entry.body, entry.kind, personal=personal)
    except EventRefused:
        return Line(
            entry.index, at, at.date(), icon, _("An event of the kind %(kind)s.") % {"kind": entry.kind}, ()
        )
    shown = dict(sentences.details(entry.body, entry.kind, personal=personal))
    meta = [shown[name] for name in _IN_META if name in shown and name not in _placed(event_type)]
    if "case" in shown and "case" not in _placed(event_type):
        meta[0] = _("case %(case)s") % {"case": meta[0]}
    return Line(entry.index, at, at.date(), event_type.icon or icon, say, meta)


def _placed(event_type: registry.EventType) -> set[str]:
    return registry.placeholders(str(event_type.sentence))


def problem(entry: Listed) -> str:
    """What is shown of an entry whose body is not there."""
    if entry.problem == "erased":
        return _("What this entry said was erased when the log's own retention ended.")
    return _("This entry is damaged: what it said is not what was logged.")


def facts(entry: Listed, *, personal: bool) -> list[tuple[str, str]]:
    """(label, value) of the details that the reader may see."""
    if entry.body is None:
        return []
    try:
        shown = sentences.details(entry.body, entry.kind, personal=personal)
    except EventRefused:
        return []
    found = dict(shown)
    actor = entry.body.get("actor")
    if isinstance(actor, dict):
        found |= {
            name: sentences.show(name, actor[name], UTC) for name in ("role", "employer") if actor.get(name)
        }
    if "from" in found and "to" in found:
        found["footage"] = f"{found.pop('from')}–{found.pop('to')}"
    known = labels()
    order = [*(name for name in known if name in found), *(name for name in found if name not in known)]
    return [(label(name, entry.kind), found[name]) for name in order]


def labels() -> dict[str, Any]:
    """Field of a body to its label, in the order in which details are shown: the log's own, the project's."""
    return {**LABELS, **conf.labels()}


def label(name: str, kind: str = "") -> str:
    """The label of a field: its own within this kind ("log.prune.below"), else the field's."""
    known = labels()
    return str(known.get(f"{kind}.{name}") or known.get(name) or name.replace("_", " ").capitalize())


def zone_of_entry(entry: Listed) -> tzinfo:
    """The zone of the entry's site, else the active one."""
    site = (entry.body or {}).get("site")
    name = str(site.get("zone") or "") if isinstance(site, dict) else ""
    return zone_named(name) or timezone.get_current_timezone()


def zone_named(name: str) -> ZoneInfo | None:
    """The zone of that name, if there is one."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        # A name that is a folder of the zone database, or too long for a file, is an OSError.
        return None


def known_labels(entries: Iterable[Listed], *, personal: bool) -> dict[str, list[tuple[str, str]]]:
    """What recent entries name, as choices of the filter line."""
    found: dict[str, dict[str, str]] = {}
    for entry in entries:
        for name in ("actor", "camera", "site", "purpose", "case", "terminal", "cameras"):
            if name in ("actor", "terminal") and not personal:
                continue
            for key, text in _named((entry.body or {}).get(name)):
                named = found.setdefault("camera" if name == "cameras" else name, {})
                named.setdefault(key, sentences.visible(text))
    return {name: sorted(values.items(), key=lambda pair: pair[1]) for name, values in found.items()}


def _named(value: Any) -> list[tuple[str, str]]:
    if isinstance(value, str) and value:
        return [(value, value)]
    if isinstance(value, list):
        return [pair for each in value for pair in _named(each)]
    if isinstance(value, dict) and (key := str(value.get("id") or value.get("code") or "")):
        return [(key, str(value.get("name") or value.get("text") or key))]
    return []


def drawing(proof: Proof) -> Drawing:
    """The last steps of a proof, from the entry up to the root."""
    drawn = proof.neighbours[-MAX_DRAWN:]
    bottom = _TOP + _STEP_Y * len(drawn)
    steps = []
    for number, neighbour in enumerate(drawn):
        x, y = _LEFT + _STEP_X * number, bottom - _STEP_Y * number
        steps.append(Neighbour(x, y, x + _STEP_X, y - _STEP_Y, f"{neighbour.hex()[:4]}…"))
    return Drawing(steps, bottom + 26, _LEFT, bottom, _LEFT + _STEP_X * len(drawn), _TOP)
