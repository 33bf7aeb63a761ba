"""The pages of a case's letters: a new one, what is known of one, and what it says, which is an entry."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cctv.disclosure.cases import letters, selectors
from cctv.disclosure.cases.entries import CHANGE, SEE
from cctv.disclosure.cases.forms import LetterForm
from cctv.disclosure.cases.models import CaseState, Letter
from cctv.disclosure.cases.views import case_or_404, done
from cctv.people.access import Request, requires
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound


@require_http_methods(["GET", "POST"])
@requires(CHANGE)
def letter_new(request: Request, number: str) -> HttpResponse:
    """A letter with a text, a file or both."""
    found = case_or_404(request, number, CHANGE)
    if found.state != CaseState.OPEN:
        return redirect("case", number)
    form = LetterForm(request.POST, request.FILES) if request.method == "POST" else LetterForm()
    if form.is_bound and form.is_valid() and done(
        form,
        lambda: letters.add(
            actor=request.account, terminal=terminal_of(request), case=found, **form.cleaned_data
        ),
    ):  # fmt: skip
        messages.success(request, _("“%(title)s” is sealed.") % {"title": form.cleaned_data["title"]})
        return redirect("case", number)
    context = {"case": found, "form": form}
    return render(
        request, "cctv/disclosure/cases/letter_new.html", context, status=400 if form.is_bound else 200
    )


def _letter_or_404(request: Request, number: str, pk: UUID) -> Letter:
    found = case_or_404(request, number)
    letter = selectors.letters(sites=None).filter(case=found, pk=pk).first()
    if letter is None:
        raise NotFound
    return letter


@require_GET
@requires(SEE)
def letter(request: Request, number: str, pk: UUID) -> HttpResponse:
    """What may be known of it without opening it."""
    return _page(request, _letter_or_404(request, number, pk))


@require_POST
@requires(SEE)
def letter_text(request: Request, number: str, pk: UUID) -> HttpResponse:
    """What it says. The entry is durable before anything is opened."""
    found = _letter_or_404(request, number, pk)
    words = letters.open_text(letter=found, actor=request.account, terminal=terminal_of(request))
    return _page(request, found, words=words)


@require_POST
@requires(SEE)
def letter_file(request: Request, number: str, pk: UUID) -> HttpResponseBase:
    """Its file as it came in; the entry is durable before the first byte."""
    found = _letter_or_404(request, number, pk)
    name, pieces = letters.open_file(letter=found, actor=request.account, terminal=terminal_of(request))
    answer = StreamingHttpResponse(pieces, content_type=found.media_type)
    # Whatever it claims to be: never shown by the browser in this site's name.
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Length"] = str(found.size_bytes)
    answer["Cache-Control"] = "no-store"
    return answer


def _page(request: Request, found: Letter, **more: object) -> HttpResponse:
    context = {"case": found.case, "letter": found, "zone": found.case.site.time_zone, **more}
    answer = render(request, "cctv/disclosure/cases/letter.html", context)
    answer["Cache-Control"] = "no-store"
    return answer
