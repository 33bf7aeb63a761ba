"""The report of a package: what a judge reads, in the language of the recipient.

It says the same as the manifest, whose facts it is made of. The manifest names the report's hash, so the
report cannot hold the manifest's: its code is the SHA-256 of the manifest without the line about it. The
enclosed verifiers show the same code.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cctv.core.pdf import Column, Document
from cctv.disclosure.exports.models import Export, ExportForm, FileKind, RecipientKind
from cctv.disclosure.packages import manifest
from cctv.disclosure.packages.manifest import CameraFacts, PackageFacts, SpanFacts
from cctv.ledger.languages import language_of
from cctv.sites.models import Camera
from cctv.templatetags import _times

CODE = "lethe/1/report"
MOST_STILLS = 40
# A file of the package in the report's table: the others are papers, named in one line.
FOOTAGE = (FileKind.CLIP, FileKind.REDACTED, FileKind.STILL, FileKind.REBUILD)
_SIZE_PT = 8.0


def report_pdf(export: Export, facts: PackageFacts, stills: Sequence[tuple[str, bytes]] = ()) -> bytes:
    """The document, in the export's language. `stills`: what stands below each, and its JPEG.

    `facts` do not list the report yet, and their `segments` are read once, here.
    """
    with translation.override(export.language):
        return _Report(export, facts, code_of(facts)).render(stills)


def below_still(export: Export, camera: Camera, at: datetime) -> str:
    """What stands below a still: camera and moment, in the export's language and on the site's clocks."""
    with translation.override(export.language):
        local = _times.localise(at, ZoneInfo(camera.site.time_zone))
        moment = f"{_times.absolute(local, 'date')} {_times.absolute(local, 'time')}"
    return f"{camera.code} {camera.name} · {moment}"


def code_of(facts: PackageFacts) -> str:
    """SHA-256 (hexadecimal) of the manifest without the line about the report."""
    files = [each for each in facts.files if each.kind != FileKind.REPORT]
    hashed = hashlib.sha256()
    for piece in manifest.stream(replace(facts, files=files)):
        hashed.update(piece)
    return hashed.hexdigest()


class _Report:
    """One report while it is written."""

    def __init__(self, export: Export, facts: PackageFacts, code: str) -> None:
        self._export, self._facts, self._code = export, facts, code
        self._cameras = {each.id: each for each in facts.cameras}
        self._zone = ZoneInfo(export.site.time_zone)
        organisation = export.site.organisation.name
        self._title = _("Report on footage that was handed over: %(number)s") % {"number": export.number}
        self._document = Document(
            language=export.language, title=self._title, author=organisation, subject=export.site.name,
            made_at=facts.export.made_at, foot=f"{export.number} · {organisation}",
            han="ja" if "ja" in (export.language, language_of(export.site)) else "ko",
        )  # fmt: skip

    def render(self, stills: Sequence[tuple[str, bytes]]) -> bytes:
        document = self._document
        document.heading(self._title)
        with document.beside_qr(f"{CODE} {self._export.number} {self._code}", size=34):
            document.text(self._lead(), size=11)
            if self._facts.export.urgent:
                document.text(self._urgent(), tone="warn")
            document.text(_("Code of this report"), size=8.5, tone="quiet", after=0)
            document.text(grouped(self._code), size=9)
        self._who()
        self._spans()
        self._gaps()
        self._files()
        self._clips()
        if stills:
            document.heading(_("Stills"), level=2)
            document.pictures(stills[:MOST_STILLS])
        self._checking()
        return document.to_bytes()

    def _lead(self) -> str:
        facts = self._facts
        clips = sum(each.kind in (FileKind.CLIP, FileKind.REDACTED) for each in facts.files)
        shown = ngettext("%(n)d clip", "%(n)d clips", clips) % {"n": clips}
        cameras = ngettext("%(n)d camera", "%(n)d cameras", len(facts.cameras)) % {"n": len(facts.cameras)}
        return _("%(clips)s of %(cameras)s of %(site)s, made for %(recipient)s on %(day)s.") % {
            "clips": shown, "cameras": cameras, "site": facts.export.site,
            "recipient": facts.recipient.name, "day": self._moment(facts.export.made_at),
        }  # fmt: skip

    def _urgent(self) -> str:
        return _("It was released because of an urgent threat to life, before anybody had approved it.")

    def _who(self) -> None:
        facts, export = self._facts, self._export
        intended = _("The cameras are run for this purpose.")
        other = _("Another purpose than those that the cameras are run for.")
        ground = (
            f"{facts.ground.text} ({facts.ground.document})" if facts.ground.document else facts.ground.text
        )
        if facts.ground.why_no_consent:
            ground += "\n" + _("Why consent cannot be had is on file with the organisation.")
        pairs = [
            (_("Controller"), export.site.organisation.name),
            (_("Site"), facts.export.site),
            (_("Case"), f"{facts.export.case} {export.case.reference}".strip()),
            (_("Recipient"), f"{facts.recipient.name} ({RecipientKind(facts.recipient.kind).label})"),
            (_("Purpose"), f"{facts.purpose.text}\n{intended if facts.purpose.intended else other}"),
            (_("Ground"), ground),
            (_("Asked for by"), facts.people.asked_by),
            (_("Approved by"), facts.people.approved_by or _("nobody yet")),
            (_("Package made"), self._moment(facts.people.packaged_at)),
            (_("Kept by the organisation until"), self._moment(facts.expires_at)),
        ]
        if export.watermark:
            pairs.append((_("Marked"), self._marked()))
        self._document.heading(_("Who, for whom, why"), level=2)
        self._document.facts(pairs)

    def _marked(self) -> str:
        files = [each for each in self._facts.files if "watermark" in each.facts]
        if not files:
            return _("Nothing: there are only clips as recorded, which stay untouched.")
        words = " · ".join(files[0].facts["watermark"]["text"])
        said = _("Every picture of redacted copies and stills carries: %(words)s.") % {"words": words}
        rest = _(
            "The result as it was approved has the SHA-256 that the manifest gives beside that of the marked"
            " file. Clips as recorded carry no mark."
        )
        return f"{said}\n{rest}"

    def _spans(self) -> None:
        columns = (
            Column(_("Camera"), 0.3), Column(_("Asked for"), 0.36), Column(_("What of it"), 0.16),
            Column(_("Clock of the recorder"), 0.18),
        )  # fmt: skip
        rows = [
            (
                self._camera(each.camera),
                self._span(each.starts_at, each.ends_at, self._zone_of(each.camera)),
                self._form(each),
                clock_words(self._cameras[each.camera].clock_offset_ms),
            )
            for each in self._facts.spans
        ]
        self._document.heading(_("What was asked for"), level=2)
        self._document.table(columns, rows, size=_SIZE_PT)
        self._declare()

    def _declare(self) -> None:
        """What a reader would not expect in the files."""
        told = (
            (
                [each for each in self._facts.cameras if each.uncovered],
                _(
                    "Clips as recorded show places that are covered in redacted copies and stills. Cameras:"
                    " %(names)s."
                ),
            ),
            (
                [each for each in self._facts.cameras if each.sound],
                _(
                    "The clips have no sound. The files in originals/ hold the sound that was recorded."
                    " Cameras: %(names)s."
                ),
            ),
        )
        for cameras, said in told:
            if cameras:
                names = ", ".join(self._camera(each.id) for each in cameras)
                self._document.text(said % {"names": names}, tone="warn")

    def _form(self, span: SpanFacts) -> str:
        said = str(ExportForm(span.form).label)
        if span.redaction is not None:
            said += f"\n{span.redaction.number}, " + _("checked by %(name)s") % {
                "name": span.redaction.approved_by
            }
        return said

    def _gaps(self) -> None:
        rows = [
            (
                self._camera(span.camera),
                self._span(gap.starts_at, gap.ends_at, self._zone_of(span.camera)),
                _times.duration((gap.ends_at - gap.starts_at).total_seconds()),
            )
            for span in self._facts.spans
            for gap in span.gaps
        ]
        self._document.heading(_("What is not recorded"), level=2)
        if not rows:
            self._document.text(_("The spans have no gap."))
            return
        columns = (Column(_("Camera"), 0.34), Column(_("Gap"), 0.46), Column(_("How long"), 0.2))
        self._document.table(columns, rows, size=_SIZE_PT)

    def _files(self) -> None:
        columns = (Column(_("File"), 0.4), Column(_("Bytes"), 0.14, numeric=True), Column("SHA-256", 0.46))
        rows = [
            (each.name, f"{each.size:,}", grouped(each.sha256))
            for each in self._facts.files
            if each.kind in FOOTAGE
        ]
        self._document.heading(_("Files"), level=2)
        self._document.table(columns, rows, size=_SIZE_PT)
        papers = len(self._facts.files) - len(rows)
        said = ngettext(
            "And %(n)d paper: proofs, letters, programs that check. The manifest names it with its hash.",
            "And %(n)d papers: proofs, letters, programs that check. The manifest names each with its hash.",
            papers,
        )
        self._document.text(said % {"n": papers}, size=_SIZE_PT, tone="quiet")

    def _clips(self) -> None:
        rows = list(self._clip_rows())
        if not rows:
            return
        self._document.heading(_("Where clips begin and end"), level=2)
        self._document.text(
            _(
                "A clip as recorded begins at the last picture before the span that stands for itself, and"
                " everything in it can be seen: nothing is hidden before its beginning."
            ),
            size=_SIZE_PT, tone="quiet",
        )  # fmt: skip
        columns = (
            Column(_("File"), 0.36), Column(_("Shows"), 0.32), Column(_("Before the span"), 0.12),
            Column(_("After it"), 0.1), Column(_("Pictures"), 0.1, numeric=True),
        )  # fmt: skip
        self._document.table(columns, rows, size=_SIZE_PT)

    def _clip_rows(self) -> Iterator[tuple[str, ...]]:
        for each in self._facts.files:
            if each.kind != FileKind.CLIP or each.starts_at is None or each.ends_at is None:
                continue
            yield (
                each.name,
                self._span(each.starts_at, each.ends_at, self._zone_of(each.camera or "")),
                seconds_words(each.facts, "pre_roll_us"),
                seconds_words(each.facts, "post_roll_us"),
                f"{each.facts.get('frames', 0):,}",
            )

    def _checking(self) -> None:
        log = self._facts.log
        document = self._document
        document.heading(_("How to check it"), level=2)
        document.text(
            _(
                "Open check.html from the package in a browser, or run check.py with Python: neither needs a"
                " network. They name every file that is missing, was added or differs by a single bit, and"
                " show the code that stands beside the square code at the top of this report."
            )
        )
        document.text(
            _(
                "The manifest is signed with the key of this installation, and that key stands in its access"
                " log. The proofs show that the recordings are those that were sealed when they came in, and"
                " that the approval was written down, under a checkpoint that others can witness."
            )
        )
        proven, witnesses = len(log.proofs), len(log.witnesses)
        pairs = [
            (_("Key that signs"), self._facts.key),
            (_("Log"), log.vkey),
            (_("Proofs"), f"{proven:,}"),
            (_("Witnesses of the checkpoint"), f"{witnesses:,}"),
        ]
        document.facts(pairs, size=_SIZE_PT)

    # ------------------------------------------------------------------ words

    def _camera(self, camera_id: str) -> str:
        camera: CameraFacts = self._cameras[camera_id]
        return " · ".join(filter(None, [f"{camera.code} {camera.name}", camera.location]))

    def _zone_of(self, camera_id: str) -> ZoneInfo:
        camera = self._cameras.get(camera_id)
        return ZoneInfo(camera.time_zone) if camera else self._zone

    def _moment(self, at: datetime) -> str:
        return _times.absolute(_times.localise(at, self._zone), "seconds")

    def _span(self, first: datetime, last: datetime, zone: ZoneInfo) -> str:
        start, end = (_times.localise(each, zone) for each in (first, last))
        return " ".join(_times.span(start, end, seconds=True))


def grouped(hexadecimal: str) -> str:
    """Groups of eight, which can be compared by eye."""
    return " ".join(hexadecimal[at : at + 8] for at in range(0, len(hexadecimal), 8))


def clock_words(offset_ms: int | None) -> str:
    """How far the recorder's clock was off; positive: ahead."""
    if offset_ms is None:
        return _("not measured")
    seconds = f"{abs(offset_ms) / 1000:.1f}"
    if offset_ms == 0:
        return _("right")
    ahead = _("%(seconds)s s ahead") if offset_ms > 0 else _("%(seconds)s s behind")
    return ahead % {"seconds": seconds}


def seconds_words(facts: Mapping[str, Any], name: str) -> str:
    """A length in microseconds, as seconds."""
    return _("%(seconds)s s") % {"seconds": f"{facts.get(name, 0) / 1_000_000:.2f}"}
