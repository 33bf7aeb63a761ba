"""Addresses of the log; include them at the root of a project."""

from django.urls import include, path

from accesslog import views

urlpatterns = [
    path("", include("accesslog.publish.urls")),
    path("", include("accesslog.review.urls")),
    path("log/", views.log, name="log"),
    path("log/<int:index>/", views.entry, name="log_entry"),
]
