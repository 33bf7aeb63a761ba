"""For projects with Celery: what beat wakes. A lost or doubled message is harmless."""

from celery import shared_task

from accesslog.outside import nightly, witness


@shared_task(name="accesslog.outside.tasks.cosign")
def cosign() -> None:
    """Ask the witnesses for their signatures."""
    witness.cosign()


@shared_task(name="accesslog.outside.tasks.verify_when_due")
def verify_when_due() -> None:
    """Verify the log once a day, and wholly once a week; what is found is an entry and an alarm."""
    nightly.verify_when_due()
