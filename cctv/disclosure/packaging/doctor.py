"""Packages that could not be made, and those that should be gone, for the doctor."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.core.doctor import Finding, ok, register, warn
from cctv.disclosure.exports.models import OVER, Export, ExportState

# The end is looked for each minute; a mirror may be away for a while.
PATIENCE = timedelta(hours=1)


@register
def packages() -> Iterator[Finding]:
    """Do packages come to be, and to an end?"""
    failed = Export.objects.filter(state=ExportState.APPROVED, work_asked_at=None).exclude(error_code="")
    stuck = Export.objects.filter(state__in=OVER, ended_at__lt=clock.now() - PATIENCE).exclude(key_id="")
    for export in failed.order_by("number")[:20]:
        yield warn(
            "packages.failed",
            _("The package of %(number)s was not made: %(error)s")
            % {"number": export.number, "error": export.error},
            why=_("Whoever waits for it gets nothing."),
            mend=_("Mend what it names, then try again on the page of the export, or withdraw it."),
        )
    for export in stuck.order_by("number")[:20]:
        yield warn(
            "packages.left",
            _("The package of %(number)s has ended, but is not wholly destroyed.")
            % {"number": export.number},
            why=_("Its key may still be in a mirror, or its files in the store."),
            mend=_(
                "See that the mirrors of the keys and the footage storage are there; it is then tried again."
            ),
        )
    if not failed and not stuck:
        yield ok("packages.fine", _("Packages of exports are made, and destroyed when they end."))
