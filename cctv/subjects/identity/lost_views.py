"""The way back for who has lost the secret of a request; nothing here depends on whether there is one."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from cctv.core.errors import LetheError
from cctv.subjects.identity import papers, recovering, streamed
from cctv.subjects.identity.errors import PictureMissing, TooLarge
from cctv.subjects.identity.models import PaperPart
from cctv.subjects.identity.portal_views import MOST_BYTES
from cctv.subjects.portal import throttle
from cctv.subjects.portal.pages import JSON, hidden_proof, page, public, require_proof, terminal

FOLDER = "cctv/subjects/identity/portal/"


@public("POST")
@sensitive_variables()
def lost(request: HttpRequest) -> HttpResponseBase:
    """The reference; what comes next is the same for every one."""
    context: dict[str, object] = {"ended": "ended" in request.GET}
    if request.method == "POST":
        reference = request.POST.get("reference", "")[:40]
        try:
            begun = recovering.begin(reference)
        except LetheError as error:
            context = {"error": error, "reference": reference}
        else:
            response = redirect("portal-lost-secret")
            recovering.keep(response, begun)
            return response
    return page(request, f"{FOLDER}lost.html", context, status=400 if "error" in context else 200)


@public()
@sensitive_variables()
def secret(request: HttpRequest) -> HttpResponseBase:
    """The new secret: shown at once, of use later."""
    begun = recovering.find(request)
    if begun is None:
        return redirect(f"{reverse('portal-lost')}?ended=1")
    return page(request, f"{FOLDER}lost_secret.html", {"lost": begun})


@public("POST", most_bytes=MOST_BYTES, too_much=TooLarge)
@sensitive_variables()
def show(request: HttpRequest) -> HttpResponseBase:
    """A picture of a document, under the new secret."""
    begun = recovering.find(request)
    if begun is None:
        return redirect(f"{reverse('portal-lost')}?ended=1")
    if request.method != "POST" or begun.is_sent:
        return _page(request, begun)
    try:
        form = streamed.sent(request)
        require_proof(form.fields, begun.proof)
        if form.picture is None:
            raise PictureMissing
        throttle.count_picture(request)
        recovering.send_paper(begun, form.picture, terminal=terminal(request))
    except LetheError as error:
        if error.status >= 500 or request.headers.get("Accept") == JSON:
            raise
        return _page(request, begun, error=error)
    response = redirect("portal-lost-show")
    recovering.keep(response, begun, is_sent=True)
    return response


@sensitive_variables()
def _page(request: HttpRequest, begun: recovering.Lost, *, error: LetheError | None = None) -> HttpResponse:
    context = {
        "lost": begun, "error": error, "proof": hidden_proof(begun.proof), "part": PaperPart.DOCUMENT.value,
        "most_mb": papers.MOST_BYTES >> 20, "action": reverse("portal-lost-show"),
    }  # fmt: skip
    return page(request, f"{FOLDER}lost_show.html", context, status=error.status if error else 200)
