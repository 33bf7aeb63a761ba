"""Addresses of health."""

from django.urls import path

from cctv.ingest.health import views

urlpatterns = [
    path("sites/<slug:site_code>/health/", views.site_health, name="site-health"),
    path("sites/<slug:site_code>/health/gaps.csv", views.gaps_csv, name="site-gaps"),
    path(
        "sites/<slug:site_code>/cameras/<slug:camera_code>/health/", views.camera_health, name="camera-health"
    ),
]
