"""The tags and filters that the log's pages use, as plainly as can be."""

from datetime import date, datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str, **_: Any) -> str:
    return ""


@register.simple_tag
def notice(tone: str, title: object, text: object = "", href: str = "", action: object = "") -> SafeString:
    return format_html("<p>{} {} <a href='{}'>{}</a></p>", title, text, href, action)


@register.simple_block_tag
def notice_block(content: SafeString, tone: str, title: object = "") -> SafeString:
    return format_html("<div>{} {}</div>", title, content)


@register.simple_tag
def empty_state(title: object, text: object = "", *_: Any) -> SafeString:
    return format_html("<p>{} {}</p>", title, text)


@register.simple_tag
def state_badge(state: str, label: object = "", pill: bool = True) -> object:
    return label or state


@register.simple_tag
def progress(label: object, value: float, maximum: float, note: object = "") -> SafeString:
    return format_html("<progress value={} max={}>{}</progress> {}", value, maximum, label, note)


@register.simple_tag
def pager(newer: str = "", older: str = "", text: object = "") -> object:
    return text


@register.simple_tag
def when(moment: datetime, zone: object = None, style: str = "") -> str:
    return moment.isoformat()


@register.simple_block_tag
def confirm_grave(content: SafeString, title: object, button: object, **_: Any) -> SafeString:
    return format_html("<form method=post><h2>{}</h2>{}<button>{}</button></form>", title, content, button)


@register.filter
def day(value: date) -> str:
    return value.isoformat()


@register.filter
def number(value: object) -> str:
    return str(value)
