"""Addresses of the log; include them at the root of a project."""

from django.urls import path

from accesslog import views

urlpatterns = [
    path("log/", views.log, name="log"),
    path("log/<int:index>/", views.entry, name="log_entry"),
]
