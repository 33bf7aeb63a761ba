"""Background work of exports; the task calls services that may run twice without harm."""

from celery import shared_task

from cctv.disclosure.exports import services


@shared_task(name="cctv.disclosure.exports.tasks.tend")
def tend() -> int:
    """Finish what a killed process left, and mark urgent exports that nobody approved in time."""
    return services.mark_late() + services.finish_drafts() + services.let_go_left()
