"""The layouts that are read out of the box, as patterns. No Django.

Facts from the recorders' own documents: ffmpeg stamps the local time of its process; MediaMTX the
local time, an offset or an epoch, under a path that may hold "/"; Frigate always UTC.
"""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from cctv.ingest.patterns import Pattern, Reading, UnreadablePath, compile_pattern

UTC_ZONE = ZoneInfo("UTC")

FFMPEG, MEDIAMTX, FRIGATE = "ffmpeg", "mediamtx", "frigate"

_MEDIAMTX = (
    "%Y-%m-%d_%H-%M-%S-%f",
    "%Y-%m-%d_%H-%M-%S-%f%z",
    "%Y-%m-%d_%H-%M-%S-%f_%z",
    "%Y-%m-%d_%H-%M-%S%z",
    "%Y-%m-%d_%H-%M-%S",
    "%s-%f",
    "%s",
)
_FFMPEG = (
    "%Y-%m-%d_%H-%M-%S",
    "%Y-%m-%dT%H-%M-%S",
    "%Y%m%d_%H%M%S",
    "%Y%m%d-%H%M%S",
    "%Y%m%dT%H%M%S",
    "%Y%m%d%H%M%S",
)
# With one camera for the whole folder, and with the camera's name in the path.
_ONE_CAMERA = {
    FFMPEG: tuple(f"*{stamp}" for stamp in _FFMPEG) + tuple(f"*/*{stamp}" for stamp in _FFMPEG),
    MEDIAMTX: _MEDIAMTX + tuple(f"{{path}}/{stamp}" for stamp in _MEDIAMTX),
    FRIGATE: ("%Y-%m-%d/%H/{camera}/%M.%S", "recordings/%Y-%m-%d/%H/{camera}/%M.%S"),
}
_MANY_CAMERAS = {
    FFMPEG: (
        tuple(f"{{camera}}/*{stamp}" for stamp in _FFMPEG)
        + tuple(f"{{camera}}_{stamp}" for stamp in _FFMPEG)
        + tuple(f"{{camera}}-{stamp}" for stamp in _FFMPEG)
    ),
    MEDIAMTX: tuple(f"{{path}}/{stamp}" for stamp in _MEDIAMTX),
    FRIGATE: ("%Y-%m-%d/%H/{camera}/%M.%S", "recordings/%Y-%m-%d/%H/{camera}/%M.%S"),
}


def patterns_of(layout: str, *, own: str = "", one_camera: bool = False) -> tuple[Pattern, ...]:
    """The patterns of a source, tried in order: its own one, or those of its layout."""
    if own:
        return (compile_pattern(own),)
    texts = (_ONE_CAMERA if one_camera else _MANY_CAMERAS)[layout]
    return tuple(compile_pattern(text) for text in texts)


def zone_of(layout: str, zone: str) -> ZoneInfo:
    """The zone of the clock in the file names; Frigate writes UTC whatever the recorder's zone is."""
    return UTC_ZONE if layout == FRIGATE else ZoneInfo(zone)


def read_path(path: str, patterns: Sequence[Pattern], zone: ZoneInfo) -> Reading:
    """Camera and possible starts of the file at `path` (relative, with "/").

    Raises UnreadablePath when no pattern matches or the fields are no time, NoSuchTime for a local
    time that the zone skipped.
    """
    problem: UnreadablePath | None = None
    for pattern in patterns:
        try:
            reading = pattern.read(path, zone)
        except UnreadablePath as error:
            problem = problem or error
            continue
        if reading is not None:
            return reading
    raise problem or UnreadablePath("its name does not match the pattern of the source")
