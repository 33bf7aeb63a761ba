"""The template tags of Lethe's pages: icons, states, notices, clocks, times and numbers.

A built-in of the template engine, so no page needs `{% load lethe %}`. Every component is a
template under `config/templates/lethe/components/`; this module only prepares what it shows.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.forms.boundfield import BoundField
from django.template import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from cctv.templatetags import _states, _times

register = template.Library()

TONES = {"info": "info", "ok": "ok", "warn": "warn", "bad": "bad"}
RING = 69.1  # circumference of the clock's ring, 2 * pi * 11, as drawn in deadline.html


@register.simple_tag
def icon(name: str, size: str = "", label: object = "", tone: str = "") -> SafeString:
    """An icon of the sprite; decorative unless it has a `label`. `size` "l" is 20 px, else 16 px."""
    classes = " ".join(["i", *([f"i--{size}"] if size else []), *([f"i--{tone}"] if tone else [])])
    href = f"{static('img/sprite.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="{}" viewBox="0 0 16 16" role="img" aria-label="{}"><use href="{}"/></svg>',
            classes, label, href,
        )  # fmt: skip
    return format_html(
        '<svg class="{}" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><use href="{}"/></svg>',
        classes, href,
    )  # fmt: skip


@register.inclusion_tag("lethe/components/state.html")
def state_badge(state: str, label: object = "", pill: bool = True) -> dict[str, Any]:
    """A state as icon and word. Known states are in `_states.STATES`; another needs a `label`."""
    known = _states.STATES.get(state)
    return {
        "state": state,
        "symbol": known.symbol if known else "info",
        "tone": known.tone if known else "",
        "label": label or (known.label if known else state),
        "pill": pill,
    }


@register.inclusion_tag("lethe/components/notice.html")
def notice(
    tone: str, title: object, text: object = "", href: str = "", action: object = ""
) -> dict[str, Any]:
    """A notice; `tone` is info, ok, warn or bad. The link is shown when `href` and `action` are given."""
    return {"tone": tone, "symbol": TONES[tone], "title": title, "text": text, "href": href, "action": action}


@register.simple_block_tag
def notice_block(content: SafeString, tone: str, title: object = "") -> SafeString:
    """A notice whose body is markup: `{% notice_block "warn" title=… %}…{% endnotice_block %}`."""
    context = {"tone": tone, "symbol": TONES[tone], "title": title, "body": content}
    return render_to_string("lethe/components/notice.html", context)


@register.inclusion_tag("lethe/components/empty.html")
def empty_state(
    title: object, text: object = "", href: str = "", action: object = "", icon: str = "search"
) -> dict[str, Any]:
    """An empty list that says what to do next."""
    return {"title": title, "text": text, "href": href, "action": action, "symbol": icon}


@register.inclusion_tag("lethe/components/pager.html")
def pager(newer: str = "", older: str = "", text: object = "", target: str = "") -> dict[str, Any]:
    """A keyset pager; `newer` and `older` are URLs or empty. `target` is an htmx target, e.g. "#list"."""
    return {"newer": newer, "older": older, "text": text, "target": target}


@register.simple_tag
def field(bound: BoundField, hint: object = "") -> SafeString:
    """One form field with label, hint and error, as `{{ form }}` draws it; `hint` replaces its help text."""
    if hint:
        bound.help_text = str(hint)
    return bound.as_field_group()


@register.inclusion_tag("lethe/components/summary.html")
def summary_list(
    rows: Iterable[tuple[object, object]] | Mapping[Any, object], lines: bool = False
) -> dict[str, Any]:
    """A summary list of (label, value) pairs; `lines` draws a rule between the rows."""
    pairs = rows.items() if isinstance(rows, Mapping) else rows
    return {"rows": list(pairs), "lines": lines}


@register.simple_block_tag(takes_context=True)
def confirm_grave(
    context: Context, content: SafeString, title: object, button: object, url: str = "",
    cancel: str = "", cancel_label: object = "", note: object = "", level: int = 2,
) -> SafeString:  # fmt: skip
    """A dangerous act: the block states the numbers, the button does it by POST to `url`.

    The form's hidden fields go into the block, inside the form.
    """
    values = {
        "title": title, "button": button, "url": url, "cancel": cancel, "cancel_label": cancel_label,
        "note": note, "body": content, "csrf_token": context.get("csrf_token"), "level": level,
    }  # fmt: skip
    return render_to_string("lethe/components/grave.html", values)


@register.inclusion_tag("lethe/components/progress.html", takes_context=True)
def progress(
    context: Context, label: object, value: float | None = None, maximum: float = 100,
    note: object = "", cancel_url: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Progress of a job; `value` None means running without a known end. `cancel_url` takes a POST."""
    share = None if value is None else round(100 * value / maximum) if maximum else 100
    return {
        "label": label, "value": value, "maximum": maximum, "percent": share, "note": note,
        "cancel_url": cancel_url, "csrf_token": context.get("csrf_token"),
    }  # fmt: skip


