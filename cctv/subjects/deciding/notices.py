"""The letter that tells of an extension, in the requester's language (GDPR Art. 12(3), UK GDPR Art. 12A).

A postponement (PIPA Art. 35(3)) is a decision and has its letter (`letters`).
"""

from django.utils import translation
from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.subjects.clocks import stored
from cctv.subjects.deciding import paper, words
from cctv.subjects.profiles import extension_text
from cctv.subjects.requests.models import RequestActKind, SubjectRequest


def extension_letter(request: SubjectRequest, language: str = "", *, text: str = "") -> bytes | None:
    """The letter as PDF, for a request that was extended; None for another. `text`: more about why."""
    told = [
        act
        for act in request.acts.filter(kind=RequestActKind.EXTENDED)
        if act.facts.get("how") == stored.EXTENSION
    ]
    if not told or request.due_at is None:
        return None
    language = language or request.language
    with translation.override(language):
        reason = extension_text(request.jurisdiction, str(told[-1].facts.get("reason", "")))
        sheet = paper.letter(request, language, _("We need more time for your request"), clock.now())
        sheet.text(
            _("The time in which we answer the request that we received from you on %(day)s is extended by"
              " two months, because %(reason)s.")
            % {"day": words.day(request, request.received_at), "reason": reason}
        )  # fmt: skip
        if text.strip():
            sheet.text(text)
        sheet.text(
            _("You have our answer by %(day)s. The footage that you named is kept until then, and through the"
              " time to object after it.") % {"day": words.last_day(request, request.due_at)}
        )  # fmt: skip
        sheet.heading(_("If you do not agree"), level=2)
        sheet.text(words.others_to_turn_to(request))
        paper.close(sheet)
        return sheet.to_bytes()
