"""What the review refuses, and what to do then."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accesslog.errors import AccessLogError


class ReviewRefused(AccessLogError):
    """The base: the review is in a state, or the person in a role, that does not allow this."""

    code = "review.refused"
    status = 409
    message = _("The review does not allow this.")
    hint = _("Look at the review again.")


class NotYours(ReviewRefused):
    """Nobody decides on what they did themselves; what officers did is for an auditor."""

    code = "review.not_yours"
    status = 403
    message = _("This entry is not yours to decide on.")
    hint = _("Nobody reviews what they did themselves; that is for the auditor.")


class MonthNotOver(ReviewRefused):
    code = "review.month_not_over"
    message = _("This month is not over yet.")
    hint = _("Look at it as a preview; its review begins with the next month.")


class RulesNotDone(ReviewRefused):
    code = "review.rules_not_done"
    status = 503
    message = _("The rules have not looked at the whole month yet.")
    hint = _("They go on by themselves. Try again in a few minutes.")


class CommentMissing(ReviewRefused):
    code = "review.comment_missing"
    status = 400
    message = _("Say in a comment what has to be followed up.")
    hint = _("Nothing was saved.")


class StillOpen(ReviewRefused):
    code = "review.still_open"
    message = _("The review cannot be signed: entries still wait for a decision.")
    hint = _("Decide on them first; what officers did themselves is for the auditor.")


class AlreadySigned(ReviewRefused):
    code = "review.signed"
    message = _("This review is signed; nothing in it changes any more.")
    hint = _("What came up since belongs into the next review.")


class ReviewMoved(ReviewRefused):
    code = "review.moved"
    message = _("Somebody decided on an entry while you were signing, so nothing was signed.")
    hint = _("Look at the review again, then sign it.")


class ReviewBusy(ReviewRefused):
    code = "review.busy"
    status = 503
    message = _("Somebody else is deciding on this review or signing it at this moment.")
    hint = _("Nothing was saved. Try again in a moment.")