@register.inclusion_tag("lethe/components/deadline.html")
def deadline(
    due: datetime, start: datetime | None = None, zone: object = None, text: object = "", soon_h: float = 24
) -> dict[str, Any]:
    """A deadline clock: the ring empties from `start` to `due`; amber below `soon_h` hours, red when late."""
    now = timezone.now()
    left_s = (due - now).total_seconds()
    whole_s = (due - start).total_seconds() if start else 0
    share = min(1.0, max(0.0, left_s / whole_s)) if whole_s > 0 else (1.0 if left_s > 0 else 0.0)
    return {
        "state": "late" if left_s <= 0 else "soon" if left_s < soon_h * 3600 else "",
        "arc": f"{RING * share:.1f} {RING}",
        "left": _times.duration(abs(left_s), parts=1),
        "late": left_s <= 0,
        "due": due,
        "zone": zone,
        "text": text,
    }


@register.simple_tag
def when(moment: datetime | None, zone: object = None, style: str = "datetime") -> SafeString:
    """A time as the zone's clocks show it, with the zone's name; relative in the title and for readers.

    `style` is datetime, date, time (with seconds), minute, or relative (the absolute time in the title).
    """
    if moment is None:
        return format_html('<span class="quiet">{}</span>', "–")
    local = _times.localise(moment, zone)
    absolute, relative = _times.absolute(local, style), _times.relative(moment)
    shown, aside = (
        (relative, _times.absolute(local, "datetime")) if style == "relative" else (absolute, relative)
    )
    return format_html(
        '<time class="nowrap" datetime="{}" title="{}">{}</time><span class="vh"> ({})</span>',
        moment.isoformat(), aside, shown, aside,
    )  # fmt: skip


@register.simple_tag
def span(start: datetime, end: datetime, zone: object = None, seconds: bool = False) -> SafeString:
    """A half-open span: one day once, both clocks (with seconds, if it is short), the zone's name."""
    seconds = seconds or end - start < timedelta(minutes=1)
    texts = _times.span(_times.localise(start, zone), _times.localise(end, zone), seconds=seconds)
    parts = format_html_join(" ", '<span class="nowrap">{}</span>', ((text,) for text in texts))
    return format_html('<span class="span" data-from="{}" data-to="{}">{}</span>',
                       start.isoformat(), end.isoformat(), parts)  # fmt: skip


@register.filter(name="bytes")
def bytes_filter(value: float | None) -> str:
    """1536 → "1.5 kB" (SI, as disks are sold)."""
    return "–" if value is None else _times.size(value)


@register.filter(expects_localtime=True)
def day(value: date) -> str:
    """A day as the language writes it: "Sat 14 Nov 2026", "2026년 11월 14일 (토)"."""
    return _times.day(value)


@register.filter
def duration(seconds: float | None) -> str:
    """5472 → "1 h 31 min" (seconds in)."""
    return "–" if seconds is None else _times.duration(float(seconds))


@register.filter
def hms(seconds: float | None) -> str:
    """5472.4 → "1:31:12" (seconds in)."""
    return "–" if seconds is None else _times.clock(float(seconds))


@register.filter
def number(value: float | None) -> str:
    """1204 → "1,204"."""
    return "–" if value is None else f"{value:,}"


@register.filter
def initials(name: object) -> str:
    """The initials of a name: "Kim Minji" → "KM"; "한지우" → "지우", since family names repeat too often."""
    words = str(name).split()
    if not words:
        return "?"
    if len(words) == 1 and not words[0].isascii():
        return words[0][-2:]
    return "".join(word[0] for word in (words[0], words[-1])[: len(words)]).upper()
