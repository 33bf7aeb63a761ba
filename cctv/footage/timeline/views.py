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
        "extra": [spans],           recorded although out of the recording hours
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

Steps are round (1, 2, 5, … ms; 1, 2, 5, 10, 15, 30 s; 1, 2, 5, 10, 15, 30 min; 1 h), and their edges are
multiples of the step since 1970, so the same stretch falls on the same edges however the view is moved.

Within a step the rarer thing wins over the emptier one: a step counts as recorded (held, restricted, …)
when any of it is, so nothing short is invisible. `gaps` and `off` are whole steps: `recorded`, `gaps` and
`off` never share one. A pause of up to two seconds between segments is no gap, nor is the last quarter of
an hour before now, whose segments are still coming in. The three do not fill the span: nothing is said of
the future, of what lies before `destroyed_before`, or of when the camera was not in use.

Draw from below: off, gaps, recorded, extra, expiring, held, restricted; what is before `destroyed_before`
as gone.

Errors are JSON with code, message and hint: 400 `timeline_refused` (span, px or too many cameras),
403 `forbidden`, 404 `not_found` (a site or camera that the person may not know of). Never cached.
"""
