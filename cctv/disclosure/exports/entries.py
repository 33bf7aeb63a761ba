"""One entry about an export: which footage, for whom, on which ground, for what; by camera and span."""

from typing import Any
from uuid import UUID

from accesslog import IndexFields
from accesslog.services import append
from cctv.core import clock
from cctv.disclosure.exports.grounds import ground_text
from cctv.disclosure.exports.models import Export, ExportSpan
from cctv.disclosure.exports.results import pinned
from cctv.footage.viewings.entries import camera_fields
from cctv.people.actors import actor_fields
from cctv.people.models import Account

ASK, DECIDE = "export.ask", "export.decide"
# A purpose that the cameras are not run for, as the log's rules know it.
OTHER_PURPOSE = "other"


def enter(
    export: Export,
    kind: str,
    *,
    actor: Account | None,
    action: str = DECIDE,
    terminal: str = "",
    event_id: UUID,
    **facts: Any,
) -> int:
    """The index of the durable entry; LogUnavailable. Without an actor it is Lethe's own finding."""
    spans = list(export.spans.select_related("camera", "redaction").order_by("starts_at", "camera__name"))
    body: dict[str, Any] = about(export, spans) | facts
    if actor is not None:
        body |= {"actor": actor_fields(actor, action, site_id=export.site_id), "terminal": terminal}
    index = [
        IndexFields(
            actor=str(actor.pk) if actor else "", camera=str(span.camera_id), site=str(export.site_id),
            purpose=purpose_of(export)["code"], case=export.case.number, terminal=terminal,
            footage_from=span.starts_at, footage_to=span.ends_at,
        )
        for span in spans
    ]  # fmt: skip
    return append(kind=kind, body=body, index=index, event_id=event_id).index


def about(export: Export, spans: list[ExportSpan]) -> dict[str, Any]:
    """Which export, of which footage, for whom, as each entry about it says."""
    cameras = {span.camera_id: span.camera for span in spans}
    return {
        "export": {"id": str(export.pk), "name": export.number},
        "site": export.site.logged(),
        "case": export.case.number,
        "cameras": [camera_fields(each) for each in cameras.values()],
        "from": clock.rfc3339(min(span.starts_at for span in spans)),
        "to": clock.rfc3339(max(span.ends_at for span in spans), round_up=True),
        "recipient": export.recipient,
    }


def ground_of(export: Export) -> dict[str, str]:
    """The ground, as entries name it."""
    return {"code": export.ground, "text": ground_text(export.site.jurisdiction, export.ground)}


def purpose_of(export: Export) -> dict[str, Any]:
    """The purpose, as entries name it; `intended` tells whether the cameras are run for it."""
    if export.purpose is None:
        return {
            "code": OTHER_PURPOSE, "text": export.purpose_text, "reason": export.purpose_text,
            "intended": False,
        }  # fmt: skip
    return {
        "code": export.purpose.code, "text": export.purpose.name, "reason": export.purpose_text,
        "intended": True,
    }  # fmt: skip


def spans_of(export: Export) -> list[dict[str, Any]]:
    """Each span with its form, and which result of a redaction it is, as entries name it."""
    rows = export.spans.select_related("camera", "redaction").order_by("starts_at", "camera__name")
    return [_span(export, span) for span in rows]


def _span(export: Export, span: ExportSpan) -> dict[str, Any]:
    said: dict[str, Any] = {
        "camera": span.camera.code, "from": clock.rfc3339(span.starts_at),
        "to": clock.rfc3339(span.ends_at, round_up=True), "form": span.form, "redaction": "",
    }  # fmt: skip
    if export.watermark:
        said |= {"watermark": True}  # of redacted copies and stills: clips as recorded have none
    if span.redaction is not None:
        said |= {"redaction": span.redaction.number, "result_sha256": pinned(export, span.redaction)}
    return said


def approved_of(export: Export) -> dict[str, Any]:
    """What an approval is of: verifiers of a package compare it with the manifest."""
    return {"spans": spans_of(export), "ground": ground_of(export), "purpose": purpose_of(export)}


def why_of(export: Export) -> dict[str, Any]:
    """What was stated when it was asked for."""
    said: dict[str, Any] = {
        "purpose": purpose_of(export), "ground": ground_of(export), "spans": spans_of(export),
        "recipient_kind": export.recipient_kind, "keep_days": export.keep_days,
    }  # fmt: skip
    if export.document:
        said["document"] = export.document
    if export.letter is not None:
        said["letter"] = export.letter.title
    return said
