"""What beat wakes."""

from celery import shared_task

from cctv.subjects.requests import ending, mails, tending


@shared_task(name="cctv.subjects.requests.tasks.tend")
def tend() -> None:
    """One tick for all requests."""
    tending.tend()


@shared_task(name="cctv.subjects.requests.tasks.send_mails")
def send_mails() -> int:
    """Mail to requesters that is due."""
    return mails.send_waiting()


@shared_task(name="cctv.subjects.requests.tasks.end_files")
def end_files() -> int:
    """Files whose time is over, and keys that are nobody's."""
    tending.clean()
    return ending.end_due()
