"""Why what was shown was not enough: codes for the row and the log, words for people."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cctv.subjects.identity.models import IdentityCheck, PaperPart
from cctv.subjects.identity.papers import wanted

WORDS: Mapping[str, str | Promise] = {
    "unreadable": _("The picture cannot be read: it is blurred, too dark, or a part of it is missing."),
    "name": _("The name on the document is another than the one in the request."),
    "paper": _("It shows another paper than the one that is needed."),
    "numbers": _("A number on the document is not covered. Please cover all numbers, and send it again."),
    "covered": _("Too much is covered: the name and the photo have to be seen."),
    "expired": _("The document is no longer valid."),
    "mandate": _("The mandate is missing, is not signed, or does not cover this request."),
    "kinship": _("The paper does not show that you are the guardian of this child."),
    "age": _("The child is old enough to ask for themselves."),
    "vehicle": _("The registration is of another vehicle than the one in the request."),
    "copied": _("The picture shows a copy or a screen, and not the document itself."),
    "other": _("What was shown does not settle who asks."),
}
_ONLY_WITH = {
    "mandate": PaperPart.MANDATE, "kinship": PaperPart.KINSHIP, "age": PaperPart.KINSHIP,
    "vehicle": PaperPart.REGISTRATION,
}  # fmt: skip


def offered(check: IdentityCheck) -> list[tuple[str, str]]:
    """Code and words of what may be wrong with what this check shows."""
    parts = wanted(check)
    return [(code, str(text)) for code, text in WORDS.items() if _ONLY_WITH.get(code, parts[0]) in parts]


def words(code: str) -> str:
    """For the requester and the desk; "" for a check that was not refused."""
    return str(WORDS.get(code, ""))
