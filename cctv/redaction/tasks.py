"""Background work of redactions; each task calls one service and may run twice without harm."""

from celery import shared_task

from cctv.redaction import services
from cctv.redaction.editing import stretches
from cctv.redaction.rendering.work import work_due


@shared_task(name="cctv.redaction.tasks.work")
def work() -> int:
    """Look for people, and render, where that is asked for."""
    return work_due()


@shared_task(name="cctv.redaction.tasks.tell_edits")
def tell_edits() -> int:
    """Tell the log of corrections that nobody has sent to review."""
    return stretches.log_quiet_stretches()


@shared_task(name="cctv.redaction.tasks.remove_cancelled")
def remove_cancelled() -> int:
    """Remove what cancelled redactions still have."""
    return services.remove_cancelled()
