"""What beat wakes. It looks at what there is to do: a lost or doubled message changes nothing."""

from celery import shared_task

from cctv.vault import upkeep


@shared_task(name="cctv.vault.tasks.tend_mirrors")
def tend_mirrors() -> None:
    """Bring mirrors, journals and escrows forward that have not kept up."""
    upkeep.tend()
