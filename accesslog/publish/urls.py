"""Addresses of the published files."""

from django.urls import path

from accesslog.publish import views

urlpatterns = [
    path("log/public/checkpoint", views.checkpoint, name="log_checkpoint"),
    path("log/public/tile/<path:path>", views.tile, name="log_tile"),
    path("log/public/key", views.key, name="log_key"),
]
