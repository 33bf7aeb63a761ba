"""Addresses of the log; include them at the root of a project."""

from django.urls import include, path

from accesslog import views
from accesslog.desk import views as desk

urlpatterns = [
    path("", include("accesslog.outside.urls")),
    path("", include("accesslog.publish.urls")),
    path("", include("accesslog.review.urls")),
    path("log/", views.log, name="log"),
    path("log/export.csv", desk.export, {"form": "csv"}, name="log_csv"),
    path("log/export.pdf", desk.export, {"form": "pdf"}, name="log_pdf"),
    path("log/<int:index>/", views.entry, name="log_entry"),
]
