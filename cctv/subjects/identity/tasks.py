"""What beat wakes for proofs of identity."""

from celery import shared_task

from cctv.subjects.identity import tending


@shared_task(name="cctv.subjects.identity.tasks.tend")
def tend() -> None:
    """Finish what was judged, end what is over."""
    tending.tend()
