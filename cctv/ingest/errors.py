"""What can go wrong on the way in, apart from the recordings themselves."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class WrongChecksum(LetheError):
    """The bytes that arrived are not those that were sent."""

    code = "wrong_checksum"
    status = 422
    message = _("The checksum in the header does not match the bytes that arrived. Nothing was kept.")
    hint = _("Send the file again. If it happens repeatedly, check the network and the recorder's disk.")


class CutOff(LetheError):
    """The body ended before its announced length."""

    code = "cut_off"
    status = 400
    message = _("The transfer broke off before its end. Nothing was kept.")
    hint = _("Send the whole file again.")


class TooLarge(LetheError):
    """More bytes than one segment may have."""

    code = "too_large"
    status = 413
    message = _("The file is larger than one segment may be. Nothing was kept.")
    hint = _("Let the recorder write shorter files, one hour at most.")


class StillGrowing(LetheError):
    """The file changed while it was read, so the recorder has not finished it."""

    code = "still_growing"
    status = 409
    message = _("The file changed while it was read. It was left in place.")
    hint = _("It is taken over when the recorder has finished it.")


class ClockBehind(LetheError):
    """This machine's clock shows an earlier time than footage already taken over."""

    code = "clock_behind"
    status = 503
    message = _("The clock of this machine is behind the newest footage, so nothing is taken over.")
    hint = _("Set the clock of this machine. Recordings wait where they are until then.")


class FolderUnreadable(LetheError):
    """The folder of a source is missing or may not be read."""

    code = "folder_unreadable"
    status = 503
    message = _("The folder of this source cannot be read.")
    hint = _("Mount it, and give the account that runs Lethe the right to read, write and delete there.")


class ForeignFolder(LetheError):
    """The folder's marker names another source or another installation."""

    code = "foreign_folder"
    status = 409
    message = _("This folder belongs to another source or to another installation of Lethe.")
    hint = _(
        "Check which disk is mounted there. If it was moved on purpose, delete its file “.lethe-source”."
    )


class FolderRefused(LetheError):
    """The folder of a source lies where no source may lie."""

    code = "folder_refused"
    status = 409
    message = _("The folder of this source lies where no recordings may be taken from.")
    hint = _(
        "The administrator of the machine names it, or a folder above it, in the setting LETHE_SOURCE_ROOTS"
        " and starts Lethe anew. Folders of Lethe's own are always refused."
    )


class FolderSwapped(LetheError):
    """The path of a source leads elsewhere than when it was saved: there is a link in it now."""

    code = "folder_swapped"
    status = 409
    message = _("The folder of this source has become a link, or leads elsewhere through one.")
    hint = _("Put the folder back. If it was moved on purpose, open the source and save it again.")


class ForeignSubfolder(LetheError):
    """Below a source's folder lies one that is somebody else's; it was not entered."""

    code = "foreign_subfolder"
    status = 409
    message = _("A folder below this one belongs to another source, or to Lethe itself. It was left alone.")
    hint = _("Move it elsewhere, or delete its file “.lethe-source” if nobody uses it any more.")


class AdmissionStalled(LetheError):
    """Registering came so long after sealing that the object may be taken for an orphan."""

    code = "admission_stalled"
    status = 503
    message = _("Taking over the recording took too long, so nothing was kept.")
    hint = _("It is tried again. If it happens repeatedly, look for what slows the footage storage down.")


class SourceStays(LetheError):
    """The recording is safe, but its source file could not be removed."""

    code = "source_stays"
    status = 503
    message = _("A recording was taken over, but its file could not be deleted from the folder.")
    hint = _(
        "Give the account that runs Lethe the right to delete files there: clear footage is lying in it."
    )


class TooManyOrphans(LetheError):
    """So many sealed objects have no row that the register, not the storage, must be wrong."""

    code = "too_many_orphans"
    status = 409
    message = _("Most sealed objects are unknown to the register, so none was deleted.")
    hint = _(
        "The register may be an older copy, or the storage another one. Compare both before anything else."
    )


class RecorderRefused(LetheError):
    """No token, or one that is not known."""

    code = "recorder_token"
    status = 401
    message = _("The recorder's token is missing or not valid.")
    hint = _("Send “Authorization: Bearer” with the token that was shown when the recorder was added.")


class RecorderRevoked(LetheError):
    """The token was valid once."""

    code = "recorder_revoked"
    status = 403
    message = _("This recorder's token has been revoked.")
    hint = _("Add the recorder again and give it the new token.")


class UnknownCamera(LetheError):
    """No such camera, or none of this recorder's: the same answer."""

    code = "unknown_camera"
    status = 404
    message = _("This recorder has no camera of that code.")
    hint = _("Check the code, and that the camera is assigned to the recorder.")


class BadStart(LetheError):
    """The start in the address is no time."""

    code = "bad_start"
    status = 400
    message = _("The start of the segment is not a time in UTC.")
    hint = _("Write it as 20261114T100200.000Z or 2026-11-14T10:02:00Z.")


class LengthRequired(LetheError):
    """Neither a length nor chunks: the end of the body could not be told from a broken connection."""

    code = "length_required"
    status = 411
    message = _("The request says neither how long its body is nor that it comes in chunks.")
    hint = _("Send Content-Length, or Transfer-Encoding: chunked.")


class BadChecksumHeader(LetheError):
    """The checksum header cannot be read."""

    code = "bad_checksum_header"
    status = 400
    message = _("The checksum header cannot be read.")
    hint = _("Send X-Checksum-SHA256 with 64 hexadecimal digits, or Repr-Digest with sha-256=:…: in base64.")


class RegisterUnavailable(LetheError):
    """The main database does not answer, or its disk is full."""

    code = "register_unavailable"
    status = 503
    message = _("The register's database does not answer, so nothing was taken over.")
    hint = _("Check the database and its disk. Recordings wait where they are until then.")


class MarkerMissing(LetheError):
    """The folder was marked once and is not now: probably something else is mounted there."""

    code = "marker_missing"
    status = 409
    message = _("The folder has lost its marker file “.lethe-source”: this may be the wrong disk.")
    hint = _("Mount the right one. If the folder was emptied on purpose, open the source and save it again.")


class MethodNotAllowed(LetheError):
    """Only PUT."""

    code = "method_not_allowed"
    status = 405
    message = _("Segments are uploaded with PUT; nothing can be read here.")
    hint = _("See /api/v1/openapi.json.")


class NotProvableYet(LetheError):
    """The hour's root is not in the log yet."""

    code = "not_provable_yet"
    status = 409
    message = _("When this recording came in cannot be proven yet: the root of its hour is not in the log.")
    hint = _("It is logged within minutes after the hour has ended.")


class NotProvable(LetheError):
    """No logged root covers the recording as it is stored now."""

    code = "not_provable"
    status = 409
    message = _("No root of the log proves this recording as it is stored.")
    hint = _(
        "It came in before there were roots, after its hour was closed, or it was changed: run the check."
    )
