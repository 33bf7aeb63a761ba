"""The ledger's line of an answered request, with the columns that the law has for readings (KR form 3).

Name and contact of the requester are sealed with the request, under its reference; the line, which stays for
years, has the reference.
"""

from django.utils import translation
from django.utils.translation import gettext as _

from cctv.disclosure.services import LANGUAGES
from cctv.ledger import services as ledger
from cctv.ledger.models import LedgerKind, LedgerLine
from cctv.subjects.deciding.models import Decision, Outcome
from cctv.subjects.profiles import ground_text
from cctv.subjects.requests.models import SubjectRequest

_NAMED = 4


def book_reading(decision: Decision) -> LedgerLine:
    """Write the line of a decision that was sent, once, in the language of the site's law. LogUnavailable."""
    request = decision.request
    with translation.override(LANGUAGES.get(request.site.jurisdiction, "en")):
        by = decision.proposed_by
        return ledger.write(
            kind=LedgerKind.READ,
            site=request.site,
            at=decision.sent_at,
            item=_item(request),
            form=_("redacted video") if decision.redactions.exists() else _("answer by letter"),
            handler=f"{by.name}, {by.employer}".rstrip(", "),
            reason=_reason(decision),
            source=f"request {decision.pk}",
            recipient=_("Requester of %(reference)s, %(claimant)s; name and contact in its file")
            % {"reference": request.reference, "claimant": request.get_claimant_display()},
            ground="; ".join(ground_text(request.jurisdiction, code) for code in decision.grounds),
            provided_as=_copied(decision),
            footage_from=request.starts_at,
            footage_to=request.ends_at,
        )


def _item(request: SubjectRequest) -> str:
    names = list(request.cameras.order_by("name").values_list("name", flat=True))
    shown = ", ".join(names[:_NAMED])
    if len(names) > _NAMED:
        shown = _("%(cameras)s and %(n)d more") % {"cameras": shown, "n": len(names) - _NAMED}
    return f"{request.reference}: {shown}"


def _reason(decision: Decision) -> str:
    """The purpose, and what came of it; of a refusal its ground."""
    request = decision.request
    said = f"{request.get_kind_display()}: {decision.get_outcome_display()}"
    grounds = "; ".join(ground_text(request.jurisdiction, code) for code in decision.grounds)
    if decision.outcome in (Outcome.REFUSED, Outcome.PARTLY) and grounds:
        said = f"{said} ({grounds})"
    return said


def _copied(decision: Decision) -> str:
    numbers = ", ".join(decision.redactions.order_by("number").values_list("number", flat=True))
    if not numbers:
        return _("nothing copied")
    return _("%(numbers)s, others covered, as was asked for") % {"numbers": numbers}
