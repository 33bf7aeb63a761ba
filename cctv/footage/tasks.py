"""Background work of this area; each task calls one service and may run twice without harm."""

from celery import shared_task

from cctv.footage import thumbnails, viewing


@shared_task(name="cctv.footage.tasks.make_thumbnails")
def make_thumbnails() -> int:
    """Small pictures and motion facts of new segments."""
    return thumbnails.keep_up()


@shared_task(name="cctv.footage.tasks.close_idle_viewings")
def close_idle_viewings() -> int:
    """Close viewings that ended without being closed."""
    return viewing.close_idle_viewings()
