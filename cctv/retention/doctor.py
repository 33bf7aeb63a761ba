"""Footage that outlives its time, and destruction that stands still."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.core.doctor import Finding, bad, ok, register
from cctv.footage.models import Segment
from cctv.retention import guards
from cctv.retention.models import Heartbeat, PurgeFailure, PurgeRun, RunState

BEAT_LATE = timedelta(minutes=5)


@register
def running() -> Iterator[Finding]:
    """Does the purge run, and does anything stop it?"""
    now = clock.now()
    ticked = Heartbeat.objects.filter(pk=1).values_list("ticked_at", flat=True).first()
    if ticked is None and not Segment.objects.exists():
        yield ok("purge.running", _("Nothing has been recorded yet."))
    elif ticked is None or now - ticked > BEAT_LATE:
        yield bad(
            "purge.not_running", _("The purge has not run for more than five minutes."),
            why=_("Expired footage is refused, but it is not destroyed in time."),
            mend=_("Start “manage.py serve”; with REDIS_URL, “serve --role worker”."),
        )  # fmt: skip
    else:
        yield ok("purge.running", _("The purge runs."))
    for run in PurgeRun.objects.filter(state=RunState.PAUSED):
        yield bad(
            "purge.paused", guards.sentence(run.pause_code, run.pause_facts),
            why=_("Nothing is destroyed until this is settled."),
            mend=_("The page “Retention” says what to do; the privacy officer may have to confirm."),
        )  # fmt: skip
    for run in PurgeRun.objects.filter(state=RunState.PENDING):
        yield bad(
            "purge.pending", _("A destruction of %(when)s waits for a mirror of the keys.")
            % {"when": f"{run.planned_at:%Y-%m-%d %H:%M} UTC"},
            why=_("The mirror may still open what was destroyed."),
            mend=_("Bring the mirror back, or “manage.py vault forget” if it is destroyed."),
        )  # fmt: skip


@register
def failures() -> Iterator[Finding]:
    """Is there anything that could not be deleted?"""
    left = PurgeFailure.objects.count()
    if left:
        yield bad(
            "purge.failed", _("%(n)s objects could not be deleted.") % {"n": left},
            why=_("They cannot be read any more, but they are still on the disk."),
            mend=_("The page “Retention” names each and its reason; they are tried again."),
        )  # fmt: skip
