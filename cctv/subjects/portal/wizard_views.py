"""The questions, the check page, and sending."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from cctv.subjects.portal import limits, receipt_views, sessions, throttle, wizard, words
from cctv.subjects.portal.answers import LONGEST_TOKEN, Answers, drop_lock, give_lock, lock_of
from cctv.subjects.portal.errors import AnswersTooLong, NothingHere
from cctv.subjects.portal.pages import page, public, remember_language, terminal
from cctv.subjects.requests import receiving
from cctv.subjects.requests.models import RequestKind

# No person reads and answers ten pages faster.
QUICKEST = timedelta(seconds=4)
# Only machines fill in what nobody sees.
TRAP = "homepage"


@public()
def begin(request: HttpRequest) -> HttpResponseBase:
    """Start: an empty sheet, with what the link said already."""
    answers = Answers()
    if (kind := request.GET.get("kind", "")) in RequestKind.values:
        answers.write("kind", {"kind": kind})
    response = redirect("portal")
    lock = give_lock(response, lock_of(request))
    response["Location"] = _address(wizard.next_of(answers), answers, lock)
    return response


@public()
def leave(request: HttpRequest) -> HttpResponseBase:
    """Go without sending: nothing that was written opens any more."""
    response = redirect("portal")
    drop_lock(response)
    return response


@public("POST")
@sensitive_post_parameters()
@sensitive_variables()
def question(request: HttpRequest, name: str) -> HttpResponseBase:
    """One question."""
    step = wizard.BY_NAME.get(name)
    if step is None:
        raise NothingHere
    answers = _answers(request)
    if answers is None:
        return page(request, "cctv/subjects/portal/lost_answers.html", status=400)
    if request.method != "POST":
        return _show(request, step, answers)
    answers.write(name, wizard.given_of(step, answers, request.POST))
    lock = lock_of(request)
    go = request.POST.get("go", "next")
    if go.startswith("lang-"):
        response = redirect(_address(name, answers, lock))
        remember_language(response, go.removeprefix("lang-"))
        return response
    if go == "back":
        before = wizard.previous_of(name, answers)
        return redirect(_address(before, answers, lock) if before else reverse("portal"))
    if not wizard.is_answered(step, answers):
        return redirect(_address(name, answers, lock, wrong=True))
    return redirect(_address(wizard.next_of(answers), answers, lock))


def _show(request: HttpRequest, step: wizard.Step, answers: Answers) -> HttpResponseBase:
    wrong = "e" in request.GET
    form = wizard.form_of(step, answers, bound=wrong)
    steps = wizard.steps_of(answers)
    if step not in steps:
        return redirect(_address(wizard.next_of(answers), answers, lock_of(request)))
    context = {
        **_progress(request, steps, steps.index(step) + 1, step.label),
        "form": form, "step": step.name, "wrong": wrong and not form.is_valid(),
        "is_first": step is steps[0], "errors": _errors(form) if wrong else [],
    }  # fmt: skip
    template = "when" if step.name == "when" else "question"
    return page(request, f"cctv/subjects/portal/{template}.html", context)


def _errors(form: Any) -> list[tuple[str, str]]:
    """Each error with the field that it is about."""
    return [
        (form[name].id_for_label or name, each) for name in form.fields for each in form.errors.get(name, ())
    ]


def _progress(request: HttpRequest, steps: list[wizard.Step], at: int, label: Any) -> dict[str, Any]:
    total = len(steps) + 1
    bars = ["done" if n < at else "now" if n == at else "" for n in range(1, total + 1)]
    return {"answers": request.GET.get("a", ""), "at": at, "total": total, "label": label, "bars": bars}


@public("POST")
@sensitive_post_parameters()
@sensitive_variables()
def check(request: HttpRequest) -> HttpResponseBase:
    """Everything once more; then it is sent."""
    answers = _answers(request)
    if answers is None:
        return page(request, "cctv/subjects/portal/lost_answers.html", status=400)
    asked = wizard.asked_of(answers)
    if asked is None:
        return redirect(_address(wizard.next_of(answers), answers, lock_of(request)))
    error = ""
    if request.method == "POST":
        go = request.POST.get("go", "next")
        if go == "back":
            return redirect(_address(wizard.previous_of(wizard.CHECK, answers), answers, lock_of(request)))
        error = _declined(request, answers)
        if not error:
            return _send(request, asked, answers)
    steps = wizard.steps_of(answers)
    context = {
        **_progress(request, steps, len(steps) + 1, _("Look it over")),
        "answers": answers.sealed(lock_of(request)),
        "rows": words.rows_of(asked, answers), "asked": asked, "error": error, "trap": TRAP,
        "is_frozen": limits.is_frozen(asked.says("kind", "kind")),
        "is_gone": asked.probably_gone(), "when": words.when_lines(asked),
    }  # fmt: skip
    return page(request, "cctv/subjects/portal/check.html", context, status=400 if error else 200)


def _declined(request: HttpRequest, answers: Answers) -> str:
    """Why it is not sent yet."""
    if request.POST.get(TRAP, ""):
        return _("Leave the field “Homepage” empty, then send it again.")
    if answers.age() < QUICKEST:
        return _("That was very quick. Look it over once more, then send it again.")
    if request.POST.get("true") != "yes":
        return _("Confirm that what you wrote is true.")
    return ""


@sensitive_variables()
def _send(request: HttpRequest, asked: wizard.Asked, answers: Answers) -> HttpResponseBase:
    throttle.count_sent(request)
    received = receiving.receive(wizard.draft_of(asked), terminal=terminal(request), draft_id=answers.draft)
    response = redirect("portal-receipt")
    sessions.begin(response, received.request)
    receipt_views.remember(response, received.request, received.secret)
    drop_lock(response)
    return response


def _answers(request: HttpRequest) -> Answers | None:
    token = request.POST.get("a", "") or request.GET.get("a", "")
    return Answers.opened(token, lock_of(request))


def _address(name: str, answers: Answers, lock: bytes, *, wrong: bool = False) -> str:
    token = answers.sealed(lock)
    if len(token) > LONGEST_TOKEN:
        raise AnswersTooLong
    path = reverse("portal-check") if name == wizard.CHECK else reverse("portal-question", args=[name])
    return f"{path}?{urlencode({'a': token} | ({'e': 1} if wrong else {}))}"
