"""Letters that go with a copy, or after it, in the language of the site's law.

For the operator and a lawyer to check. KR: PIPA Art. 18(5) has whoever provides footage for another purpose
ask the recipient to limit purpose and method of its use, or to take measures that keep it safe.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cctv.core.pdf import Document
from cctv.disclosure.exports.grounds import ground_text
from cctv.disclosure.exports.models import Export, RecipientKind
from cctv.disclosure.handing.models import RecipientNotice
from cctv.ledger.languages import language_of
from cctv.sites.models import Site
from cctv.templatetags import _times

# Whose law asks for the letter about the limits of use.
LIMITED_BY_LAW = ("KR",)
# They hold it for themselves, or it does not leave the house.
NO_THIRD_PARTY = (RecipientKind.SUBJECT, RecipientKind.OWN)


def limit_use_letter(export: Export) -> bytes | None:
    """The letter that asks the recipient to limit the use; None where the law does not ask for it."""
    if export.site.jurisdiction not in LIMITED_BY_LAW or export.recipient_kind in NO_THIRD_PARTY:
        return None
    with translation.override(language_of(export.site)):
        return _limit_use(export)


def _limit_use(export: Export) -> bytes:
    title = _("Request to limit the use of footage: %(number)s") % {"number": export.number}
    document = _letter(export.site, title, export.number, export.asked_at)
    document.heading(title)
    document.facts(
        [
            (pgettext("party", "To"), export.recipient),
            (pgettext("party", "From"), _sender(export.site)),
            *_what(export),
        ]
    )
    document.heading(_("What we ask of you"), level=2)
    asked = [
        _("Use the footage for the purpose named above only, and no longer than it needs."),
        _("Give it to nobody else, unless a law obliges you to."),
        _("Keep it where only those who need it for this purpose can open it, encrypted, and write down who"
          " did."),
        _("Do not publish it, and do not join it with other data to identify people who have nothing to do"
          " with the purpose."),
        _("Destroy it when the purpose is met, so that it cannot be restored, and tell us in writing that"
          " you did."),
        _("Tell us at once if it is lost, leaks or gets into other hands."),
    ]  # fmt: skip
    for number, each in enumerate(asked, 1):
        document.text(f"{number}. {each}")
    document.text(
        _("This is asked under Article 18(5) of the Personal Information Protection Act. Please write back"
          " which measures you have taken."),
        tone="quiet",
    )  # fmt: skip
    return document.to_bytes()


def _what(export: Export) -> list[tuple[str, str]]:
    ground = ground_text(export.site.jurisdiction, export.ground)
    purpose = export.purpose_text or (export.purpose.name if export.purpose else "")
    return [
        (_("Number"), f"{export.number} ({export.case.number})"),
        (_("Footage"), "\n".join(footage_lines(export))),
        (_("Purpose"), purpose),
        (_("Ground"), f"{ground} ({export.document})" if export.document else ground),
    ]


def footage_lines(export: Export) -> list[str]:
    """Each camera with its spans, on the site's clocks."""
    spans = export.spans.select_related("camera").order_by("starts_at", "camera__name")
    return [
        f"{span.camera.name} ({span.camera.code}): {span_words(export.site, span.starts_at, span.ends_at)}"
        for span in spans
    ]


def notice_letter(notice: RecipientNotice) -> bytes:
    """The letter that tells a recipient to erase or correct what they hold (O31)."""
    with translation.override(language_of(notice.export.site)):
        return _notice(notice)


def _notice(notice: RecipientNotice) -> bytes:
    export = notice.export
    title = _("Notice about footage that you hold: %(number)s") % {"number": notice.number}
    document = _letter(export.site, title, notice.number, notice.made_at)
    document.heading(title)
    about = [(_("Number"), export.number)]
    if notice.camera is not None and notice.starts_at and notice.ends_at:
        span = span_words(export.site, notice.starts_at, notice.ends_at)
        about.append((_("Footage"), f"{notice.camera.name} ({notice.camera.code}): {span}"))
    about.append((_("Reason"), notice.reason))
    document.facts(
        [
            (pgettext("party", "To"), export.recipient),
            (pgettext("party", "From"), _sender(export.site)),
            *about,
        ]
    )
    document.heading(_("What we ask of you"), level=2)
    document.text(
        _("We gave you this footage, and have since had to erase it. Please erase every copy of the span"
          " named above that you hold, and have those erase it to whom you have passed it on.")
    )  # fmt: skip
    document.text(
        _("Please write back when it is done, or on which ground you may keep it. Name the number of this"
          " letter.")
    )  # fmt: skip
    return document.to_bytes()


def _letter(site: Site, title: str, number: str, at: datetime) -> Document:
    language = language_of(site)
    return Document(
        language=language, title=title, author=site.organisation.name, subject=site.name, made_at=at,
        foot=f"{number} · {site.organisation.name}", han="ja" if site.jurisdiction == "JP" else "ko",
    )  # fmt: skip


def _parties(export: Export) -> list[tuple[str, str]]:
    return [(pgettext("party", "To"), export.recipient), (pgettext("party", "From"), _sender(export.site))]


def _sender(site: Site) -> str:
    return f"{site.organisation.name}, {site.name}"


def span_words(site: Site, first: datetime, last: datetime) -> str:
    """A span on the site's clocks, to the second."""
    zone = ZoneInfo(site.time_zone)
    start, end = (_times.localise(each, zone) for each in (first, last))
    return " ".join(_times.span(start, end, seconds=True))
