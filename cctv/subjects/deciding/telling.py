"""Mail about decisions to the house: to who may approve one, and back to who proposed it."""

from django.utils.translation import gettext as _

from cctv.people.models import Account
from cctv.people.outbox import link, queue_mail
from cctv.people.policy import who_may
from cctv.subjects.deciding.models import Decision

DECIDE = "request.decide"


def deciders(decision: Decision) -> list[Account]:
    """Who may approve it: not who proposed it, and after an objection nobody who had a part before."""
    site_id = decision.request.site_id
    ids = {pk for pk, site in who_may(DECIDE) if site in (None, site_id)} - barred(decision)
    return list(Account.objects.filter(pk__in=ids, is_active=True).order_by("pk"))


def barred(decision: Decision) -> set[object]:
    """Accounts that may not approve it."""
    before = decision.request.decisions.exclude(sent_at=None).exclude(pk=decision.pk)
    before = before.exclude(outcome="postponed")
    had_part = {pk for pair in before.values_list("proposed_by", "approved_by") for pk in pair}
    return had_part - {None} | {decision.proposed_by_id}


def proposed(decision: Decision) -> None:
    """It waits for the second person."""
    words = _words(decision)
    for to in deciders(decision):
        queue_mail(
            kind="decision.proposed",
            about=f"decision/{decision.pk}/proposed/{to.pk}",
            to=to,
            subject=lambda: _("The answer to request %(reference)s waits for your approval") % words,
            text=lambda: _(
                "%(by)s proposes an answer to request %(reference)s (%(site)s). It is sent once somebody else"
                " has approved it.\n\n%(link)s\n"
            ) % {**words, "link": link("request", words["reference"])},
        )  # fmt: skip


def returned(decision: Decision) -> None:
    """It was given back with a remark, which the page shows."""
    words = _words(decision)
    queue_mail(
        kind="decision.returned",
        about=f"decision/{decision.pk}/returned",
        to=decision.proposed_by,
        subject=lambda: _("The answer to request %(reference)s was given back") % words,
        text=lambda: (
            _("There is a remark on the page of the request.\n\n%(link)s\n")
            % {"link": link("request", words["reference"])}
        ),
    )


def _words(decision: Decision) -> dict[str, str]:
    request = decision.request
    return {"reference": request.reference, "site": request.site.name, "by": decision.proposed_by.name}
