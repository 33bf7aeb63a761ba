"""`viewing-motion` and `viewing-search`: when something moved before a camera of one's own open viewing.

    GET  /viewings/<uuid>/<camera>/motion.json?from=<ms>&to=<ms>[&px=<n>]
    {"from": ms, "to": ms,          the span answered for: cut to the viewing, begun on a whole step
     "step_ms": n,                  whole seconds
     "levels": base64,              a byte 0..255 for each step: the highest intensity in it
     "missing_ms": n}               recorded, but not looked at yet, or damaged: nothing is known of it

    POST /viewings/<uuid>/<camera>/search.json      a form: from, to, region
    {"found": [{"from": ms, "to": ms, "peak": ms, "score": 1..255}, …],      in order of time
     "left_out": n,                 further stretches, with lower scores than these (1,000 at most are sent)
     "searched_ms": n, "missing_ms": n,
     "entry": n}                    the log's entry of this search

`from` and `to` are epoch milliseconds; `px` (1 to 4096, 1200 without it) bounds how many steps there are.
`region` is JSON: `[[column, row], …]` of whole numbers are cells of the 16 x 9 grid, from above left, from 0;
with any fraction among them the pairs are corners of a polygon in 0..1 of the picture. `{"cells": […]}` and
`{"polygon": […]}` say which it is where corners happen to be whole. Empty: all of the picture.

Errors are JSON for who accepts JSON: 400 `motion_refused`, 403 `viewing_closed`, `other_terminal`,
`outside_viewing`, 404, 410 `hold_ended`, 503 `log_unavailable`. Restricted time is left out, never refused.
"""

import base64
import json
from datetime import datetime
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from cctv.footage import media_views
from cctv.footage.motion import facts, reading, services
from cctv.footage.motion.errors import MotionRefused
from cctv.footage.motion.facts import Mask
from cctv.people.access import Request, requires

VIEW = "footage.watch"
MOST_PIXELS, USUAL_PIXELS = 4096, 1200
# Year 2200.
LAST_MS = 7_258_118_400_000
MOST_REGION_CHARS = 8192


@require_GET
@requires(VIEW)
def motion(request: Request, pk: UUID, camera_code: str) -> HttpResponse:
    """The strip. What is told from pictures stays in no cache either."""
    session, camera = media_views.opened(request, pk, camera_code)
    start, end = _moment(request.GET.get("from")), _moment(request.GET.get("to"))
    found = services.strip(session, camera=camera, start=start, end=end, pixels=_pixels(request))
    return media_views.private(
        JsonResponse(
            {
                "from": found.start_ms,
                "to": found.end_ms,
                "step_ms": found.step_ms,
                "levels": base64.b64encode(found.levels).decode(),
                "missing_ms": found.missing_ms,
            }
        )
    )


@require_POST
@requires(VIEW)
def search(request: Request, pk: UUID, camera_code: str) -> HttpResponse:
    """The search in a region."""
    session, camera = media_views.opened(request, pk, camera_code)
    start, end = _moment(request.POST.get("from")), _moment(request.POST.get("to"))
    region = _region(request.POST.get("region", ""))
    found = services.search(session, camera=camera, start=start, end=end, region=region)
    return media_views.private(
        JsonResponse(
            {
                "found": [
                    {"from": each.start, "to": each.end, "peak": each.peak, "score": each.score}
                    for each in found.found
                ],
                "left_out": found.left_out,
                "searched_ms": found.searched_ms,
                "missing_ms": found.missing_ms,
                "entry": found.entry,
            }
        )
    )


def _moment(text: str | None) -> datetime:
    if text is None or not text.isdecimal() or len(text) > 15 or int(text) > LAST_MS:
        raise MotionRefused
    return reading.moment(int(text))


def _pixels(request: Request) -> int:
    text = request.GET.get("px", str(USUAL_PIXELS))
    if not text.isdecimal() or len(text) > 5:
        raise MotionRefused
    return min(MOST_PIXELS, max(1, int(text)))


def _region(text: str) -> Mask:
    if not text.strip():
        return facts.everything()
    try:
        if len(text) > MOST_REGION_CHARS:
            raise MotionRefused
        return facts.region_of(json.loads(text))
    except (ValueError, OverflowError, RecursionError):
        raise MotionRefused from None
