"""The one address of health that every process role has."""

from django.urls import path

from config import health

urlpatterns = [path("healthz", health.healthz, name="healthz"), path("readyz", health.readyz, name="readyz")]
