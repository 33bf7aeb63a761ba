"""Times, spans, durations and sizes as the three languages write them. Pure but for translation."""

from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

from django.utils import dateformat, timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# Django's date format letters: https://docs.djangoproject.com/en/5.2/ref/templates/builtins/#date
DATES = {"en": "j M Y", "ko": "Y년 n월 j일", "ja": "Y年n月j日"}
DAYS = {"en": "D j M Y", "ko": "Y년 n월 j일 (D)", "ja": "Y年n月j日 (D)"}
JOINTS = {"en": ", ", "ko": " ", "ja": " "}
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


def localise(moment: datetime, zone: object = None) -> datetime:
    """`moment` on the clocks of `zone`: a tzinfo, a name ("Asia/Seoul"), or None for the current one."""
    if zone is None or zone == "":
        return timezone.localtime(moment)
    if isinstance(zone, tzinfo):
        return moment.astimezone(zone)
    return moment.astimezone(ZoneInfo(str(getattr(zone, "key", zone))))


def _language() -> str:
    code = (translation.get_language() or "en").split("-")[0]
    return code if code in DATES else "en"


def _zone_name(local: datetime) -> str:
    name = local.tzname() or ""
    # Zones without letters of their own answer "+03": say what it is measured against.
    return f"UTC{name}" if name[:1] in "+-" else name


def absolute(local: datetime, style: str) -> str:
    """A local time in one of the styles datetime, date, day, time, minute."""
    language = _language()
    if style == "date":
        return dateformat.format(local, DATES[language])
    if style == "day":
        return dateformat.format(local, DAYS[language])
    if style == "time":
        return f"{local:%H:%M:%S} {_zone_name(local)}"
    if style == "minute":
        return f"{local:%H:%M} {_zone_name(local)}"
    date = dateformat.format(local, DATES[language])
    return f"{date}{JOINTS[language]}{local:%H:%M} {_zone_name(local)}"


def day(value: date) -> str:
    """A calendar day with its weekday."""
    return dateformat.format(value, DAYS[_language()])


def span(start: datetime, end: datetime, *, seconds: bool = False) -> list[str]:
    """A span as parts that must not break: date, clocks with zone; two dates if it crosses midnight."""
    language = _language()
    clock = "%H:%M:%S" if seconds else "%H:%M"
    first = dateformat.format(start, DATES[language])
    comma = "," if language == "en" else ""
    if start.date() == end.date():
        return [f"{first}{comma}", f"{start.strftime(clock)}–{end.strftime(clock)} {_zone_name(start)}"]
    last = dateformat.format(end, DATES[language])
    return [
        f"{first}{comma}",
        f"{start.strftime(clock)} –",
        f"{last}{comma}",
        f"{end.strftime(clock)} {_zone_name(end)}",
    ]


def _unit(value: int, unit: str) -> str:
    texts = {
        "d": ngettext("%(n)d day", "%(n)d days", value),
        "h": ngettext("%(n)d h", "%(n)d h", value),
        "m": ngettext("%(n)d min", "%(n)d min", value),
        "s": ngettext("%(n)d s", "%(n)d s", value),
    }
    return texts[unit] % {"n": value}


def duration(seconds: float, *, parts: int = 2) -> str:
    """Seconds as at most `parts` units, largest first: 5472 → "1 h 31 min"."""
    rest = int(seconds)
    shown: list[str] = []
    for unit, size_s in (("d", DAY_S), ("h", HOUR_S), ("m", MINUTE_S), ("s", 1)):
        count, rest = divmod(rest, size_s)
        if count:
            shown.append(_unit(count, unit))
        elif shown:
            break  # "1 day 3 s" helps nobody
        if len(shown) == parts:
            break
    return " ".join(shown) or _unit(0, "s")


def relative(moment: datetime) -> str:
    """How far from now: "in 3 h", "2 days ago", "just now"."""
    gap_s = (moment - datetime.now(UTC)).total_seconds()
    if abs(gap_s) < 5:
        return _("just now")
    text = duration(abs(gap_s), parts=1)
    return (_("in %(time)s") if gap_s > 0 else _("%(time)s ago")) % {"time": text}


def clock(seconds: float) -> str:
    """Seconds as h:mm:ss or m:ss."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def size(count: float) -> str:
    """Bytes in SI units with at most one decimal."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(value) < 999.5 or unit == "TB":
            break
        value /= 1000
    return f"{value:,.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
