"""A question to us that is no request: a form, since no address stands in clear (O58).

It goes to the privacy officers by mail. Who is to be answered says how. What they wrote is
forgotten once the mail has gone (`outbox.OF_STRANGERS`); without a mail server nothing is taken.
"""

from uuid import uuid4

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from cctv.people import outbox
from cctv.people.models import Account, Role, RoleGrant
from cctv.subjects.portal import throttle
from cctv.subjects.portal.pages import page, public
from cctv.subjects.portal.wizard_views import TRAP

LONGEST = 3_000
LONGEST_REACH = 200


@public("POST")
@sensitive_post_parameters()
def contact(request: HttpRequest) -> HttpResponseBase:
    """What is asked, and how to answer."""
    context: dict[str, object] = {"sent": "sent" in request.GET, "trap": TRAP}
    if not outbox.is_configured():
        return page(request, "cctv/subjects/portal/contact.html", {"nowhere": True})
    if request.method == "POST":
        text, reach = request.POST.get("text", "").strip(), request.POST.get("reach", "").strip()
        if text and len(text) <= LONGEST and reach and not request.POST.get(TRAP):
            throttle.count_sent(request)
            _tell(text, reach[:LONGEST_REACH])
            return redirect(f"{request.path}?sent=1")
        context |= {"wrong": True, "text": text[:LONGEST], "reach": reach[:LONGEST_REACH]}
    return page(
        request, "cctv/subjects/portal/contact.html", context, status=400 if "wrong" in context else 200
    )


def _tell(text: str, reach: str) -> None:
    number = uuid4()
    officers = RoleGrant.objects.in_force().filter(role=Role.PRIVACY_OFFICER, account__is_active=True)
    for officer in Account.objects.filter(pk__in=officers.values("account")):
        outbox.queue_mail(
            kind="portal.contact", about=f"portal/contact/{number}/{officer.pk}", to=officer,
            subject=lambda: _("A question by the contact form"),
            text=lambda: _("%(text)s\n\nHow to answer: %(reach)s") % {"text": text, "reach": reach},
        )  # fmt: skip
