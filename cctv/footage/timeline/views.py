"""`site-timeline`: the states of a site's cameras over a span, as JSON. Times and states, never a picture.

    GET /sites/<site>/timeline.json?from=<ms>&to=<ms>[&px=<n>][&camera=<code>]…

`from` and `to` are epoch milliseconds, `from` < `to`, at most 62 days apart. `px`: how many pixels the span
is drawn on (100 to 4096, 1200 without it). `camera`: which cameras, at most 64; without it all that the
site's page lists (retired ones while footage of theirs remains). One address, one answer:

    {"zone": "Asia/Seoul",          the site's IANA zone, for drawing; all moments are epoch ms in UTC
     "now": ms,                     the server's clock; nothing later is a gap
     "from": ms, "to": ms,          the span answered for: the one asked for, widened to whole steps
     "resolution_ms": n,            one step: at most a pixel, except where many cameras are asked for
     "cameras": {"gate-2": {        in the order of the site's page (by name); keys are camera codes
        "recorded": [spans],        footage that may be asked for: not expired; `extra`, `expiring` lie in it
        "gaps": [spans],            within recording hours, in use, before now, and nothing is recorded
        "off": [spans],             recording hours say nothing is recorded here, and nothing is
        "extra": [spans],           recorded although wholly out of the recording hours as they are now
        "held": [spans],            footage kept by a legal hold, expired or not (then it is not `recorded`)
        "restricted": [spans],      not shown to anybody for now, recorded or not
        "expiring": [spans],        recorded, and expires within 24 hours from now
        "destroyed_before": ms | null,   footage from before has reached its end under the retention rules;
                                    never later than `now`; null: nothing has ended since the camera is known
        "first": ms | null,         where the oldest footage that may be asked for begins, whatever the span
        "last": ms | null           where the newest one ends
     }}}

A list of spans is flat and delta coded, in steps of `resolution_ms`:

    [skip, length, skip, length, …]     ints; length >= 1; skip >= 0 for the first, >= 1 for the others

The first skip counts from the answer's `from`, each further one from the end of the span before it. So
`{"from": 1000000, "resolution_ms": 1000, "recorded": [5, 10, 2, 3]}` is [1005000, 1015000) and
[1017000, 1020000). In JavaScript:

    let at = answer.from;
    for (let i = 0; i < list.length; i += 2) {
      const start = at + list[i] * step, end = start + list[i + 1] * step;
      draw(start, end); at = end;
    }

Steps are round (1, 2, 5, … ms; 1, 2, 5, 10, 15, 30 s; 1, 2, 5, 10, 15, 30 min; 1, 2, 3, 6 h), and their
edges are multiples of the step since 1970, so the same stretch falls on the same edges however the view is
moved.

Within a step the rarer thing wins over the emptier one: a step counts as recorded (held, restricted, …)
when any of it is, so nothing short is invisible. `gaps` and `off` are whole steps: `recorded`, `gaps` and
`off` never share one. A pause of up to two seconds between segments is no gap, nor is the last quarter of
an hour before now, whose segments are still coming in. The three do not fill the span: nothing is said of
the future, of what lies before `destroyed_before`, or of when the camera was not in use.

Draw from below: off, gaps, recorded, extra, expiring, held, restricted; what is before `destroyed_before`
as gone.

Errors, JSON with code, message and hint for who asks with `Accept: application/json`: 400
`timeline_refused` (span, px or too many cameras), 403 `forbidden`, 404 `not_found` (a site or camera that
the person may not know of). Never cached.
"""

import json
from datetime import timedelta
from typing import Any

from django.http import HttpResponse, QueryDict
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from cctv.core.errors import LetheError
from cctv.footage.selectors import active_cameras
from cctv.footage.timeline.selectors import Timeline, timeline
from cctv.footage.timeline.states import LISTS, States
from cctv.people.access import Request, requires, site_or_404
from cctv.people.policy import NotFound
from cctv.sites.models import Camera, Site

BROWSE = "footage.browse"
LONGEST_MS = timedelta(days=62) // timedelta(milliseconds=1)
MOST_CAMERAS = 64
USUAL_PIXELS, FEWEST_PIXELS, MOST_PIXELS = 1200, 100, 4096
# No footage lies outside: 1970 to the end of 2199.
LAST_MS = 7_258_118_400_000


class TimelineRefused(LetheError):
    """A span, a width or a number of cameras that no timeline is drawn for."""

    code = "timeline_refused"
    status = 400
    message = _("No timeline can be drawn of this.")
    hint = _("Ask for at most 62 days and 64 cameras, from a time to a later one in milliseconds.")


@require_GET
@requires(BROWSE)
def site_timeline(request: Request, site_code: str) -> HttpResponse:
    """The states of a site's cameras over a span."""
    site = site_or_404(request, site_code, BROWSE)
    start, end = _number(request.GET, "from", 0, LAST_MS), _number(request.GET, "to", 0, LAST_MS)
    if not 0 < end - start <= LONGEST_MS:
        raise TimelineRefused
    pixels = _number(request.GET, "px", FEWEST_PIXELS, MOST_PIXELS, USUAL_PIXELS)
    cameras = _cameras(site, request.GET.getlist("camera"))
    told = timeline(site=site, cameras=cameras, start=start, end=end, pixels=pixels)
    response = HttpResponse(encoded(told), content_type="application/json")
    patch_cache_control(response, private=True, no_store=True)
    return response


def _number(query: QueryDict, name: str, least: int, most: int, usual: int | None = None) -> int:
    """A whole number within bounds; TimelineRefused."""
    text = query.get(name, "")
    if not text and usual is not None:
        return usual
    if not (text.isascii() and text.isdecimal() and len(text) < 16 and least <= int(text) <= most):
        raise TimelineRefused
    return int(text)


def _cameras(site: Site, codes: list[str]) -> list[Camera]:
    """Those of the site with these codes, without any all that its page lists; NotFound for a foreign one."""
    cameras = list(active_cameras(site))
    if codes:
        wanted = set(codes)
        cameras = [camera for camera in cameras if camera.code in wanted]
        if len(cameras) != len(wanted):
            raise NotFound
    if len(cameras) > MOST_CAMERAS:
        raise TimelineRefused
    return cameras


def encoded(told: Timeline) -> bytes:
    """The answer as JSON, without a space too many."""
    body = {
        "zone": told.zone,
        "now": told.now,
        "from": told.grid.start,
        "to": told.grid.end,
        "resolution_ms": told.grid.step,
        "cameras": {code: _camera(told, states) for code, states in told.cameras.items()},
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _camera(told: Timeline, states: States) -> dict[str, Any]:
    lists = {name: told.grid.encode(getattr(states, name)) for name in LISTS}
    return lists | {
        "destroyed_before": states.destroyed_before, "first": states.first, "last": states.last
    }  # fmt: skip
