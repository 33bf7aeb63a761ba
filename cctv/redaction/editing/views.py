"""The editor's JSON and pages: what the browser is told, and what it may send.

Everything here is inside an own open viewing that covers the redaction's camera and span, named by `?viewing=`;
where people walked is told only after `redaction.opened` is in the log.

`GET data.json`, and the answer to every change (frames count from 0 over the whole span; portions 0..1):

    {"redaction": {"number", "mode", "style", "subjectKind", "state", "revision", "renderedRevision": int|null,
                   "savedAt": ms|null, "mayEdit": bool, "case", "purpose", "work", "permille", "error"},
     "size": {"width", "height"},
     "frames": {"count": n, "startMs": ms since 1970 of the span's start,
                "times": base64 int32 LE, ms from startMs per frame},
     "tracks": [{"number", "kind": "person|vehicle|face|plate|motion|other", "first", "count",
                 "role": "hide|show|manual", "subject": bool, "hand": [[first, last]],
                 "doubtful": [[first, last]], "boxes": base64 uint16 LE x, y, w, h per frame, 65535 = 1.0}],
     "subject": null | {"track": n|null, "first", "boxes": likewise (w = 0: not known), "sure": base64 u8 per frame},
     "covers": [{"id", "kind": "box|polygon", "first", "last", "keys": [{"frame", "shape"}]}],
     "masks": [{"id", "polygon"}],
     "doubts": [{"key", "kind", "first", "last", "tracks": [..], "settled": bool,
                 "what": a sentence, "why": a small text}],
     "whole": [[first, last]],
     "undo": {"can": bool, "what": text}, "redo": {"can", "what"},
     "urls": {"edits", "undo", "redo", "preview", "previewClip", "render", "submit", "progress", "result"}}

All ranges of frames are inclusive. A shape is [x, y, w, h] (box) or [[x, y], ...] (polygon).

`POST edits.json` {"revision": n, "kind", "body"} answers the new data.json; `undo.json` and `redo.json` take
{"revision": n}. 409 `redaction_changed` with "revision": the current one, when somebody else changed it meanwhile;
400 with "code", "message", "hint" for a body that means nothing. Kinds and bodies: `cctv.redaction.tracks.edits`.
"""
