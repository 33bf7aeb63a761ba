"""What beat wakes. Both look at what there is to do: a lost or doubled message changes nothing."""

from celery import shared_task

from cctv.vault import upkeep


@shared_task(name="cctv.vault.tasks.tend_mirrors")
def tend_mirrors() -> None:
    """Bring mirrors, journals and escrows forward that have not kept up."""
    upkeep.tend()


@shared_task(name="cctv.vault.tasks.compact_journal")
def compact_journal() -> None:
    """Drop what no older register can need any more."""
    upkeep.compact_journal()
