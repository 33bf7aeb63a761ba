"""The page on which a second person looks at the still of the sharp scene, and decides."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cctv.footage.media_views import private
from cctv.people.access import Request, numbered_or_404, requires
from cctv.people.actors import terminal_of
from cctv.people.stepup import require_step_up
from cctv.redaction.models import Redaction, RedactionScene
from cctv.redaction.review import selectors
from cctv.redaction.review.errors import RemarkRequired
from cctv.redaction.review.forms import RemarkForm
from cctv.redaction.scene import deciding
from cctv.redaction.scene.deciding import REVIEW
from cctv.redaction.scene.errors import NoStill

APPROVE = "approve"


@require_GET
@requires(REVIEW)
def scene(request: Request, number: str) -> HttpResponse:
    """The still that waits, and the question that it is looked at for."""
    found = _found(request, number)
    waits = deciding.waiting(redaction=found, actor=request.account)
    return private(_page(request, found, waits, RemarkForm()))


@require_GET
@requires(REVIEW)
def still(request: Request, number: str) -> HttpResponse:
    """The picture itself, after its entry is durable."""
    found = _found(request, number)
    jpeg = deciding.show(redaction=found, actor=request.account, terminal=terminal_of(request))
    return private(HttpResponse(jpeg, content_type="image/jpeg"))


@require_POST
@requires(REVIEW)
def decide(request: Request, number: str) -> HttpResponse:
    """Approve it, after step-up, or refuse it with a remark."""
    found = _found(request, number)
    waits = deciding.waiting(redaction=found, actor=request.account)
    form = RemarkForm(request.POST)
    remark = form.cleaned_data["remark"] if form.is_valid() else ""
    who: dict[str, Any] = {
        "redaction": found, "still": _still(request), "actor": request.account,
        "terminal": terminal_of(request), "remark": remark,
    }  # fmt: skip
    if request.POST.get("verdict") == APPROVE:
        require_step_up(request)
        deciding.approve(**who)
        messages.success(request, _("The sharp scene is approved. The result will be rendered with it."))
    else:
        try:
            deciding.refuse(**who)
        except RemarkRequired as error:
            form.add_error("remark", str(error.message))
            return private(_page(request, found, waits, form, status=error.status))
        messages.success(request, _("The sharp scene is refused. Whoever asked for it sees your remark."))
    return redirect("redaction", found.number)


def _found(request: Request, number: str) -> Redaction:
    return numbered_or_404(request, selectors.redactions(sites=None), number, REVIEW)


def _still(request: Request) -> UUID:
    """Which one was looked at: another one may wait by now."""
    try:
        return UUID(request.POST.get("still", ""))
    except ValueError:
        raise NoStill from None


def _page(
    request: Request, found: Redaction, waits: RedactionScene, form: RemarkForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "redaction": found,
        "scene": waits,
        "coarse": waits.coarse_permille / 10,
        "form": form,
        "zone": ZoneInfo(found.site.time_zone),
    }
    return render(request, "cctv/redaction/scene.html", context, status=status)
