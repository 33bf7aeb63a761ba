"""Background work of this area; the rows are the jobs."""

from celery import shared_task

from cctv.people import outbox


@shared_task(name="cctv.people.tasks.send_mail")
def send_mail() -> int:
    """Send what waits in the outbox."""
    return outbox.send_waiting()
