"""What the last check of register, storage and keyring said, for the doctor."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.core.doctor import Finding, bad, ok, register, warn
from cctv.footage.models import Segment
from cctv.retention.reconcile import codes
from cctv.retention.reconcile.models import FsckRun

# It runs each day: after this long, nothing wakes it.
STALE = timedelta(days=3)


@register
def last_check() -> Iterator[Finding]:
    """Do register, storage and keyring fit, as far as the last check saw?"""
    run = FsckRun.objects.whole().first()
    if run is None or clock.now() - run.started_at > STALE:
        if Segment.objects.filter(ingested_at__lt=clock.now() - STALE).exists():
            yield warn(
                "fsck.stale", _("Register and storage have not been checked for three days."),
                why=_("What is lost from a disk is noticed only by looking."),
                mend=_("See that the worker runs, or check with “manage.py fsck”."),
            )  # fmt: skip
        return
    if run.error_code and run.error_code != "repair_refused":
        yield warn(
            "fsck.stopped",
            _("The last check of register and storage stopped: %(error)s") % {"error": run.error},
            why=_("What is lost from a disk is noticed only by looking."),
            mend=_("Mend what it names, then check with “manage.py fsck”."),
        )  # fmt: skip
        return
    left = {code: sum(run.counts[code].values()) - run.repaired.get(code, 0) for code in run.counts}
    serious = [kind for code, kind in codes.KINDS.items() if left.get(code, 0) > 0 and kind.tone != "info"]
    for kind in serious:
        tell = bad if kind.tone == "bad" else warn
        what, why, mend = kind.title_for(left[kind.code]), str(kind.meaning), str(kind.todo)
        yield tell(f"fsck.{kind.code}", what, why=why, mend=mend)
    if not serious:
        yield ok("fsck.fits", _("Register, storage and keyring fitted when they were last checked."))
