"""Background work of stills and bookmarks."""

from celery import shared_task

from cctv.footage.marks import bookmarks


@shared_task(name="cctv.footage.marks.tasks.drop_bookmarks")
def drop_bookmarks() -> int:
    """Bookmarks of footage that is gone."""
    return bookmarks.drop_bookmarks()
