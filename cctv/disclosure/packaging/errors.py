"""Why a package is not made, not opened, or not handed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError

if TYPE_CHECKING:
    from cctv.sites.models import Camera


class Interrupted(Exception):
    """The work is another's now, was called off, or this process is leaving. Nobody is told."""


class PackagingFailed(LetheError):
    """It was begun as often as it is ever begun, and never came to an end."""

    code = "packaging_failed"
    status = 500
    message = _("The package could not be made.")
    hint = _("Ask for it again. If it stays so, tell the administrator: the log of the process says why.")


class NothingToPackage(LetheError):
    """There is no footage in a span of the export."""

    code = "package_no_footage"
    status = 409
    message = _("Of one of the spans nothing is recorded, or it has ended.")
    hint = _("Withdraw this export, and ask for one of what is recorded.")


class EndedSinceAsked(LetheError):
    """Footage that was there when the export was asked for has expired or was erased."""

    code = "package_footage_ended"
    status = 410
    message = _("Footage of this export has been destroyed since it was asked for.")
    hint = _("Nothing was packaged. Withdraw this export; ask for one of what is left if that is of use.")


class RedactionElsewhere(LetheError):
    """A redaction that is not of the span's camera, or reaches out of the span."""

    code = "package_redaction_elsewhere"
    status = 409
    message = _("The redacted copy is not of this camera and span.")
    hint = _("Ask for the export again, with the span of the redaction.")


class MasksForbidNative(LetheError):
    """What a viewer may not see goes out in no copy: a camera with privacy masks has redacted copies only."""

    code = "package_masked_camera"
    status = 409
    message = _("This camera has privacy masks, so its footage does not go out as recorded.")
    hint = _("Make a redaction of the span, which covers them, and ask for the redacted copy.")

    def __init__(self, camera: Camera | None = None) -> None:
        """`camera` is named, if it is known."""
        if camera is None:
            super().__init__()
            return
        says = _now("%(camera)s has privacy masks, so its footage does not go out as recorded.")
        super().__init__(says % {"camera": camera.name})


class NotReady(LetheError):
    """There is no package yet, or no more."""

    code = "package_not_ready"
    status = 409
    message = _("There is no package of this export that could be handed over.")
    hint = _("Its page says whether it is still being made, has ended, or why it was not made.")


class PackageExpired(LetheError):
    """The copy's days are over; it is destroyed, purged already or not."""

    code = "package_expired"
    status = 410
    message = _("This copy has expired.")
    hint = _("Ask for a new export if it is still needed and the footage is still there.")


def named(error: Exception) -> tuple[str, str]:
    """What the row says of an error: its code, and what happened with what to do about it."""
    code = str(getattr(error, "code", "packaging_failed"))
    said: list[Any] = [getattr(error, "message", error), getattr(error, "hint", "")]
    return code[:40], " ".join(str(each) for each in said).strip()[:400]
