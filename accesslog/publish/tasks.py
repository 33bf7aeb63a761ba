"""For projects with Celery: the backstop of the publishers. A lost or doubled message is harmless."""

from celery import shared_task

from accesslog.publish import files, rounds


@shared_task(name="accesslog.publish.tasks.publish")
def publish() -> None:
    """Publish what no publisher has published yet, and let the database have the checkpoint's note."""
    try:
        rounds.publish(noted=True)
    except files.Busy:
        return  # a publisher is at it
