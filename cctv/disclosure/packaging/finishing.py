"""The papers of a package, its manifest and signature, and the moment from which it may be handed over.

The manifest names every other file; the report, which cannot hold the manifest's hash and be named in it,
shows that of the package's footage. Papers are made anew each time: they are small.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid5

from django.db import transaction
from django.db.models import Max, Min, QuerySet, Sum

from accesslog import IndexFields, conf, note
from accesslog.outside import proof, witness
from accesslog.services import append
from cctv.core import clock
from cctv.disclosure.exports.entries import purpose_of
from cctv.disclosure.exports.grounds import ground_text
from cctv.disclosure.exports.models import ActKind, Export, ExportForm, ExportSpan, ExportState, FileKind
from cctv.disclosure.packages import check, manifest
from cctv.disclosure.packaging import events, key, masked, opening
from cctv.disclosure.packaging.errors import Interrupted
from cctv.disclosure.packaging.files import OF, SEALED
from cctv.disclosure.packaging.footage import PARTS, SAID, Making, evidence_of
from cctv.disclosure.packaging.sources import JOB, gaps_of, named, with_sound
from cctv.disclosure.provisions import letters, report
from cctv.footage.viewings.entries import camera_fields
from cctv.ingest.models import Recorder
from cctv.sites.models import Camera
from cctv.vault import services as vault
from cctv.vault.steps import reached

CHECKPOINT, REPORT = "checkpoint", "report.pdf"
DECIDED = (ActKind.APPROVED, ActKind.BROKEN_GLASS, ActKind.CONFIRMED)
KINDS = {
    ActKind.APPROVED: "export.approved", ActKind.BROKEN_GLASS: "export.urgent",
    ActKind.CONFIRMED: "export.confirmed",
}  # fmt: skip
# So many stills are in a report; all of them are in the package.
MOST_STILLS = 12
# What of a file's facts the manifest does not repeat.
OWN = (OF, SEALED, PARTS, SAID)


def papers(making: Making, spans: Sequence[ExportSpan]) -> datetime:
    """Proofs, letters, report, verifiers, manifest, signature; when they say that the package was made.

    Raises NotPublished, LogUnavailable.
    """
    export, files = making.export, making.files
    files.drop_others()
    log = _proofs(making)
    made_at = clock.now()
    if (letter := letters.limit_use_letter(export)) is not None:
        files.put(FileKind.LETTER, files.name("letters", "limit-use.pdf"), letter)
    for name, data in check.enclosed().items():
        files.put(FileKind.VERIFIER, files.name(name), data)
    facts = _facts(export, spans, log, made_at)
    files.put(FileKind.REPORT, files.name(REPORT), report.report_pdf(export, facts, _stills(export)))
    facts = _facts(export, spans, log, made_at)
    hashed = hashlib.sha256()

    def told() -> Iterator[bytes]:
        for piece in manifest.stream(facts):
            hashed.update(piece)
            yield piece

    files.put(FileKind.MANIFEST, files.name(manifest.MANIFEST), _joined(told()))
    signed = key.sign_manifest(hashed.digest())
    files.put(FileKind.SIGNATURE, files.name(manifest.SIGNATURE), signed.encode())
    return made_at


def _stills(export: Export) -> list[tuple[str, bytes]]:
    """The package's stills for its report, which shows some: what stands below each, and its JPEG."""
    rows = export.files.filter(kind=FileKind.STILL).select_related("export", "camera__site").order_by("name")
    found = []
    for row in rows[:MOST_STILLS]:
        body: dict[str, Any] = {"job": JOB, "objects": [str(row.pk)], "export": named(export)}
        receipt = append(kind="vault.job", body=body)
        with vault.open_for_system(receipt, opening.keyed(row), job=JOB) as reader:
            assert row.camera is not None
            assert row.starts_at is not None
            found.append((report.below_still(export, row.camera, row.starts_at), reader.read()))
    return found


