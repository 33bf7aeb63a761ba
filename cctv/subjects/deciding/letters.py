"""The letter that tells a decision, in the requester's language (O28).

For the operator and a lawyer to check. It says what was asked and looked at, what is decided and why, how to
object and to whom else to turn, and until when the footage is kept. Who decided is not named: the sender is.
"""

import json
from collections.abc import Mapping
from dataclasses import replace

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from cctv.core import clock
from cctv.core.pdf import Document
from cctv.subjects.clocks import stored
from cctv.subjects.clocks.rules import COPY, CORRECTION, ERASURE, RESTRICTION, WATCHED
from cctv.subjects.deciding import paper, words
from cctv.subjects.deciding.models import Decision, Outcome
from cctv.subjects.delivering import erasing
from cctv.subjects.profiles import SEEING, ground_text, profile_of
from cctv.subjects.requests import details
from cctv.templatetags import _times

# Grounds that are about others in the picture; with any other, the letter says that they are not the reason.
ABOUT_OTHERS = frozenset({"others", "harm"})
COURT = frozenset({"EU", "UK"})
_OPENINGS = {
    Outcome.GRANTED: gettext_lazy(
        "We have looked into the request that we received from you on %(day)s, and we grant it. What happens"
        " now is written below."
    ),
    Outcome.PARTLY: gettext_lazy(
        "We have looked into the request that we received from you on %(day)s, and we grant a part of it."
        " What we cannot grant, why, and what you can do if you do not agree is written below."
    ),
    Outcome.REFUSED: gettext_lazy(
        "We have looked into the request that we received from you on %(day)s. We are sorry that we cannot"
        " grant it. Why, and what you can do if you do not agree, is written below."
    ),
    Outcome.POSTPONED: gettext_lazy(
        "We cannot yet answer the request that we received from you on %(day)s. Why, and when you have our"
        " answer, is written below."
    ),
    Outcome.NONE_HELD: gettext_lazy(
        "We have looked into the request that we received from you on %(day)s. We hold no footage of that"
        " kind. What we have searched, and what you can do if you do not agree, is written below."
    ),
}
_DONE = {
    ERASURE: gettext_lazy(
        "It is erased so that it cannot be restored. Those to whom we gave it are asked to erase it too."
    ),
    RESTRICTION: gettext_lazy(
        "The footage is no longer used: nobody can watch it, take it out or pass it on. It stays until you"
        " agree that it goes on, or until its time is over."
    ),
    CORRECTION: gettext_lazy("What is recorded is corrected. Those to whom we gave it are told."),
    WATCHED: gettext_lazy(
        "Who has watched the footage, when and what for, stands on the page of your request, with a proof for"
        " each line that our log was not changed."
    ),
}


def decision_letter(
    decision: Decision, language: str = "", *, told: Mapping[str, str] | None = None
) -> bytes:  # fmt: skip
    """The letter as PDF. `told`: the opened details of the decision ("text", "searched"), else opened here.

    `language`: "ko", "ja", "en"; "" is the request's. Dates are as if it was sent now unless it was.
    """
    opened = _opened(decision) if told is None else told
    language = language or decision.request.language
    with translation.override(language):
        return _letter(decision, language, opened)


def _opened(decision: Decision) -> Mapping[str, str]:
    data = details.unseal(decision.request, bytes(decision.details), f"decision/{decision.pk}")
    found: Mapping[str, str] = json.loads(data) if data else {}
    return found


def _letter(decision: Decision, language: str, told: Mapping[str, str]) -> bytes:
    request, at = decision.request, decision.sent_at or clock.now()
    title = _("How we have decided on your request")
    if decision.outcome == Outcome.POSTPONED:
        title = _("We need more time for your request")
    sheet = paper.letter(request, language, title, at)
    sheet.text(str(_OPENINGS[Outcome(decision.outcome)]) % {"day": words.day(request, request.received_at)})
    sections = [_asked(decision, told), *_SECTIONS[Outcome(decision.outcome)](decision, told)]
    if decision.outcome != Outcome.GRANTED:
        sections.append(_objection(decision))
    sections.append(_kept(decision))
    written = [each for each in sections if each.has_words]
    for number, section in enumerate(written, 1):
        if section is written[-1]:
            sheet.keep(paper.END_MM)
        section.write(sheet, number)
    paper.close(sheet)
    return sheet.to_bytes()


class Section:
    """A numbered part: facts, then paragraphs."""

    def __init__(
        self, title: str, paragraphs: list[str], facts: list[tuple[str, str]] | None = None
    ) -> None:  # fmt: skip
        """Empty paragraphs are left out."""
        self.title, self.facts = title, facts or []
        self.paragraphs = [each for each in paragraphs if each.strip()]

    @property
    def has_words(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.facts or self.paragraphs)

    def write(self, sheet: Document, number: int) -> None:
        """Into the letter."""
        sheet.heading(f"{number}. {self.title}", level=2, before=paper.ABOVE_MM)
        if self.facts:
            sheet.facts(self.facts, label_share=0.22)
            sheet.space(0.5)
        for each in self.paragraphs:
            sheet.text(each)


