"""Flag rules that any project can use: each small, each able to say in words why it fired.

A rule looks at one entry and at the time before it (`History`), never at the clock, at chance or at what
other rules found: run again, it says the same. It gives back numbers, times and ids (`facts`), never names;
`why` makes the sentence of them, in the reader's language. A project makes instances with its own kinds of
entry and lists them in ACCESSLOG_RULES. Only what people configure elsewhere and hand in as a callable (duty
hours) may change an answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accesslog.review.history import History, Row
from accesslog.review.ruling import Facts as Facts
from accesslog.review.ruling import Rule as Rule
from accesslog.review.ruling import Seen as Seen


@dataclass(frozen=True)
class Duty:
    """What is known of a person's hours at a moment: whether they were on duty, and the hours of that day."""

    on: bool
    hours: Sequence[str] = ()


@dataclass(frozen=True)
class OutsideDuty(Rule):
    """Outside the hours that are set for the person, or else for the site. Without hours it marks nothing."""

    duty: Callable[[str, str, datetime], Duty | None]

    code: ClassVar[str] = "outside_duty"
    name: ClassVar[Any] = gettext_lazy("Outside duty hours")

    def look(self, entry: Seen, history: History) -> Facts | None:
        if not entry.actor or not entry.site:
            return None
        duty = self.duty(entry.site, entry.actor, entry.time)
        if duty is None or duty.on:
            return None
        return {"at": f"{entry.time.astimezone(entry.zone):%H:%M}", "hours": list(duty.hours)}

    def why(self, facts: Mapping[str, Any]) -> str:
        if not facts["hours"]:
            return _("At %(at)s, on a day without duty.") % {"at": facts["at"]}
        return _("At %(at)s; duty on that day is %(hours)s.") % {
            "at": facts["at"], "hours": ", ".join(facts["hours"])
        }  # fmt: skip

    def says(self) -> str:
        return _("What a person does outside the duty hours of that person, or else of the site.")


