"""Cameras with privacy masks, and copies as recorded.

The store keeps the recorder's own pictures; a privacy mask is burnt into whatever anybody sees of them. A
native copy is those pictures bit for bit, so it would show what no viewer may see, to somebody outside. It is
refused, however good the ground: the span goes out as a redacted copy, in which the masks are burnt. Burning
them into a "native" clip would be worse: it would look like the original and prove nothing. Places that are
covered in copies alone are no reason: a viewer sees them; redactions and stills that leave cover them. Clips
as recorded do not: whoever approves is told of which cameras, and manifest and report say it.
"""

from collections.abc import Iterable

from cctv.disclosure.exports.models import ExportForm, ExportSpan
from cctv.disclosure.packaging.errors import MasksForbidNative
from cctv.footage import playback
from cctv.sites.models import Camera


def require_native(camera: Camera) -> None:
    """MasksForbidNative, MasksUnreadable unless the camera's pictures may go out as recorded, as of now."""
    camera.refresh_from_db(fields=["privacy_masks"])
    if playback.masks_of(camera):
        raise MasksForbidNative(camera)


def uncovered(spans: Iterable[ExportSpan]) -> list[Camera]:
    """Cameras of spans that go out as recorded whose places for copies alone show in the clips.

    MasksUnreadable.
    """
    cameras = {span.camera_id: span.camera for span in spans if span.form != ExportForm.REDACTED}
    return [each for each in cameras.values() if playback.copy_masks_of(each) != playback.masks_of(each)]
