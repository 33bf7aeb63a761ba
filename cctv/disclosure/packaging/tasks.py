"""Background work of packages; each task calls one service and may run twice without harm."""

from celery import shared_task

from cctv.disclosure.packaging.ending import end_packages
from cctv.disclosure.packaging.work import package_due


@shared_task(name="cctv.disclosure.packaging.tasks.package")
def package() -> int:
    """Make the packages that are asked for."""
    return package_due()


@shared_task(name="cctv.disclosure.packaging.tasks.end")
def end() -> int:
    """Destroy the packages whose time is over, and what is left of those that were called off."""
    return end_packages()
