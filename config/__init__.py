"""The composition root: settings, URLs, the Celery application and the page shell."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
