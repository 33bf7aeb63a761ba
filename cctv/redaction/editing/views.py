"""The editor's JSON: what the browser is told, and what it may send.

Everything here is inside an own open viewing that covers the redaction's camera and span, named by
`?viewing=`; where people walked is told only after `redaction.opened` is in the log.

`GET data.json`, and the answer to every change that names no basis (frames count from 0 over the whole span;
portions 0..1):

    {"redaction": {"number", "mode", "style", "subjectKind", "state", "revision", "renderedRevision": n|null,
                   "savedAt": ms|null, "mayEdit": bool, "mayRetry": bool, "mayKeep": bool, "case", "purpose",
                   "work", "permille", "error",
                   "scene": {"how", "wanted": bool, "settled": bool, "again": bool, "says": a sentence}},
     "size": {"width", "height"}, "basis": a name of what is told of frames, tracks and subject,
     "frames": {"count": n, "startMs": ms since 1970 of the span's start,
                "times": base64 int32 LE, ms from startMs per frame},
     "tracks": [{"number", "kind": "person|vehicle|face|plate|motion|other", "first", "count",
                 "role": "hide|show|manual", "subject": bool, "hand": [[first, last]],
                 "doubtful": [[first, last]], "boxes": base64 uint16 LE x, y, w, h per frame, 65535 = 1.0}],
     "subject": null | {"track": n|null, "first", "boxes": likewise (w = 0: not known),
                        "sure": base64 u8 per frame},
     "covers": [{"id", "kind": "box|polygon", "first", "last", "keys": [{"frame", "shape"}]}],
     "masks": [{"id", "polygon", "kept": bool (it is one of the camera's, too)}],
     "fixed": [{"id", "polygon", "scope": "always|copies"}]  (the camera's own masks),
     "doubts": [{"key", "kind", "first", "last", "tracks": [..], "settled": bool,
                 "what": a sentence, "why": a small text}],
     "whole": [[first, last]],
     "undo": {"can": bool, "what": text}, "redo": {"can", "what"},
     "urls": {"edits", "undo", "redo", "preview", "previewClip", "render", "submit", "progress", "result",
              "keepMask", "cameraMasks": "" unless the person may change them}}

All ranges of frames are inclusive. A shape is [x, y, w, h] (box) or [[x, y], ...] (polygon).

`POST keep-mask.json` {"revision": n, "mask": id} makes a mask one of the camera's, for all copies of its
footage from now on, and answers the new data.json.

A change that names the `basis` of what the browser has is answered with what it changed of that, where that
is known still: then there is `"of"` (that basis), no `times`, `tracks` holds only those that are not as they
were, `gone` the numbers of those that are no more, and a `subject` with `"patch": true` only the frames from
`first` on that are not as they were. Whoever has another basis by now asks for data.json.

`POST edits.json` {"revision": n, "kind", "body"} answers the new data.json; `undo.json` and `redo.json`
take {"revision": n}. 409 `redaction_changed` with "revision": the current one, when somebody else changed
it meanwhile; 400 with "code", "message", "hint" for a body that means nothing. Kinds and bodies:
`cctv.redaction.tracks.edits`.
"""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_POST

from cctv.footage.media_views import opened as opened_viewing
from cctv.footage.media_views import private, stream
from cctv.footage.models import ViewingSession
from cctv.people.access import Request, numbered_or_404, requires
from cctv.redaction.editing import previewing, services, stored, telling
from cctv.redaction.editing.errors import (
    DecisionRefused,
    NotLookedAt,
    PreviewRefused,
    RedactionChanged,
    ViewingRequired,
)
from cctv.redaction.editing.opening import ACTION, Opened, open_editor, require_inside
from cctv.redaction.models import Redaction

# A decision is a shape or two.
MOST_BYTES = 256 * 1024
MOST_ID = 100


@gzip_page  # boxes of thousands of frames; no secret beside what was typed
@require_GET
@requires(ACTION)
def data(request: Request, number: str) -> HttpResponse:
    """All that the editor draws."""
    redaction, session = opened(request, number)
    try:
        return _told(open_editor(redaction, session))
    except NotLookedAt:
        require_inside(redaction, session)
        # Until the job has planned its parts nothing says how large the pictures are: the player shows it.
        size = stored.size_of(redaction) if redaction.parts.exists() else (0, 0)
        return private(JsonResponse(telling.told_before(redaction, session, size=size)))