def _joined(pieces: Iterator[bytes], size: int = 1 << 16) -> Iterator[bytes]:
    """The same bytes in larger pieces."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        if len(waiting) >= size:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


def _proofs(making: Making) -> manifest.LogFacts:
    """The proofs of all entries that the package leans on, under one checkpoint."""
    export, files = making.export, making.files
    entries = {key.entered().index: events.KEY}
    for act in export.acts.filter(kind__in=DECIDED).exclude(entry=None):
        assert act.entry is not None
        entries[act.entry] = KINDS[ActKind(act.kind)]
    for said in evidence_of(export):
        if "entry" in said:
            entries[said["entry"]] = manifest.HOUR_KIND
    checkpoint, proofs = proof.of_entries(sorted(entries), with_record=True)
    files.put(FileKind.PROOF, files.name(CHECKPOINT), checkpoint.encode())
    found = []
    for entry, text in proofs.items():
        name = files.name("proofs", f"{entry}{proof.SUFFIX}")
        files.put(FileKind.PROOF, name, text.encode())
        found.append(manifest.ProofFacts(entry, entries[entry], name))
    signers = {(each.name, each.key_id) for each in note.parse(checkpoint).signatures}
    return manifest.LogFacts(
        origin=conf.signer().origin, vkey=conf.signer().verifier_key(), checkpoint=CHECKPOINT, proofs=found,
        witnesses=[str(each.key) for each in witness.configured() if (each.name, each.key.key_id) in signers],
    )  # fmt: skip


def _facts(
    export: Export, spans: Sequence[ExportSpan], log: manifest.LogFacts, made_at: datetime
) -> manifest.PackageFacts:
    decided = export.acts.filter(kind__in=(ActKind.APPROVED, ActKind.CONFIRMED)).select_related("by").last()
    purpose = purpose_of(export)
    return manifest.PackageFacts(
        export=manifest.ExportFacts(
            export.number, made_at, export.site.name, export.case.number, export.language,
            bool(export.urgency),
        ),
        key=key.public_key(),
        purpose=manifest.PurposeFacts(
            export.purpose_text or str(purpose["text"]),
            code=export.purpose.code if export.purpose else None, intended=export.purpose is not None,
        ),
        ground=manifest.GroundFacts(
            export.ground, ground_text(export.site.jurisdiction, export.ground), export.document,
            why_no_consent=_says_why(export),
        ),
        people=manifest.PeopleFacts(
            export.asked_by.name, decided.by.name if decided and decided.by else None, made_at
        ),
        recipient=manifest.RecipientFacts(export.recipient_kind, export.recipient),
        expires_at=made_at + timedelta(days=export.keep_days),
        cameras=_cameras(spans),
        spans=[_span(each) for each in spans],
        files=_files(export), segments=evidence_of(export), log=log,
    )  # fmt: skip


def _says_why(export: Export) -> bool:
    """Whether a reason was stated why consent is impossible; which, is sealed and stays here."""
    from cctv.disclosure.exports import details

    known = details.read(export)
    return known is not None and bool(known.why_no_consent)


def _files(export: Export) -> list[manifest.FileFacts]:
    rows = export.files.exclude(kind__in=(FileKind.MANIFEST, FileKind.SIGNATURE)).order_by("name")
    return [
        manifest.FileFacts(
            row.name, row.kind, row.size_bytes, row.sha256,
            str(row.camera_id) if row.camera_id else None, row.starts_at, row.ends_at,
            _said(row.facts),
        )
        for row in rows.iterator(chunk_size=4)
    ]  # fmt: skip


def _said(facts: dict[str, Any]) -> dict[str, Any]:
    """What the manifest repeats of them."""
    return {**{name: value for name, value in facts.items() if name not in OWN}, **facts.get(SAID, {})}


def _cameras(spans: Sequence[ExportSpan]) -> list[manifest.CameraFacts]:
    uncovered = {each.pk for each in masked.uncovered(spans)}
    sound = {each.pk for each in with_sound(spans)}
    cameras = {span.camera_id: span.camera for span in spans}
    return [_camera(each, each.pk in uncovered, each.pk in sound) for each in cameras.values()]


def _camera(camera: Camera, uncovered: bool, sound: bool) -> manifest.CameraFacts:
    recorder = Recorder.objects.filter(cameras=camera, revoked_at=None).order_by("name").first()
    return manifest.CameraFacts(
        str(camera.pk), camera.code, camera.name, camera.location, camera.site.time_zone,
        recorder.name if recorder else "", camera.clock_offset_ms, uncovered, sound,
    )  # fmt: skip


def _span(span: ExportSpan) -> manifest.SpanFacts:
    return manifest.SpanFacts(
        str(span.camera_id), span.starts_at, span.ends_at, span.form,
        [manifest.GapFacts(*each) for each in gaps_of(span)], _redaction(span),
    )  # fmt: skip


def _redaction(span: ExportSpan) -> manifest.RedactionFacts | None:
    if span.redaction is None or span.form == ExportForm.NATIVE:
        return None
    row = span.export.files.filter(kind=FileKind.REDACTED, facts__number=span.redaction.number).get()
    said = row.facts
    return manifest.RedactionFacts(
        said["number"], said["result_sha256"], said["reviewer"], said["parameters"]
    )


def finish(making: Making, spans: Sequence[ExportSpan], rows: QuerySet[Export], made_at: datetime) -> None:
    """Entry, then READY: from the commit on it may be handed over, until its days are over."""
    export = making.export
    signed = export.files.get(kind=FileKind.MANIFEST)
    sums = export.files.aggregate(bytes=Sum("size_bytes"))
    count = export.files.count()
    expires_at = made_at + timedelta(days=export.keep_days)
    body = {
        **about(export, spans), "manifest_sha256": signed.sha256, "files": count, "bytes": sums["bytes"],
        "until": clock.rfc3339(expires_at), "urgent": bool(export.urgency),
    }  # fmt: skip
    receipt = append(
        kind=events.PACKAGED, body=body, index=index(export, spans),
        event_id=uuid5(export.pk, f"{events.PACKAGED}/{signed.sha256}"),
    )  # fmt: skip
    reached("package.logged")
    seconds = round((made_at - (export.work_asked_at or made_at)).total_seconds())
    package = {
        "sha256": signed.sha256, "size": signed.size_bytes, "files": count, "bytes": sums["bytes"],
        "seconds": seconds, "entry": receipt.index, "key": key.public_key(),
    }  # fmt: skip
    with transaction.atomic():
        making.fence()
        done = rows.update(
            state=ExportState.READY, expires_at=expires_at, package=package, work_asked_at=None,
            work_permille=1000,
            work_attempts=0, not_before=None, lease_token=None, lease_until=None, error_code="", error="",
        )  # fmt: skip
        if not done:
            raise Interrupted
    reached("package.ready")


def about(export: Export, spans: Sequence[ExportSpan]) -> dict[str, Any]:
    """Which export, of which footage, as each entry about its package says."""
    cameras = {span.camera_id: span.camera for span in spans}
    first, last = times_of(export)
    return {
        "export": named(export), "site": export.site.logged(), "case": export.case.number,
        "cameras": [camera_fields(each) for each in cameras.values()],
        "from": clock.rfc3339(first), "to": clock.rfc3339(last, round_up=True),
    }  # fmt: skip


def times_of(export: Export) -> tuple[datetime, datetime]:
    """From the first moment of its footage to the last."""
    times = export.spans.aggregate(first=Min("starts_at"), last=Max("ends_at"))
    return times["first"], times["last"]


def index(export: Export, spans: Sequence[ExportSpan]) -> list[IndexFields]:
    """By what such an entry is found."""
    return [
        IndexFields(
            camera=str(span.camera_id), site=str(export.site_id), case=export.case.number,
            footage_from=span.starts_at, footage_to=span.ends_at,
        )
        for span in spans
    ]  # fmt: skip
