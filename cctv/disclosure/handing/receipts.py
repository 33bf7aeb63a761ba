"""The receipt of a copy on paper, to be signed by whoever takes it."""

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cctv.core import clock
from cctv.core.pdf import Column, Document
from cctv.disclosure.exports.grounds import ground_text
from cctv.disclosure.handing import details
from cctv.disclosure.handing.details import Details
from cctv.disclosure.handing.models import HandOver
from cctv.retention import certificate_words as words
from cctv.sites.models import Organisation

LANGUAGES = ("ko", "ja", "en")
LINE = "_" * 34


def render(handover: HandOver, *, language: str) -> bytes:
    """One page in "ko", "ja" or "en": what is handed over, what binds whoever takes it, room to sign."""
    with translation.override(language):
        return _render(handover, language)


def _render(handover: HandOver, language: str) -> bytes:
    export = handover.export
    organisation = str(Organisation.objects.values_list("name", flat=True).first() or "")
    title = _("Receipt for copy %(copy)d of export %(number)s") % {
        "copy": handover.copy, "number": export.number,
    }  # fmt: skip
    document = Document(
        language=language, title=title, author=organisation, subject=export.site.name, made_at=clock.now(),
        foot=f"{export.number} · {organisation}",
        han="ja" if language == "ja" or export.site.jurisdiction == "JP" else "ko",
    )  # fmt: skip
    document.heading(title)
    with document.beside_qr(export.package.get("sha256", export.number)):
        document.text(
            _("%(office)s has received a copy of recordings.") % {"office": export.recipient}, size=11
        )
        document.text(
            _(
                "The code at the side is the SHA-256 of the package's manifest: whoever checks the copy sees"
                " the same."
            ),
            size=8.5, tone="quiet",
        )  # fmt: skip
    document.facts([pair for pair in _facts(handover, organisation) if pair[1]])
    _spans(document, handover)
    document.heading(_("What binds whoever takes it"), level=2)
    document.text(
        _(
            "It may be used for the purpose above only, and kept no longer than that needs. A medium is given"
            " back or destroyed, and we are told. When footage in it has to be erased, we say so and it is"
            " erased."
        )
    )
    for who in (_("Received by (name, unit)"), _("Date"), _("Signature")):
        document.text(f"{who}:  {LINE}", size=11, after=6)
    return document.to_bytes()


def _facts(handover: HandOver, organisation: str) -> list[tuple[str, str]]:
    export, medium = handover.export, handover.medium
    known = details.read(handover) or Details()
    ground = ground_text(export.site.jurisdiction, export.ground)
    on = ""
    if medium is not None:
        on = " · ".join(filter(None, (medium.number, str(medium.get_kind_display()), medium.serial)))
    return [
        (pgettext("party", "From"), f"{organisation}, {export.site.name}"),
        (pgettext("party", "To"), " · ".join(filter(None, (export.recipient, known.person, known.contact)))),
        (_("Handed over by"), f"{handover.made_by.name}, {handover.made_by.employer}".rstrip(", ")),
        (_("Case"), export.case.number),
        (_("Ground"), f"{ground} ({export.document})" if export.document else ground),
        (_("Purpose"), export.purpose.name if export.purpose else export.purpose_text),
        (_("Medium"), on),
        (_("How it is handed over"), f"{handover.get_way_display()}; {handover.get_sealing_display()}"),
        (_("To be back by"), words.moment(clock.rfc3339(medium.due_at), export.site.time_zone))
        if medium is not None and medium.due_at
        else ("", ""),
        (_("SHA-256 of the manifest"), str(export.package.get("sha256", ""))),
    ]


def _spans(document: Document, handover: HandOver) -> None:
    zone = handover.export.site.time_zone
    document.heading(_("Recordings"), level=2)
    document.table(
        [Column(_("Camera"), 0.34), Column(_("Recorded"), 0.44), Column(_("Form"), 0.22)],
        [
            [
                f"{span.camera.name} ({span.camera.code})",
                words.span(clock.rfc3339(span.starts_at), clock.rfc3339(span.ends_at), zone, seconds=True),
                str(span.get_form_display()),
            ]
            for span in handover.export.spans.select_related("camera").order_by("starts_at")
        ],
    )