@gzip_page  # boxes of thousands of frames; no secret beside what was typed
@require_POST
@requires(ACTION)
def edits(request: Request, number: str) -> HttpResponse:
    """Take a decision."""
    redaction, session = opened(request, number)
    sent = _sent(request)

    def decide(revision: int) -> Opened:
        kind = sent.get("kind")
        if not isinstance(kind, str):
            raise DecisionRefused("kind")
        return services.decide(redaction, session, revision=revision, kind=kind, body=sent.get("body"))

    return _changed(sent, decide)


@gzip_page  # boxes of thousands of frames; no secret beside what was typed
@require_POST
@requires(ACTION)
def undo(request: Request, number: str) -> HttpResponse:
    """Take the last decision back."""
    redaction, session = opened(request, number)
    return _changed(_sent(request), lambda revision: services.undo(redaction, session, revision=revision))


@gzip_page  # boxes of thousands of frames; no secret beside what was typed
@require_POST
@requires(ACTION)
def redo(request: Request, number: str) -> HttpResponse:
    """Take it again."""
    redaction, session = opened(request, number)
    return _changed(_sent(request), lambda revision: services.redo(redaction, session, revision=revision))


@gzip_page  # boxes of thousands of frames; no secret beside what was typed
@require_POST
@requires(ACTION)
def keep_mask(request: Request, number: str) -> HttpResponse:
    """Cover the place of a mask in every redaction of the camera."""
    redaction, session = opened(request, number)
    sent = _sent(request)

    def keep(revision: int) -> Opened:
        return services.keep_mask(redaction, session, revision=revision, mask=str(sent.get("mask"))[:MOST_ID])

    return _changed(sent, keep)


@require_POST
@requires(ACTION)
def submit(request: Request, number: str) -> HttpResponse:
    """Have it rendered, for a second person to review; says how many doubtful moments are left."""
    redaction, session = opened(request, number)

    def send(revision: int) -> dict[str, int]:
        return {"doubtsLeft": services.submit(redaction, session, revision=revision)}

    return _changed(_sent(request), send)


@require_GET
@requires(ACTION)
def preview(request: Request, number: str) -> StreamingHttpResponse:
    """One picture (`at`: its frame) as it will leave, small."""
    redaction, session = opened(request, number)
    picture = previewing.picture(redaction, session, frame=_frame(request, "at"))
    return stream(session, picture, "image/jpeg")


@require_GET
@requires(ACTION)
def preview_clip(request: Request, number: str) -> StreamingHttpResponse:
    """Frames `from` to `to` as they will leave, small, at most 20 seconds."""
    redaction, session = opened(request, number)
    first, last = _frame(request, "from"), _frame(request, "to")
    picture = previewing.clip(redaction, session, first=first, last=last)
    return stream(session, picture, "video/mp4")


def opened(request: Request, number: str) -> tuple[Redaction, ViewingSession]:
    """A redaction that the person may edit, and their own open viewing, that the address names."""
    rows = Redaction.objects.select_related("site", "camera__site", "purpose", "hold")
    redaction = numbered_or_404(request, rows, number, ACTION)
    try:
        pk = UUID(request.GET.get("viewing", ""))
    except ValueError:
        raise ViewingRequired from None
    session, _camera = opened_viewing(request, pk, redaction.camera.code)
    return redaction, session


def _sent(request: Request) -> dict[str, Any]:
    """What was posted; DecisionRefused for anything but a JSON object of a decision's size."""
    if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
        raise DecisionRefused("many")
    try:
        found = json.loads(request.body)
    except (ValueError, RecursionError):
        raise DecisionRefused("body") from None
    if not isinstance(found, dict):
        raise DecisionRefused("body")
    return found


def _changed(sent: dict[str, Any], change: Callable[[int], Opened | dict[str, int]]) -> HttpResponse:
    revision = sent.get("revision")
    if isinstance(revision, bool) or not isinstance(revision, int):
        raise DecisionRefused("body")
    try:
        made = change(revision)
    except RedactionChanged as error:
        told = {"code": error.code, "message": str(error.message), "hint": str(error.hint)}
        return JsonResponse({"error": told, "revision": error.revision}, status=error.status)
    return private(JsonResponse(made)) if isinstance(made, dict) else _told(made, sent.get("basis"))


def _told(opened: Opened, held: object = None) -> HttpResponse:
    again = services.next_of(opened.redaction)
    size = stored.size_of(opened.redaction)
    basis = held if isinstance(held, str) else ""
    return private(JsonResponse(telling.told(opened, redo=again, size=size, held=basis)))


def _frame(request: Request, name: str) -> int:
    text = request.GET.get(name, "")
    if not text.isdecimal() or len(text) > 7:
        raise PreviewRefused
    return int(text)
