"""Cameras with privacy masks, and copies as recorded.

The store keeps the recorder's own pictures; a privacy mask is burnt into whatever anybody sees of them. A
native copy is those pictures bit for bit, so it would show what no viewer may see, to somebody outside. It is
refused, however good the ground: the span goes out as a redacted copy, in which the masks are burnt. Burning
them into a "native" clip would be worse: it would look like the original and prove nothing. Places that are
covered in copies alone are no reason: a viewer sees them; redactions and stills that leave cover them.
"""

from cctv.disclosure.packaging.errors import MasksForbidNative
from cctv.footage import playback
from cctv.sites.models import Camera


def require_native(camera: Camera) -> None:
    """MasksForbidNative, MasksUnreadable unless the camera's pictures may go out as recorded, as of now."""
    camera.refresh_from_db(fields=["privacy_masks"])
    if playback.masks_of(camera):
        raise MasksForbidNative(camera)
