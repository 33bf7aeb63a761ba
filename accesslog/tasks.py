"""For projects with Celery: what beat wakes. The mark's row is the job; lost messages do no harm."""

from celery import shared_task

from accesslog.review import judging


@shared_task(name="accesslog.tasks.judge_new_entries")
def judge_new_entries() -> None:
    """Let the flag rules look at the entries that came since the last run."""
    judging.judge()
