"""What beat wakes for copies."""

from celery import shared_task

from cctv.core import clock
from cctv.retention import guards
from cctv.subjects.delivering import carrying, services


@shared_task(name="cctv.subjects.delivering.tasks.tend")
def tend() -> None:
    """End what is over; stop use, or free it, as requests stand."""
    if guards.trusted(clock.now()):  # what has ended stays ended, whatever a clock says later
        services.end_due()
    carrying.tend()
