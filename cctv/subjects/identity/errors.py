"""Why who asks is not settled, or what was sent to show it is not taken."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class NotWaiting(LetheError):
    """Settled, decided or withdrawn since, or nobody has looked at it yet."""

    code = "identity_not_waiting"
    status = 409
    message = _("This request does not wait for proof of who asks.")
    hint = _("Load its page again: it says what it waits for.")


class NotSeen(LetheError):
    """Something that has to be seen was not."""

    code = "identity_not_seen"
    status = 400
    message = _("Not everything that has to be seen was seen.")
    hint = _("Tick each document that lay before you. Without them nothing is given to anybody.")


class NotOffered(LetheError):
    """The law of the place, or the kind of request, knows another way."""

    code = "identity_not_offered"
    status = 400
    message = _("Who asks is not shown in this way here.")
    hint = _("Load the page again: it says which ways there are.")


class NotComplete(LetheError):
    """A paper that is needed is missing."""

    code = "identity_not_complete"
    status = 409
    message = _("Not every picture that is needed has been sent yet.")
    hint = _("Load the page again: it says which picture is missing.")


class TooManyChecks(LetheError):
    """More lost secrets of one request than anybody loses."""

    code = "identity_too_many"
    status = 429
    message = _("A new secret was asked for very often for this request.")
    hint = _("Come to our place with a document: you are given a new secret there.")


class NotAPicture(LetheError):
    """Neither JPEG nor PNG, damaged, or something that only looks like one."""

    code = "identity_not_a_picture"
    status = 400
    message = _("This is not a picture that we can read.")
    hint = _("Send a photo as JPEG or PNG. If it is one, take it anew: it may be damaged.")


class TooLarge(LetheError):
    """More bytes, or more points, than a photo of a document needs."""

    code = "identity_too_large"
    status = 413
    message = _("This picture is too large, so we did not take it.")
    hint = _("Send a picture of at most 10 MB and 40 million points. Most telephones offer a smaller size.")


class TooManyPictures(LetheError):
    """One check takes only so many pictures in an hour."""

    code = "identity_pictures"
    status = 429
    message = _("Very many pictures were sent within a short time.")
    hint = _("Wait an hour, then go on. What has arrived is kept.")


class ScanRefused(LetheError):
    """The virus scanner says no."""

    code = "identity_scan_refused"
    status = 400
    message = _("The virus scanner refused this picture, so we did not take it.")
    hint = _("Take the photo anew with another device, or show the document at our place.")


class ScanDown(LetheError):
    """The virus scanner gives no answer, or too many pictures are looked at: nothing is taken unseen."""

    code = "identity_scan_down"
    status = 503
    message = _("Pictures cannot be checked at the moment, so we did not take this one.")
    hint = _("Try again in a few minutes. Your request is safe meanwhile.")


class WrongCode(LetheError):
    """Another code; `left` more may be tried."""

    code = "identity_wrong_code"
    status = 403
    message = _("This is not the code.")
    hint = _("Compare it with the mail. After five wrong ones you need a new code.")

    def __init__(self, left: int) -> None:
        """`left`: how many attempts there are."""
        super().__init__()
        self.left = left


class NoCode(LetheError):
    """None was asked for, it is too old, was used, or was guessed at too often."""

    code = "identity_no_code"
    status = 403
    message = _("This code is not good any more.")
    hint = _("Ask for a new one. Each code is good once, and for a short time.")


class TooManyCodes(LetheError):
    """Enough mails for this hour."""

    code = "identity_too_many_codes"
    status = 429
    message = _("Too many codes were asked for.")
    hint = _("Try again in an hour, or show who you are at our place.")


class CodeNotSent(LetheError):
    """No address, or the mail server refused it."""

    code = "identity_code_not_sent"
    status = 503
    message = _("The code could not be sent.")
    hint = _("Try again later, or show who you are at our place.")


class NoReason(LetheError):
    """A refusal says why."""

    code = "identity_no_reason"
    status = 400
    message = _("A reason is missing.")
    hint = _("Choose why it was not enough: the requester is told.")


class PictureMissing(LetheError):
    """The form came without a picture."""

    code = "identity_picture_missing"
    status = 400
    message = _("There was no picture.")
    hint = _("Choose a photo of the document first, then send it.")


class CutOff(LetheError):
    """The connection broke while the picture came in."""

    code = "identity_cut_off"
    status = 400
    message = _("The picture did not arrive whole.")
    hint = _("Send it again. Nothing of it was kept.")


class NoReference(LetheError):
    """What was typed is no reference of ours."""

    code = "identity_no_reference"
    status = 400
    message = _("This does not look like a reference.")
    hint = _("It begins with R-, then come a year and six letters or digits. It is in every mail of ours.")