@dataclass(frozen=True)
class MuchMore(Rule):
    """Much more footage on one day than this person usually takes. Marked once a day, where it tips over."""

    factor: int = 3
    minutes: int = 60
    days: int = 28
    days_known: int = 5

    code: ClassVar[str] = "much_more"
    name: ClassVar[Any] = gettext_lazy("Much more than usual")
    labels: ClassVar[Mapping[str, Any]] = {
        "factor": gettext_lazy("Times the person's usual day"),
        "minutes": gettext_lazy("Minutes of footage at least"),
        "days": gettext_lazy("Days looked back"),
        "days_known": gettext_lazy("Days with viewings that it needs to know what is usual"),
    }

    def look(self, entry: Seen, history: History) -> Facts | None:
        if not entry.actor:
            return None
        today = entry.time.astimezone(entry.zone).date()

        def seconds(back: int, before: int) -> int:
            return history.seconds(
                kinds=self.kinds, actor=entry.actor, day=today - timedelta(days=back), zone=entry.zone,
                before=before, running=not back,
            )  # fmt: skip

        before, after = seconds(0, entry.index), seconds(0, entry.index + 1)
        if after < self.minutes * 60:
            return None
        past = [found for back in range(1, self.days + 1) if (found := seconds(back, entry.index))]
        if len(past) < self.days_known:
            return None
        usual = int(median(past))
        if not before < max(self.minutes * 60, self.factor * usual) <= after:
            return None
        return {"minutes": after // 60, "usual": usual // 60, "days": self.days}

    def why(self, facts: Mapping[str, Any]) -> str:
        return _(
            "%(minutes)d minutes of footage on this day so far; this person's usual day in the %(days)d days"
            " before has %(usual)d."
        ) % {name: facts[name] for name in ("minutes", "usual", "days")}

    def says(self) -> str:
        return _(
            "The entry by which a person's footage of a day reaches %(factor)d times their own median of the"
            " last %(days)d days, and at least %(minutes)d minutes."
        ) % {"factor": self.factor, "days": self.days, "minutes": self.minutes}


@dataclass(frozen=True)
class AgainAndAgain(Rule):
    """The same person opens the same camera again and again. Marked at every `times`-th time."""

    times: int = 6
    days: int = 7

    code: ClassVar[str] = "again_and_again"
    name: ClassVar[Any] = gettext_lazy("Same person, same camera, again and again")
    labels: ClassVar[Mapping[str, Any]] = {
        "times": gettext_lazy("Times"),
        "days": gettext_lazy("Within days"),
    }

    def look(self, entry: Seen, history: History) -> Facts | None:
        if not entry.actor:
            return None
        since = entry.time - timedelta(days=self.days)
        for camera in entry.cameras:
            count = history.count(
                kinds=self.kinds, since=since, before=entry.index + 1, actor=entry.actor, camera=camera
            )
            if count >= self.times and count % self.times == 0:
                return {"times": count, "days": self.days, "camera": camera}
        return None

    def why(self, facts: Mapping[str, Any]) -> str:
        return _("This person opened this camera %(times)d times within %(days)d days.") % {
            "times": facts["times"], "days": facts["days"]
        }  # fmt: skip

    def says(self) -> str:
        return _(
            "The time by which a person has opened the same camera %(times)d times within %(days)d days, and"
            " then each time after %(times)d more."
        ) % {"times": self.times, "days": self.days}  # fmt: skip


@dataclass(frozen=True)
class OtherPurpose(Rule):
    """Use for a purpose that the cameras are not run for.

    The entry says so: `intended` of its purpose, or beside it. Where it does not, `codes` are such purposes.
    """

    codes: tuple[str, ...] = ("other",)

    code: ClassVar[str] = "other_purpose"
    name: ClassVar[Any] = gettext_lazy("Another purpose")

    def look(self, entry: Seen, history: History) -> Facts | None:
        purpose = entry.body.get("purpose")
        stated = purpose if isinstance(purpose, Mapping) else {}
        code, intended = str(stated.get("code", "")), stated.get("intended", entry.body.get("intended"))
        if intended is None:
            intended = code not in self.codes
        return None if intended else {"purpose": code}

    def why(self, facts: Mapping[str, Any]) -> str:
        return _("The stated purpose is none of those that the cameras are run for.")

    def says(self) -> str:
        return _("Every use for a purpose that the cameras are not run for.")


@dataclass(frozen=True)
class AfterIncident(Rule):
    """Soon after an incident on a camera, somebody looks at that footage without naming the case."""

    incidents: tuple[str, ...] = ()
    hours: int = 72

    code: ClassVar[str] = "after_incident"
    name: ClassVar[Any] = gettext_lazy("Soon after an incident, without its case")
    labels: ClassVar[Mapping[str, Any]] = {"hours": gettext_lazy("Hours after the incident was noted")}

    def look(self, entry: Seen, history: History) -> Facts | None:
        since = entry.time - timedelta(hours=self.hours)
        for row in entry.rows:
            if not row.camera or row.footage_from_us is None or row.footage_to_us is None:
                continue
            noted = history.incidents(
                kinds=self.incidents, camera=row.camera, since=since, before=entry.index
            )
            told = {each.case for each in noted if each.case and each.case == row.case}
            for each in noted:
                if not told and each.case and _overlap(each, row):
                    return {"case": each.case, "camera": row.camera, "incident": each.index}
        return None

    def why(self, facts: Mapping[str, Any]) -> str:
        return _(
            "Entry %(incident)d notes an incident in this footage, case %(case)s, which is not named here."
        ) % {"incident": facts["incident"], "case": facts["case"]}

    def says(self) -> str:
        return _(
            "Footage of an incident, opened within %(hours)d hours after it was noted, without its case."
        ) % {"hours": self.hours}


def _overlap(one: Row, other: Row) -> bool:
    if None in (one.footage_from_us, one.footage_to_us):
        return False
    return one.footage_from_us < other.footage_to_us and other.footage_from_us < one.footage_to_us  # type: ignore[operator]


@dataclass(frozen=True)
class Refused(Rule):
    """Refused again and again. Whoever is not known is told apart by the terminal.

    Where a project logs refusals only now and then, `repeated` of the body counts more of them before the one
    that the entry tells of; `since` and `until` (RFC 3339) are the times of the first and of that one. What
    is not known to lie within the minutes is told as what it is.
    """

    times: int = 3
    minutes: int = 10

    code: ClassVar[str] = "refused"
    name: ClassVar[Any] = gettext_lazy("Refused attempts")
    labels: ClassVar[Mapping[str, Any]] = {
        "times": gettext_lazy("Times"),
        "minutes": gettext_lazy("Within minutes"),
    }

    def look(self, entry: Seen, history: History) -> Facts | None:
        if not entry.actor and not entry.terminal:
            return None
        who = {"actor": entry.actor} if entry.actor else {"terminal": entry.terminal}
        more = repeated if isinstance(repeated := entry.body.get("repeated"), int) else 0
        since, until = (_moment(entry.body.get(name)) for name in ("since", "until"))
        last, window = until or entry.time, timedelta(minutes=self.minutes)
        count = history.count(kinds=self.kinds, since=last - window, before=entry.index + 1, **who)
        if more and since is not None and since >= last - window:
            return {"times": count + more, "minutes": self.minutes} if count + more >= self.times else None
        if more >= self.times:
            span = {} if since is None else {"span": math.ceil((last - since).total_seconds() / 60)}
            return {"times": count, "minutes": self.minutes, "more": more, **span}
        if count < self.times or count % self.times:
            return None
        return {"times": count, "minutes": self.minutes}

    def why(self, facts: Mapping[str, Any]) -> str:
        times, minutes = facts.get("more", facts["times"]), facts.get("span", facts["minutes"])
        if "more" in facts and "span" not in facts:
            return ngettext(
                "Refused, and before that %(n)d more time without an entry.",
                "Refused, and before that %(n)d more times without an entry.",
                times,
            ) % {"n": times}
        return _("Refused %(times)d times within %(minutes)d minutes.") % {"times": times, "minutes": minutes}

    def says(self) -> str:
        return _(
            "The refusal by which a person, or a terminal, was refused %(times)d times within %(minutes)d"
            " minutes."
        ) % {
            "times": self.times, "minutes": self.minutes
        }  # fmt: skip


@dataclass(frozen=True)
class DownloadReason(Rule):
    """Copies that leave the system: without a reason, with hardly one, or a person's first of its kind.

    A reason is what the person wrote, the purpose that they stated, or the case that they named. `stated`:
    kinds whose entries hold no reason because the project asks for it elsewhere and insists on it.
    """

    stated: tuple[str, ...] = ()
    characters: int = 5
    days: int = 365

    code: ClassVar[str] = "download_reason"
    name: ClassVar[Any] = gettext_lazy("Reasons of downloads")
    labels: ClassVar[Mapping[str, Any]] = {
        "characters": gettext_lazy("Characters of a reason at least"),
        "days": gettext_lazy("Days after which something is the first of its kind again"),
    }

    def look(self, entry: Seen, history: History) -> Facts | None:
        reason, given = _reason(entry.body), entry.kind in self.stated or _is_stated(entry)
        if not reason and not given:
            return {"what": "missing"}
        if reason and len(reason) < self.characters and not _case(entry):
            return {"what": "short", "characters": len(reason)}
        since = entry.time - timedelta(days=self.days)
        earlier = entry.actor and history.count(
            kinds=(entry.kind,), since=since, before=entry.index, actor=entry.actor
        )
        return None if earlier or not entry.actor else {"what": "first", "days": self.days}

    def why(self, facts: Mapping[str, Any]) -> str:
        if facts["what"] == "missing":
            return _("A copy without a reason.")
        if facts["what"] == "short":
            count = int(facts["characters"])
            return ngettext(
                "A copy with a reason of %(n)d character.", "A copy with a reason of %(n)d characters.", count
            ) % {"n": count}
        return _("This person's first copy of this kind within %(days)d days.") % {"days": facts["days"]}

    def says(self) -> str:
        return _(
            "Copies without purpose, reason and case, with a reason of fewer than %(characters)d characters,"
            " and a person's first of its kind within %(days)d days."
        ) % {"characters": self.characters, "days": self.days}


def _moment(text: Any) -> datetime | None:
    """The moment that a field says, if it does."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _case(entry: Seen) -> str:
    return next((row.case for row in entry.rows if row.case), "")


def _is_stated(entry: Seen) -> bool:
    """Whether the entry says why, if only by a chosen purpose or a case."""
    purpose = entry.body.get("purpose")
    chosen = isinstance(purpose, Mapping) and (purpose.get("code") or purpose.get("text"))
    return bool(chosen or (isinstance(purpose, str) and purpose.strip()) or _case(entry))


def _reason(body: Mapping[str, Any]) -> str:
    """The reason in the person's own words: `reason` of the body, or of its purpose."""
    purpose = body.get("purpose")
    found = body.get("reason") or (purpose.get("reason") if isinstance(purpose, Mapping) else "")
    return str(found or "").strip()
