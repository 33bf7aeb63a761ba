"""What beat wakes. The run's row is the job: a lost or doubled message changes nothing."""

from celery import shared_task

from cctv.core import clock
from cctv.retention import guards, purge, weekly
from cctv.retention.models import Trigger
from cctv.vault import upkeep


@shared_task(name="cctv.retention.tasks.purge_due", acks_late=True, reject_on_worker_lost=True)
def purge_due(trigger: str = Trigger.AUTO) -> None:
    """One tick of the purge; with `trigger` "release" or "request" it plans whenever the last plan was."""
    purge.purge_due(trigger=trigger)


@shared_task(name="cctv.retention.tasks.compact_journal")
def compact_journal() -> None:
    """Drop what no older register can need any more; a wrong clock or an older register drops nothing."""
    if guards.trusted(clock.now()):
        upkeep.compact_journal()


@shared_task(name="cctv.retention.tasks.send_weekly")
def send_weekly() -> None:
    """The mail of coming deletions, once a week."""
    weekly.send_weekly()
