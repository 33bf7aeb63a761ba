"""What beat wakes."""

from celery import shared_task

from cctv.retention.reconcile import services


@shared_task(name="cctv.retention.reconcile.tasks.check_when_due")
def check_when_due() -> None:
    """Hold register, storage and keyring against each other, once a day."""
    services.check_when_due()
