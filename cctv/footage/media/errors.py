"""What can be wrong with a media file, said so that a person can act on it.

The texts stand in one table, as message ids (`code` or `code/variant`): `MediaError.template` and `.params`
let a caller translate them, `.message` is the English sentence. This package imports no Django, so the marker
below only names the strings for the message extractor.
"""

from __future__ import annotations

from typing import Any

from cctv.core.errors import LetheError


def gettext_noop(text: str) -> str:
    """Mark a string for translation and return it unchanged."""
    return text


_ = gettext_noop

TEXTS: dict[str, tuple[str, str]] = {
    "empty_file": (
        _("The file is empty."),
        _("Check the recorder: its disk may be full, or the file was taken before it was written."),
    ),
    "not_video": (
        _("The file is not a video file: %(what)s."),
        _("Send MP4, fragmented MP4, MPEG-TS, MKV or AVI files."),
    ),
    "no_video_stream": (
        _("The file holds no video stream."),
        _("Check which stream the recorder saves; files with sound only are not admitted."),
    ),
    "unsupported_codec": (
        _("The video codec %(codec)s is not supported."),
        _("Set the camera to H.264 or H.265; MJPEG and MPEG-4 part 2 work too."),
    ),
    "unsupported_container": (
        _("The file format %(container)s is not supported."),
        _("Export MP4 from the recorder's own program and send that."),
    ),
    "truncated": (
        _("The file is cut off: %(counted)s of %(declared)s are there."),
        _("Copy the file again when the recorder has finished it, or have the recorder repair it."),
    ),
    "truncated/unfinished": (
        _("The file is cut off: the table that says where its pictures are was never written."),
        _("Copy the file again when the recorder has finished it, or have the recorder repair it."),
    ),
    "no_keyframe": (
        _("The video does not start with a keyframe, and none follows within it."),
        _("Let the recorder start each file with a keyframe (I-frame)."),
    ),
    "broken_media": (
        _("The file is damaged: %(detail)s."),
        _("Copy the file again from the recorder; if it stays damaged, keep the original as it is."),
    ),
    "too_many_packets": (
        _("The file holds more than %(limit)d pictures."),
        _("Let the recorder write shorter files, one hour at most."),
    ),
    "picture_too_large": (
        _("The picture of %(width)d x %(height)d is larger than this system reads."),
        _("Check the file; no camera in use records pictures of this size."),
    ),
    "broken_index": (
        _("The packet index cannot be read: %(detail)s."),
        _("Run the check of the store; the index can be made again from the footage while it lives."),
    ),
    "wrong_span": (
        _("The packets %(first)d to %(last)d are not a playable part of this footage."),
        _("Ask for a part that starts on a keyframe."),
    ),
    "part_too_large": (
        _("From one keyframe to the next there are more than %(limit)d MiB."),
        _("Set the camera to a keyframe every two seconds; export this footage to see it."),
    ),
    "not_playable": (
        _("Video of codec %(codec)s cannot be packed for playback as it is."),
        _("Ask for the transcoded part."),
    ),
    "no_picture": (
        _("No picture could be decoded at this point of the footage."),
        _("Choose another moment; the data there is damaged."),
    ),
    "transcode_busy": (
        _("All transcoding jobs are in use."),
        _("Try again in a few seconds, or close another player that shows converted footage."),
    ),
    "transcode_failed": (
        _("The footage could not be converted for this browser: %(detail)s."),
        _("Try another part; if it happens again, export the original and play it in a video player."),
    ),
    "transcode_cancelled": (
        _("The conversion was cancelled."),
        _("Start it again if it is still wanted."),
    ),
}
STATUS = {"transcode_busy": 503, "transcode_failed": 500, "transcode_cancelled": 409, "broken_index": 500}


class MediaError(LetheError):
    """A refusal with a stable `code`, a `message` (what happened), a `hint` (what to do) and an HTTP
    `status`.

    `template`/`hint` are message ids of TEXTS, `params` the values of the template's named placeholders.
    """

    def __init__(self, code: str, **params: Any) -> None:
        self.code = code.partition("/")[0]
        self._text = code
        self.template, self.hint = TEXTS[code]
        self.params = params
        self.status = STATUS.get(self.code, 422)
        self.message = self.template % params if params else self.template
        super().__init__(self.message)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._text, self.params)


class TranscodeBusy(MediaError):
    """Every job and every waiting place is taken (503)."""

    def __init__(self) -> None:
        super().__init__("transcode_busy")


class TranscodeFailed(MediaError):
    """The child process failed, was too slow or sent something else than agreed (500)."""

    def __init__(self, detail: str) -> None:
        super().__init__("transcode_failed", detail=detail)


class TranscodeCancelled(MediaError):
    """The job's owner called it off (409)."""

    def __init__(self) -> None:
        super().__init__("transcode_cancelled")


def broken(detail: str) -> MediaError:
    """The file is damaged in the way that `detail` names."""
    return MediaError("broken_media", detail=detail)


def _rebuild(code: str, params: dict[str, Any]) -> MediaError:
    return MediaError(code, **params)
