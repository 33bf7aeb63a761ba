"""The order of the questions, and what their answers make: a draft of a request."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import get_language, gettext_lazy

from cctv.sites.models import Camera, Site
from cctv.sites.selectors import ended_before
from cctv.subjects.portal import questions
from cctv.subjects.portal.answers import Answers, Value
from cctv.subjects.portal.questions import Question, Words
from cctv.subjects.portal.when import WhenQuestion
from cctv.subjects.requests.details import Details
from cctv.subjects.requests.models import Channel, Claimant
from cctv.subjects.requests.receiving import Draft

CHECK = "check"


@dataclass(frozen=True, slots=True)
class Step:
    """A page of the wizard: the end of its address, its form, and what the progress line calls it."""

    name: str
    form: type[Question]
    label: Words


STEPS = (
    Step("kind", questions.KindQuestion, gettext_lazy("Your request")),
    Step("about", questions.AboutQuestion, gettext_lazy("In the footage")),
    Step("site", questions.SiteQuestion, gettext_lazy("Which of our places")),
    Step("place", questions.PlaceQuestion, gettext_lazy("Part of the place")),
    Step("when", WhenQuestion, gettext_lazy("Day and time")),
    Step("whom", questions.WhomQuestion, gettext_lazy("Who it is for")),
    Step("subject", questions.SubjectQuestion, gettext_lazy("In whose name")),
    Step("looks", questions.LooksQuestion, gettext_lazy("What to look for")),
    Step("why", questions.WhyQuestion, gettext_lazy("Your reason")),
    Step("contact", questions.ContactQuestion, gettext_lazy("Your name and contact")),
)
BY_NAME = {step.name: step for step in STEPS}


def steps_of(answers: Answers) -> list[Step]:
    """The pages that these answers need, in order."""
    return [step for step in STEPS if _is_needed(step.name, answers)]


def _is_needed(name: str, answers: Answers) -> bool:
    if name == "site":
        return len(questions.sites_in_use()) > 1
    if name == "subject":
        return answers.text("whom", "whom") in (Claimant.GUARDIAN, Claimant.AGENT)
    return True


def form_of(step: Step, answers: Answers, *, bound: bool) -> Question:
    """The form of a page, filled with what was written there; `bound` checks it."""
    if bound:
        return step.form(dict(answers.of(step.name)), answers=answers)
    return step.form(initial=answers.of(step.name), answers=answers)


def given_of(step: Step, answers: Answers, post: Any) -> dict[str, Value]:
    """What was sent for a page: its fields only."""
    form = step.form(answers=answers)
    return {
        name: post.getlist(name) if form[name].widget_type == "checkboxselectmultiple" else post.get(name, "")
        for name in form.fields
    }


def is_answered(step: Step, answers: Answers) -> bool:
    """Whether the page was answered, and its answer still holds."""
    return step.name in answers.steps and form_of(step, answers, bound=True).is_valid()


def next_of(answers: Answers) -> str:
    """The first page that is still to be answered; the check page when none is."""
    return next((step.name for step in steps_of(answers) if not is_answered(step, answers)), CHECK)


def previous_of(name: str, answers: Answers) -> str:
    """The page before; "" before the first."""
    names = [step.name for step in steps_of(answers)]
    here = names.index(name) if name in names else len(names)
    return names[here - 1] if here else ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What all answers together ask for; `cleaned` by page."""

    cleaned: dict[str, dict[str, Any]]
    site: Site
    cameras: list[Camera]
    named: tuple[datetime, datetime]
    margin: timedelta

    @property
    def held(self) -> tuple[datetime, datetime]:
        """The span with the margin of who is unsure."""
        return self.named[0] - self.margin, self.named[1] + self.margin

    def says(self, step: str, name: str) -> Any:
        """An answer; "" where the page was not needed."""
        return self.cleaned.get(step, {}).get(name, "")

    def probably_gone(self) -> bool:
        """Whether by the rules none of it is left."""
        ended = ended_before(self.cameras).values()
        return bool(ended) and all(self.held[1] <= moment for moment in ended)


def asked_of(answers: Answers) -> Asked | None:
    """What is asked for; None while a page is not answered."""
    site = questions.site_of(answers)
    if next_of(answers) != CHECK or site is None:
        return None
    forms = {step.name: form_of(step, answers, bound=True) for step in steps_of(answers)}
    for form in forms.values():
        form.full_clean()
    place = forms["place"]
    assert isinstance(place, questions.PlaceQuestion)
    when = forms["when"].cleaned_data
    return Asked(
        cleaned={name: form.cleaned_data for name, form in forms.items()},
        site=site,
        cameras=place.cameras(),
        named=when["span"],
        margin=timedelta(minutes=when["margin"]),
    )


def draft_of(asked: Asked) -> Draft:
    """What is received."""
    facts: dict[str, Any] = {
        "kind": asked.says("kind", "kind"),
        "about": asked.says("about", "about"),
        "claimant": asked.says("whom", "whom"),
        "language": (get_language() or "en").split("-")[0],
        "site": asked.site,
        "cameras": asked.cameras,
        "starts_at": asked.named[0],
        "ends_at": asked.named[1],
        "margin_minutes": int(asked.margin / timedelta(minutes=1)),
        "is_urgent": bool(asked.says("why", "urgent")),
        "channel": Channel.PORTAL,
        "details": details_of(asked),
    }
    return Draft(**facts)


def details_of(asked: Asked) -> Details:
    """What names persons, for the sealed part of the request."""
    said = {
        "name": ("contact", "name"),
        "email": ("contact", "email"),
        "phone": ("contact", "phone"),
        "place": ("place", "words"),
        "looks": ("looks", "looks"),
        "plate": ("looks", "plate"),
        "reason": ("why", "reason"),
        "subject_name": ("subject", "name"),
        "relation": ("subject", "relation"),
        "correction": ("why", "correction"),
    }
    return Details(**{name: str(asked.says(*where)) for name, where in said.items()})
