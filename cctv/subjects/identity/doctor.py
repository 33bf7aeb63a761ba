"""What the doctor asks of proofs of identity: does any picture lie here longer than it has to?"""

import shlex
import shutil
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cctv.core import clock
from cctv.core.doctor import Finding, bad, ok, register, warn
from cctv.subjects.identity import destroying, scanning
from cctv.subjects.identity.models import CheckState, IdentityCheck

# A checker has a week; a tick that finishes a verdict comes each minute.
LOOK_WITHIN = timedelta(days=7)
DESTROY_WITHIN = timedelta(hours=1)
SHOWN = 20


@register
def identity() -> Iterator[Finding]:
    """Are pictures of documents looked at soon, and gone with the verdict?"""
    found = [*_waiting(), *_left(), *_scanner()]
    yield from found
    if not found:
        yield ok("identity.fine", _("No picture of a document lies here longer than it has to."))


def _waiting() -> Iterator[Finding]:
    old = IdentityCheck.objects.filter(state=CheckState.SHOWN, shown_at__lt=clock.now() - LOOK_WITHIN)
    for each in old.select_related("request").order_by("shown_at")[:SHOWN]:
        assert each.shown_at is not None
        days = (clock.now() - each.shown_at).days
        said = ngettext(
            "Pictures of documents wait for a verdict for %(days)d day (request %(reference)s).",
            "Pictures of documents wait for a verdict for %(days)d days (request %(reference)s).", days,
        )  # fmt: skip
        yield warn(
            "identity.waiting", said % {"days": days, "reference": each.request.reference},
            why=_("Copies of documents are kept only until somebody has looked at them."),
            mend=_("Have a privacy officer look at them, on the page of the request."),
        )  # fmt: skip


def _left() -> Iterator[Finding]:
    late = destroying.unfinished().filter(decided_at__lt=clock.now() - DESTROY_WITHIN)
    for each in late.select_related("request").order_by("decided_at")[:SHOWN]:
        yield bad(
            "identity.not_destroyed",
            _("What was shown for request %(reference)s is judged, and not destroyed yet.")
            % {"reference": each.request.reference},
            why=_("The requester was told that it is destroyed with the verdict."),
            mend=_("See that the mirrors of the keys, the footage store and the log are there; it is tried"
                   " each minute."),
        )  # fmt: skip


def _scanner() -> Iterator[Finding]:
    if not scanning.is_set():
        return
    try:
        program = shlex.split(settings.LETHE_SCAN_COMMAND)[0]
    except ValueError:
        program = ""
    if not program or shutil.which(program) is None:
        yield bad(
            "identity.scanner", _("The virus scanner that LETHE_SCAN_COMMAND names is not there."),
            why=_("Without its answer no picture is taken, so nobody can show who they are over the portal."),
            mend=_("Install it, or set LETHE_SCAN_COMMAND to what is installed."),
        )  # fmt: skip
