"""File patterns: what a recorder's path says of camera and time. No Django.

A pattern is a path in which fields stand for what varies:

    {camera}        the camera's name, within one folder or file name
    {path} %path    the camera's name, which may hold "/" (MediaMTX)
    {channel}       a channel of the recorder, part of the camera's name as "camera/channel"
    %Y %m %d %H %M %S   year (4 digits), month, day, hour, minute, second (2 digits each)
    %F %T           %Y-%m-%d and %H:%M:%S
    %f              fraction of the second, 1 to 9 digits
    %z              offset from UTC: Z, +0900, +09:00
    %s              seconds since 1970 UTC
    *               anything within one folder or file name
    %%              a percent sign

A pattern that ends without a suffix takes any video suffix. A pattern is matched against the whole
path below the source's folder, with "/" between the parts. A path of more than 255 characters matches
none, and a pattern has few parts of any length: otherwise one name could occupy the process for long.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from cctv.ingest.moments import NoSuchTime, instants

VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".ts", ".mts", ".m2ts", ".mkv", ".avi", ".dav")
MAX_PATTERN_LENGTH = 200
# Free fields are tried at every place, so the time for one path grows with its length to the power of
# their number: these two bounds keep the worst name below half a second.
MAX_PATH_LENGTH = 255
MAX_WILDCARDS = 3

_ANY_SUFFIX = "(?:" + "|".join(re.escape(suffix) for suffix in VIDEO_SUFFIXES) + ")"
_TOKEN = re.compile(r"%path|%.|\{[a-z]*\}|\*|[^%{*]+|.")
_FIELDS = {
    "%Y": ("Y", r"\d{4}"),
    "%m": ("m", r"\d{2}"),
    "%d": ("d", r"\d{2}"),
    "%H": ("H", r"\d{2}"),
    "%M": ("M", r"\d{2}"),
    "%S": ("S", r"\d{2}"),
    "%f": ("f", r"\d{1,9}"),
    "%z": ("z", r"Z|[+-]\d{2}:?\d{2}"),
    "%s": ("s", r"\d{9,11}"),
    "{camera}": ("camera", r"[^/]+?"),
    "{path}": ("camera", r".+?"),
    "{channel}": ("channel", r"[^/]+?"),
}
_SYNONYMS = {"%path": ("{path}",), "%F": ("%Y", "-", "%m", "-", "%d"), "%T": ("%H", ":", "%M", ":", "%S")}
_CALENDAR = frozenset("YmdHM")
_WILD = frozenset({"*", "{camera}", "{channel}", "{path}", "%f"})


class BadPattern(ValueError):
    """The pattern itself is wrong; the text says how."""


class UnreadablePath(ValueError):
    """The path does not say what the pattern promises."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a path says: the recorder's name of the camera ("" when it names none), and when it began.

    `starts` holds the possible instants in UTC: one, or two in an hour that happened twice.
    """

    camera: str
    starts: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern."""

    text: str
    expression: re.Pattern[str]

    @property
    def names_camera(self) -> bool:
        """Whether paths of this pattern carry a camera name."""
        return "camera" in self.expression.groupindex

    def fields(self, path: str) -> dict[str, str] | None:
        """The texts of the fields, or None when the path does not match."""
        if len(path) > MAX_PATH_LENGTH:
            return None
        found = self.expression.fullmatch(path)
        return found.groupdict() if found else None

    def read(self, path: str, zone: ZoneInfo) -> Reading | None:
        """Camera and start of the file at `path`, or None when the path does not match.

        Raises UnreadablePath for fields that are no time and NoSuchTime for a skipped local time.
        """
        fields = self.fields(path)
        if fields is None:
            return None
        camera = fields.get("camera") or ""
        if channel := fields.get("channel"):
            camera = f"{camera}/{channel}" if camera else channel
        return Reading(camera, _starts(fields, zone))


@lru_cache(maxsize=256)
def compile_pattern(text: str) -> Pattern:
    """Compile `text`; raises BadPattern with a sentence that says what to change."""
    if not 0 < len(text) <= MAX_PATTERN_LENGTH:
        raise BadPattern(f"A pattern has between 1 and {MAX_PATTERN_LENGTH} characters.")
    text = text.strip("/")
    seen: set[str] = set()
    tokens = [token for raw in _TOKEN.findall(text) for token in _SYNONYMS.get(raw, (raw,))]
    parts = [_part(token, seen) for token in tokens]
    if not (seen >= _CALENDAR or "s" in seen):
        raise BadPattern("A pattern needs the date and the time: %Y, %m, %d, %H and %M, or %s.")
    if _wildcards(tokens) > MAX_WILDCARDS:
        raise BadPattern(
            f"A pattern has at most {MAX_WILDCARDS} parts of any length (*, {{camera}}, {{channel}}, {{path}}"
            ", %f); those that fill a folder's name up to its slash do not count."
        )
    last = text.rpartition("/")[2]
    suffix = "" if re.search(r"\.[A-Za-z][A-Za-z0-9_]{1,4}$", last) else _ANY_SUFFIX
    return Pattern(text, re.compile("".join(parts) + suffix, re.IGNORECASE))


def _wildcards(tokens: list[str]) -> int:
    """How many tokens can end at several places; before a slash there is one, unless they take slashes."""
    following = [*tokens[1:], ""]
    return sum(
        token in _WILD and (token == "{path}" or not after.startswith("/"))  # noqa: S105 - a field
        for token, after in zip(tokens, following, strict=True)
    )


def _part(token: str, seen: set[str]) -> str:
    """The expression of one token; notes its field in `seen`."""
    if token == "*":  # noqa: S105 - a wildcard
        return "[^/]*?"
    if token == "%%":  # noqa: S105 - a literal percent sign
        return "%"
    if token not in _FIELDS:
        if token[0] in "%{":
            raise BadPattern(f"The field {token} is not known.")
        return re.escape(token)
    name, expression = _FIELDS[token]
    if name in seen:
        # The same field again (a date in the folder and in the name) must say the same.
        return f"(?P={name})"
    seen.add(name)
    return f"(?P<{name}>{expression})"


def _starts(fields: dict[str, str], zone: ZoneInfo) -> tuple[datetime, ...]:
    """The instants that the fields name."""
    fraction = timedelta(microseconds=int((fields.get("f") or "0").ljust(6, "0")[:6]))
    try:
        if seconds := fields.get("s"):
            return (datetime.fromtimestamp(int(seconds), UTC) + fraction,)
        numbers = [int(fields.get(name) or 0) for name in "YmdHMS"]
        local = datetime(*numbers) + fraction  # type: ignore[arg-type]  # noqa: DTZ001 - a wall clock
        if offset := fields.get("z"):
            return (local.replace(tzinfo=_offset(offset)).astimezone(UTC),)
        return instants(local, zone)
    except NoSuchTime:
        raise
    except (ValueError, OverflowError) as error:
        raise UnreadablePath(f"it names no time: {error}") from None


def _offset(text: str) -> timezone:
    """`Z`, `+0900` or `-03:30` as a time zone."""
    if text in "Zz":
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
