"""What beat wakes for the desk."""

from celery import shared_task

from cctv.subjects.deciding import finishing
from cctv.subjects.desk import escalating


@shared_task(name="cctv.subjects.desk.tasks.tend")
def tend() -> None:
    """Finish what follows decisions, and tell of what is due."""
    finishing.tend()
    escalating.tend()
