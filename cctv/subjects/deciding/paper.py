"""A letter's sheet: whom it is to, whom it is from, and where its page is on the portal."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cctv.core.pdf import Document
from cctv.subjects.deciding import words
from cctv.subjects.requests import details
from cctv.subjects.requests.models import SubjectRequest

SPACE_MM, ABOVE_MM, CODE_MM = 4, 3.5, 16
# A short section, the last word and the code: they stay together.
END_MM = 52


def document(request: SubjectRequest, language: str, title: str, at: datetime) -> Document:
    """An empty document about a request."""
    organisation = request.site.organisation.name
    return Document(
        language=language, title=f"{title}: {request.reference}", author=organisation,
        subject=request.site.name, made_at=at, foot=f"{request.reference} · {organisation}",
        han="ja" if language == "ja" or request.jurisdiction == "JP" else "ko",
    )  # fmt: skip


def letter(request: SubjectRequest, language: str, title: str, at: datetime) -> Document:
    """A letter down to its title: day and reference, addressee, sender."""
    sheet = document(request, language, title, at)
    known = details.read(request)
    name = known.name if known is not None else ""
    to = pgettext("addressee", "To %(name)s") % {"name": name} if name else ""
    sheet.line(to, words.day(request, at), size=12)
    sheet.text(
        _("Reference: %(reference)s") % {"reference": request.reference}, align="right", after=SPACE_MM / 2
    )
    for line in words.sender(request):
        sheet.text(line, align="right", after=0)
    sheet.space(SPACE_MM)
    sheet.heading(title, align="center")
    return sheet


def close(sheet: Document) -> None:
    """The end of a letter, with the way to the request's page."""
    # Japanese and Korean letters say that they end; where the translation is the same, nothing is said.
    ends = pgettext("last word of a letter", "end")
    if ends != "end":
        sheet.text(ends, align="right")
    sheet.space(SPACE_MM / 2)
    words_of_foot = [
        _("You find the page of your request with this code. You need your reference and your secret."),
        _("If you have lost the secret, you get a new one once you have shown again who you are."),
    ]
    if url := words.status_url():
        with sheet.beside_qr(url, size=CODE_MM, left=True):
            sheet.space(1.5)
            for each in words_of_foot:
                sheet.text(each, size=8.5, tone="quiet", after=1)
        return
    sheet.text(words_of_foot[1], size=8.5, tone="quiet")
