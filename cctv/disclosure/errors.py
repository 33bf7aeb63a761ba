"""Why something cannot be done with a print or a medium."""

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class MediumElsewhere(LetheError):
    """It is in a state in which this cannot be done: handed over twice, or already destroyed."""

    code = "medium_elsewhere"
    status = 409
    message = _("This medium is not where it would have to be for that.")
    hint = _("Look at its page: somebody may have entered it a moment ago.")


class WitnessMissing(LetheError):
    """Destruction needs a second person."""

    code = "witness_missing"
    message = _("Somebody else has to witness the destruction.")
    hint = _("Choose a colleague, or write down who else was there.")


class WayUnfit(LetheError):
    """What does not destroy this kind of medium."""

    code = "way_unfit"
    message = _("This way does not destroy this kind of medium.")
    hint = _("Prints are shredded or burnt; discs cannot be erased.")


class PurposeOfMedium(LetheError):
    """The camera belongs to another site, or the span runs backwards."""

    code = "medium_footage"
    message = _("The footage on it does not fit together.")
    hint = _("Choose a camera of the same site, and an end after the beginning.")
