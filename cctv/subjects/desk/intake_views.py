"""What came by telephone, letter or visit is taken in; its receipt is printed, with the secret once."""

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cctv.people.access import Request, requires, site_or_404
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound
from cctv.subjects.deciding import notices, receipts
from cctv.subjects.desk import services
from cctv.subjects.desk.forms import IntakeForm
from cctv.subjects.desk.selectors import HANDLE
from cctv.subjects.desk.views import request_or_404
from cctv.subjects.requests import access, receiving
from cctv.subjects.requests.errors import NotOpened, RequestRefused

# Fields of the form that a refusal of the core is about.
FIELDS = {"cameras": "cameras", "times": "end", "kind": "kind", "details": "reason"}


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@requires(HANDLE)
@sensitive_variables()
def take_in(request: Request, site_code: str) -> HttpResponse:
    """The form; once it is received, what to hand over: reference and secret, shown this once."""
    site = site_or_404(request, site_code, HANDLE)
    form = IntakeForm(request.POST or None, site=site, initial={"language": _language(site.jurisdiction)})
    if request.method == "POST" and form.is_valid():
        try:
            received = receiving.receive(
                form.draft(request.account), terminal=terminal_of(request),
                draft_id=form.cleaned_data["token"],
            )  # fmt: skip
        except RequestRefused as error:
            form.add_error(FIELDS.get(error.field), forms.ValidationError(f"{error.message} {error.hint}"))
        else:
            context = {"received": received, "found": received.request, "zone": form.zone}
            return render(request, "cctv/subjects/desk/taken_in.html", context)
    context = {"site": site, "form": form}
    return render(
        request, "cctv/subjects/desk/take_in.html", context, status=400 if form.is_bound else 200
    )  # fmt: skip


def _language(jurisdiction: str) -> str:
    return {"KR": "ko", "JP": "ja"}.get(jurisdiction, "en")


@never_cache
@sensitive_post_parameters()
@require_POST
@requires(HANDLE)
@sensitive_variables()
def receipt(request: Request, reference: str) -> HttpResponse:
    """The receipt as PDF; with the secret if it is the right one, as it is right after it was given."""
    found = request_or_404(request, reference, HANDLE)
    secret = request.POST.get("secret", "")
    if secret:
        try:
            access.open_request(reference, secret, terminal=terminal_of(request))
        except NotOpened:
            secret = ""
    return _pdf(receipts.receipt(found, secret or None), f"{reference}.pdf")


@never_cache
@require_GET
@requires(HANDLE)
def slip(request: Request, reference: str) -> HttpResponse:
    """The slip that says which footage is kept; it names nobody."""
    found = request_or_404(request, reference, HANDLE)
    made = receipts.preservation_slip(found)
    if made is None:
        raise NotFound
    return _pdf(made, f"{reference}-kept.pdf")


@never_cache
@require_GET
@requires(HANDLE)
def extension(request: Request, reference: str) -> HttpResponse:
    """The letter that tells of an extension, for who has no portal."""
    found = request_or_404(request, reference, HANDLE)
    made = notices.extension_letter(found)
    if made is None:
        raise NotFound(hint=_("The deadline of this request was not extended."))
    services.enter_opened(found, services.LETTER, actor=request.account, terminal=terminal_of(request))
    return _pdf(made, f"{reference}-extension.pdf")


def _pdf(made: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(made, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{name}"'
    return answer
