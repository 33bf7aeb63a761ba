"""For projects with Celery: what beat wakes each minute. A lost or doubled message is harmless."""

from celery import shared_task

from accesslog.outside import witness


@shared_task(name="accesslog.outside.tasks.cosign")
def cosign() -> None:
    """Ask the witnesses for their signatures."""
    witness.cosign()
