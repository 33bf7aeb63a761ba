"""Entries as sentences, in the active language.

A field of the body is shown by what it is: something with a name by its name, a purpose by its text, a time
by the clocks of the site's zone (`site.zone` of the body where it is given, else the active zone), a list by
its parts. Fields that are personal are left out for readers without the right to see them. Characters that
would turn the rest of a line round, or hide it, are shown by their number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.formats import get_format
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accesslog import conf, registry

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)\Z")
MAX_PARTS = 6
# Control characters but tab and line ends, the marks, embeddings, overrides and isolates of direction, and
# what has no width: what somebody typed must not rearrange what stands beside it.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
_NAMED = ("name", "text", "label", "code", "id")

Body = Mapping[str, Any]


def sentence(body: Body, kind: str, *, personal: bool = True) -> str:
    """The entry as plain text. Raises EventRefused for an unknown kind or an incomplete body."""
    return _render(body, kind, personal, lambda name, text: text)


def sentence_html(
    body: Body, kind: str, *, personal: bool = True, hrefs: Mapping[str, str] | None = None
) -> SafeString:
    """The same, with people in bold, purposes in italics, and names that do not break.

    `hrefs` gives fields an address that their text links to.
    """

    def mark(name: str, text: str) -> str:
        href = (hrefs or {}).get(name)
        shown = _marked(name, text)
        return shown if href is None else format_html('<a href="{}">{}</a>', href, shown)

    told = _render(body, kind, personal, mark, html=True)
    return mark_safe(told)  # noqa: S308 - every part is escaped below


def details(body: Body, kind: str, *, personal: bool = True) -> list[tuple[str, str]]:
    """(field, shown value) of every field that the reader may see, for the details of an entry."""
    event_type = registry.get(kind)
    zone = zone_of(body)
    return [
        (name, show(name, value, zone, body))
        for name, value in body.items()
        if (personal or name not in event_type.personal) and value not in ("", None, [], {})
    ]


def outline(event_type: registry.EventType) -> str:
    """A kind of event as the choice of a filter: its sentence with the particulars left out."""
    template = str(event_type.sentence)
    return template.format_map(dict.fromkeys(registry.placeholders(template), "…"))


def zone_of(body: Body) -> tzinfo:
    """The zone whose clocks the entry is told by."""
    site = body.get("site")
    name = site.get("zone") if isinstance(site, Mapping) else None
    try:
        return ZoneInfo(name) if name else timezone.get_current_timezone()
    except (ZoneInfoNotFoundError, ValueError):
        return timezone.get_current_timezone()


def visible(text: str) -> str:
    """The text with what turns lines round or is not seen by its number: "[U+202E]"."""
    return _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def _render(
    body: Body, kind: str, personal: bool, mark: Callable[[str, str], str], *, html: bool = False
) -> str:
    event_type = registry.check(kind, body)
    zone = zone_of(body)
    template = str(event_type.sentence)
    parts = {}
    for name in registry.placeholders(template):
        if not personal and name in event_type.personal:
            text = withheld(name, body)
            if template.startswith(f"{{{name}}}"):
                text = text[:1].upper() + text[1:]
        else:
            text = show(name, body.get(name), zone, body)
        if f"{{{name}}}." in template:
            text = text.removesuffix(".")  # "of Hanguk Guard Co." ends the sentence by itself
        parts[name] = mark(name, text)
    if html:
        template = conditional_escape(template)
    return template.format_map(parts)


def _marked(name: str, text: str) -> str:
    if name == "actor":
        return format_html("<b>{}</b>", text)
    if name == "purpose":
        return format_html("<em>{}</em>", text)
    if len(text) <= 32:
        return format_html('<span class="nowrap">{}</span>', text)
    return conditional_escape(text)


def withheld(name: str, body: Body) -> str:
    """What stands in place of a personal field: the role of a person, else nothing but the fact."""
    value = body.get(name)
    role = (
        show("role", value.get("role") or "", UTC) if isinstance(value, Mapping) and value.get("role") else ""
    )
    if name == "actor":
        return _("somebody (%(role)s)") % {"role": role} if role else _("somebody")
    return _("(not shown)")


def show(name: str, value: Any, zone: tzinfo, body: Body | None = None) -> str:
    """One value as a person reads it."""
    return visible(_show(value, name, zone, body))


def _show(value: Any, name: str, zone: tzinfo, body: Body | None) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Mapping):
        return _show_object(value, zone)
    if isinstance(value, list | tuple):
        return _show_list(value, zone)
    text = str(value)
    if words := conf.words(name):
        return ", ".join(str(words.get(each, each)) for each in text.split(", "))
    if MOMENT.match(text):
        moment = datetime.fromisoformat(text).astimezone(zone)
        earlier = (body or {}).get("from") if name == "to" else None
        return clock(moment, since=_moment(earlier, zone))
    return text


def _show_object(value: Mapping[str, Any], zone: tzinfo) -> str:
    if "from" in value and "to" in value:
        span = f"{show('from', value['from'], zone)}–{show('to', value['to'], zone, value)}"
        named = next((value[key] for key in ("camera", *_NAMED) if value.get(key)), None)
        return span if named is None else f"{show('', named, zone)} {span}"
    for key in _NAMED:
        if value.get(key):
            return str(value[key])
    return ", ".join(f"{key}: {show(key, each, zone)}" for key, each in value.items())


def _show_list(value: Sequence[Any], zone: tzinfo) -> str:
    if not value:
        return _("nothing")
    shown = ", ".join(show("", each, zone) for each in value[:MAX_PARTS])
    more = len(value) - MAX_PARTS
    return _("%(parts)s and %(count)d more") % {"parts": shown, "count": more} if more > 0 else shown


def _moment(value: Any, zone: tzinfo) -> datetime | None:
    if isinstance(value, str) and MOMENT.match(value):
        return datetime.fromisoformat(value).astimezone(zone)
    return None


def clock(moment: datetime, *, since: datetime | None = None) -> str:
    """Day and time; the time alone on the day of `since`; seconds only where there are any."""
    time = format_date(moment, "H:i:s" if moment.second else "H:i")
    if since is not None and since.date() == moment.date():
        return time
    return f"{_day(moment)}, {time}"


def _day(moment: datetime) -> str:
    """The day; in English without the year of today, so that a sentence stays short."""
    if (get_language() or "").split("-")[0] in ("ko", "ja"):
        return format_date(moment, get_format("SHORT_DATE_FORMAT"))
    this_year = timezone.now().astimezone(moment.tzinfo).year == moment.year
    return format_date(moment, "j M" if this_year else "j M Y")