def _asked(decision: Decision, told: Mapping[str, str]) -> Section:
    searched = told.get("searched", "")
    facts = words.facts(decision.request)
    return Section(
        _("What you asked for, and what we have looked at") if searched else _("What you asked for"),
        [], [*facts, *([(_("Searched"), searched)] if searched else [])],
    )  # fmt: skip


def _way(decision: Decision) -> list[str]:
    """What happens with what is granted."""
    request = decision.request
    if request.kind == COPY:
        days = profile_of(request.jurisdiction).result_days
        return [
            _("You can watch the footage on the page of your request, or fetch it from there, for %(days)d"
              " days from the day of this letter. If we have agreed that you watch it at our place, you see"
              " it there.") % {"days": days},
            _("Other people in it have been made unrecognisable."),
        ]  # fmt: skip
    if request.kind == ERASURE and decision.outcome == Outcome.PARTLY:
        parts = "\n".join(_named(decision, each) for each in erasing.parts_of(decision))
        return [_("This part of the footage is erased:"), parts, str(_DONE[ERASURE])]
    return [str(_DONE.get(request.kind, ""))]


def _named(decision: Decision, part: erasing.Part) -> str:
    """Camera and time, to the second, on the site's clocks."""
    zone = words.zone_of(decision.request)
    start, end = (_times.localise(each, zone) for each in (part.starts_at, part.ends_at))
    return f"{part.camera.name}: {' '.join(_times.span(start, end, seconds=True))}"


def _granted(decision: Decision, told: Mapping[str, str]) -> list[Section]:
    return [Section(_("What we do"), [told.get("text", ""), *_way(decision)])]


def _partly(decision: Decision, told: Mapping[str, str]) -> list[Section]:
    return [
        Section(_("What we do"), _way(decision)),
        Section(_("What we cannot grant, and why"), _why(decision, told)),
    ]


def _refused(decision: Decision, told: Mapping[str, str]) -> list[Section]:
    return [Section(_("Why we cannot grant it"), _why(decision, told))]


def _why(decision: Decision, told: Mapping[str, str]) -> list[str]:
    request = decision.request
    grounds = [ground_text(request.jurisdiction, code) for code in decision.grounds]
    lines = [told.get("text", "")]
    if grounds:
        between = pgettext("between the items of a list", "; ")
        lines.append(_("This rests on: %(grounds)s.") % {"grounds": between.join(grounds)})
    if request.kind in SEEING and not ABOUT_OTHERS & set(decision.grounds):
        lines.append(_("That other people are in the picture is not the reason."))
    return lines


def _postponed(decision: Decision, told: Mapping[str, str]) -> list[Section]:
    request = decision.request
    sections = [Section(_("Why it takes longer"), [told.get("text", "")])]
    if (ends := decision.postponed_until) is None:
        return sections
    reckoned = stored.clock_of(request)
    days = {"cause": words.day(request, ends)}
    if not reckoned.rule.postponed_days:
        return sections
    days["due"] = words.last_day(request, replace(reckoned, cause_ends_at=ends).due_at)
    told_when = _("What keeps us from answering is over on %(cause)s, as far as we know. You have our answer"
                  " without delay after that, on %(due)s at the latest.")  # fmt: skip
    return [*sections, Section(_("When you have our answer"), [told_when % days])]


def _none_held(decision: Decision, told: Mapping[str, str]) -> list[Section]:
    return [Section(_("Why there is none"), [told.get("text", "")])]


_SECTIONS = {
    Outcome.GRANTED: _granted, Outcome.PARTLY: _partly, Outcome.REFUSED: _refused,
    Outcome.POSTPONED: _postponed, Outcome.NONE_HELD: _none_held,
}  # fmt: skip


def _objection(decision: Decision) -> Section:
    request = decision.request
    until = request.objection_until or words.objection_until(request, decision.sent_at or clock.now())
    lines = [
        _("Tell us until %(day)s: on the page of your request, by telephone or by letter. Somebody who had no"
          " part in this decision looks at it again.") % {"day": words.last_day(request, until)},
        words.others_to_turn_to(request),
    ]  # fmt: skip
    if request.jurisdiction in COURT:
        lines.append(_("You may also go to court."))
    return Section(_("If you do not agree"), lines)


def _kept(decision: Decision) -> Section:
    request = decision.request
    if decision.outcome == Outcome.NONE_HELD or words.kept_by(request) is None:
        return Section("", [])
    if decision.outcome == Outcome.POSTPONED:
        line = _("The footage that you named is kept until our answer, and %(days)d days from then.") % {
            "days": profile_of(request.jurisdiction).objection_days
        }
        return Section(_("How long the footage is kept"), [line])
    until = request.objection_until or words.objection_until(request, decision.sent_at or clock.now())
    line = _("The footage that you named is kept until %(day)s. If you object, it is kept until that is"
             " decided.") % {"day": words.last_day(request, until)}  # fmt: skip
    return Section(_("How long the footage is kept"), [line])
