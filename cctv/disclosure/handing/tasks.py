"""The beat of the copies that are handed over."""

from celery import shared_task

from cctv.disclosure.handing import services


@shared_task(ignore_result=True)
def tend() -> None:
    """Enter closings that are not in the log yet; end what is over."""
    services.tend()
