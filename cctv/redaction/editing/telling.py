"""The editor's JSON: what the browser is told of a redaction. `views` says what each field means."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.urls import reverse

from cctv.footage.models import ViewingSession
from cctv.people.policy import permissions_of
from cctv.redaction.drawing.drawing import Polygon, Shape
from cctv.redaction.editing import texts
from cctv.redaction.editing.drawn import Drawn, ranges, text
from cctv.redaction.editing.opening import Opened, may_edit
from cctv.redaction.errors import told as told_error
from cctv.redaction.models import Redaction, RedactionEdit
from cctv.redaction.resolve import Resolved
from cctv.redaction.scene import words as scene_words
from cctv.redaction.services import may_retry
from cctv.sites.masks import polygons
from cctv.sites.masks import services as masks
from cctv.sites.masks.scopes import CameraMasks


def told(
    opened: Opened, *, redo: RedactionEdit | None, size: tuple[int, int], held: str = ""
) -> dict[str, Any]:
    """All of it, as it stands; of what is large only what a decision changed, for who has the rest (`held`:
    the basis of what they have)."""
    resolved = opened.resolved()
    redaction = opened.redaction
    head = opened.edits[-1] if opened.edits else None
    return {
        **_beside(redaction, opened.session),
        **_large(opened, resolved, held),
        "size": {"width": size[0], "height": size[1]},
        "covers": [_cover(resolved, name) for name in resolved.decided.covers],
        **_masks(opened, resolved),
        "doubts": _doubts(resolved),
        "whole": ranges(resolved.whole),
        "undo": {"can": head is not None, "what": texts.decision(head.kind) if head else ""},
        "redo": {"can": redo is not None, "what": texts.decision(redo.kind) if redo else ""},
    }


def _large(opened: Opened, resolved: Resolved, held: str) -> dict[str, Any]:
    drawn = Drawn(resolved)
    before = Drawn(opened.before) if held and opened.before is not None else None
    frames: dict[str, Any] = {
        "count": resolved.frames,
        "startMs": round(opened.redaction.starts_at.timestamp() * 1000),
    }
    if before is not None and before.basis == held:
        return {"frames": frames, **drawn.since(before)}
    return {"frames": {**frames, "times": text(np.rint(resolved.times).astype("<i4"))}, **drawn.all()}


def told_before(redaction: Redaction, session: ViewingSession, *, size: tuple[int, int]) -> dict[str, Any]:
    """The same while nobody has looked at the footage yet: nothing is known of its pictures."""
    nothing: dict[str, Any] = {"can": False, "what": ""}
    return {
        **_beside(redaction, session),
        "size": {"width": size[0], "height": size[1]},
        "frames": {"count": 0, "startMs": round(redaction.starts_at.timestamp() * 1000), "times": ""},
        "tracks": [], "subject": None, "covers": [], "masks": [], "fixed": [], "doubts": [], "whole": [],
        "undo": nothing, "redo": nothing,
    }  # fmt: skip


def _beside(redaction: Redaction, session: ViewingSession) -> dict[str, Any]:
    may = permissions_of(session.actor).may
    last = redaction.acts.order_by("-pk").values_list("made_at", flat=True).first()
    query = f"?viewing={session.pk}"
    edit = {
        name: reverse(f"redaction-{name}", args=[redaction.number]) + query
        for name in ("edits", "undo", "redo", "preview", "preview-clip", "submit", "keep-mask")
    }
    edit["previewClip"], edit["keepMask"] = edit.pop("preview-clip"), edit.pop("keep-mask")
    mine = may(masks.CHANGE, site_id=redaction.site_id)
    return {
        "redaction": {
            "number": redaction.number,
            "mode": redaction.mode,
            "style": redaction.style,
            "subjectKind": redaction.subject_kind,
            "state": redaction.state,
            "revision": redaction.revision,
            "renderedRevision": redaction.rendered_revision,
            "savedAt": round(last.timestamp() * 1000) if last else None,
            "mayEdit": may_edit(redaction),
            "mayRetry": may_retry(redaction),
            "scene": scene_words.told(redaction),
            "case": redaction.case,
            "purpose": redaction.purpose.name,
            "work": redaction.work,
            "permille": redaction.work_permille,
            "mayKeep": may(masks.KEEP, site_id=redaction.site_id),
            "error": told_error(redaction.error_code, redaction.error),
        },
        "urls": {
            **edit,
            "progress": reverse("redaction-progress", args=[redaction.number]),
            "result": reverse("redaction", args=[redaction.number]),
            "cameraMasks": reverse("camera-masks", args=[redaction.camera.code]) if mine else "",
        },
    }


def _masks(opened: Opened, resolved: Resolved) -> dict[str, Any]:
    """What is covered throughout: what was drawn here, and the camera's own, which this does not change."""
    camera = masks.current(opened.redaction.camera) or CameraMasks()
    fixed = [*(("always", each) for each in camera.always), *(("copies", each) for each in camera.copies)]
    return {
        "masks": [
            {"id": name, "polygon": _plain(polygon), "kept": _is_kept(polygon, camera)}
            for name, polygon in resolved.decided.masks.items()
        ],
        "fixed": [
            {"id": f"f{place}", "polygon": polygon, "scope": scope}
            for place, (scope, polygon) in enumerate(fixed)
        ],
    }


def _is_kept(polygon: Polygon, camera: CameraMasks) -> bool:
    try:
        return polygons.read([polygons.clipped(polygon.tolist())])[0] in camera.of_copies
    except polygons.BadMasks:
        return False


def _cover(resolved: Resolved, name: str) -> dict[str, Any]:
    cover = resolved.decided.covers[name]
    keys = zip(cover.frames, cover.shapes, strict=True)
    return {
        "id": cover.id,
        "kind": cover.kind,
        "first": cover.first,
        "last": cover.last,
        "keys": [{"frame": frame, "shape": _plain(shape)} for frame, shape in keys],
    }


def _doubts(resolved: Resolved) -> list[dict[str, Any]]:
    manual = resolved.settings.mode == "manual"
    return [
        {
            "key": doubt.key,
            "kind": doubt.kind,
            "first": doubt.first,
            "last": doubt.last,
            "tracks": list(doubt.tracks),
            "settled": doubt.settled,
            "what": texts.what_of(doubt, manual=manual),
            "why": texts.why_of(doubt),
        }
        for doubt in resolved.doubts
    ]


def _plain(shape: Shape) -> list[Any]:
    rounded: list[Any] = np.round(np.asarray(shape, np.float64), 6).tolist()
    return rounded
