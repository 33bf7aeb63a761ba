"""Why something could not be admitted: one table of codes, with what happened and what to do.

The codes of `cctv.footage.media.errors` join it as they are. A code is stored with each quarantined
object; the sentences are looked up here when it is shown, in the reader's language.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.footage.media.errors import MediaError


@dataclass(frozen=True, slots=True)
class Reason:
    """A stable code, a sentence of detail (English, stored), and the HTTP status of an upload's answer."""

    code: str
    detail: str
    status: int = 422

    @property
    def title(self) -> Any:
        """What happened, in the reader's language."""
        return title_of(self.code)

    @property
    def hint(self) -> Any:
        """What to do, in the reader's language."""
        return hint_of(self.code)


_TEXTS: dict[str, tuple[Any, Any]] = {
    "unparsable_name": (
        _("The file name does not say when the recording began."),
        _("Correct the pattern of the source, then retry."),
    ),
    "no_such_time": (
        _("The file name has a local time that the clocks skipped."),
        _("Check the time zone of the source, then retry."),
    ),
    "ambiguous_time": (
        _("The file name has a local time that happened twice, and nothing tells which one is meant."),
        _("Let the recorder write UTC or an offset into its file names."),
    ),
    "unknown_camera": (
        _("No camera of the site goes by the name in the path."),
        _("Register the camera, or map the recorder's name to it on the page of the source, then retry."),
    ),
    "retired_camera": (
        _("The recording began after the camera was retired."),
        _("Stop the recorder, or register the camera anew."),
    ),
    "future_start": (
        _("The recording claims to begin in the future."),
        _("Set the clocks of the recorder and of this machine, then retry."),
    ),
    "ancient_start": (
        _("The recording claims to be older than anything that is still kept, but the file is recent."),
        _("Set the clock of the recorder; it may have lost the date at a power cut."),
    ),
    "already_expired": (
        _("The retention of this recording had already ended when it arrived."),
        _("Nothing is to be done: it is destroyed with the next purge."),
    ),
    "overlap": (
        _("There is already other footage of this camera for the same time."),
        _("Check the recorder's clock, and that no two sources deliver the same camera."),
    ),
    "too_long": (
        _("The recording is longer than a segment may be."),
        _("Let the recorder write files of one hour at most."),
    ),
    "empty_file": (
        _("The file is empty."),
        _("Check the recorder: its disk may be full, or the file was taken before it was written."),
    ),
    "not_video": (
        _("The file is not a video file."),
        _("Send MP4, fragmented MP4, MPEG-TS, MKV or AVI files."),
    ),
    "no_video_stream": (
        _("The file holds no video stream."),
        _("Check which stream the recorder saves; files with sound only are not admitted."),
    ),
    "unsupported_codec": (
        _("The video codec is not supported."),
        _("Set the camera to H.264 or H.265; MJPEG and MPEG-4 part 2 work too."),
    ),
    "unsupported_container": (
        _("The file format is not supported."),
        _("Export MP4 from the recorder's own program and send that."),
    ),
    "truncated": (
        _("The file is cut off: it holds less than it claims."),
        _("Copy the file again when the recorder has finished it, or have the recorder repair it."),
    ),
    "no_keyframe": (
        _("The video does not start with a keyframe, and none follows within it."),
        _("Let the recorder start each file with a keyframe (I-frame)."),
    ),
    "too_many_packets": (
        _("The file holds more pictures than a segment may."),
        _("Let the recorder write shorter files, one hour at most."),
    ),
    "picture_too_large": (
        _("The picture is larger than this system reads."),
        _("Check the file; no camera in use records pictures of this size."),
    ),
}
_DAMAGED = (
    _("The file is damaged."),
    _("Copy the file again from the recorder; if it stays damaged, keep the original as it is."),
)


_CLAIMS = _("It claims to begin at %(from)s.")
# The details that tell moments, in the reader's words: the stored sentence has them in UTC.
_DETAILS: dict[str, Any] = {
    "future_start": _CLAIMS,
    "ancient_start": _CLAIMS,
    "already_expired": _CLAIMS,
    "retired_camera": _("The camera was retired at %(from)s."),
    "overlap": _("Footage from %(from)s to %(to)s is already there."),
}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


@dataclass(frozen=True, slots=True)
class Detail:
    """The facts of a stored detail: the sentence to fill in ("" for one that is told as it was stored) with
    "from" and "to" from `moments`.
    """

    sentence: Any
    moments: Sequence[datetime]


def detail_of(code: str, stored: str) -> Detail:
    """What a stored detail tells, to be written on the reader's clocks and in the reader's language."""
    moments = [clock.parse_rfc3339(text) for text in _MOMENT.findall(stored)]
    sentence = _DETAILS.get(code, "")
    wanted = 2 if code == "overlap" else 1
    return Detail(sentence, moments) if sentence and len(moments) == wanted else Detail("", ())


def title_of(code: str) -> Any:
    """What happened; codes without a text of their own are damage of some kind."""
    return _TEXTS.get(code, _DAMAGED)[0]


def hint_of(code: str) -> Any:
    """What to do."""
    return _TEXTS.get(code, _DAMAGED)[1]


def of_media(error: MediaError) -> Reason:
    """The reason for a file that the scan refused."""
    return Reason(error.code, str(error.message))
