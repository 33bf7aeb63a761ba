"""Background work of this area; the rows are the jobs."""

from celery import shared_task

from cctv.people import anchor, outbox


@shared_task(name="cctv.people.tasks.send_mail")
def send_mail() -> int:
    """Send what waits in the outbox."""
    return outbox.send_waiting()


@shared_task(name="cctv.people.tasks.send_checkpoint")
def send_checkpoint() -> int:
    """The mail with the log's checkpoint, once a day."""
    return anchor.send_checkpoint()
