"""What beat wakes. The run's row is the job: a lost or doubled message changes nothing."""

from celery import shared_task

from cctv.retention import purge


@shared_task(name="cctv.retention.tasks.purge_due", acks_late=True, reject_on_worker_lost=True)
def purge_due() -> None:
    """One tick of the purge."""
    purge.purge_due()
