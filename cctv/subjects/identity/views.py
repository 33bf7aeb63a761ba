"""The checker's verdict on who asks."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cctv.core.errors import LetheError
from cctv.people.access import Request, requires
from cctv.people.actors import terminal_of
from cctv.subjects.desk.views import request_or_404
from cctv.subjects.identity import services
from cctv.subjects.identity.errors import NotSeen
from cctv.subjects.identity.forms import SeenForm
from cctv.subjects.identity.settling import CHECK


@require_POST
@requires(CHECK)
def seen(request: Request, reference: str) -> HttpResponse:
    """It is them: from now on something can be given."""
    found = request_or_404(request, reference, CHECK)
    form = SeenForm(request.POST, request=found)
    try:
        if not form.is_valid():
            raise NotSeen
        services.verify(found, **form.cleaned_data, actor=request.account, terminal=terminal_of(request))
    except LetheError as error:
        if error.status == 503:
            raise
        messages.error(request, f"{error.message} {error.hint}".strip())
    else:
        messages.success(request, _("Who asks is settled. The request can be worked on."))
    return redirect("request", reference)
