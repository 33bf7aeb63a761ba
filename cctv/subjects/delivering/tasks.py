"""What beat wakes for copies."""

from celery import shared_task

from cctv.subjects.delivering import carrying, services


@shared_task(name="cctv.subjects.delivering.tasks.tend")
def tend() -> None:
    """End what is over; stop use, or free it, as requests stand."""
    services.end_due()
    carrying.tend()
