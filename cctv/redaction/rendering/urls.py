"""Addresses of the work on a redaction, and of its result."""

from django.urls import path

from cctv.redaction.rendering import views

ONE = "redactions/<str:number>/"

urlpatterns = [
    path(f"{ONE}progress.json", views.progress, name="redaction-progress"),
    path(f"{ONE}cancel/", views.cancel, name="redaction-cancel"),
    path(f"{ONE}again/", views.again, name="redaction-again"),
    path(f"{ONE}result/index.m3u8", views.result, name="redaction-result"),
    path(f"{ONE}result/init.mp4", views.init, name="redaction-result-init"),
    path(f"{ONE}result/<int:place>.m4s", views.part, name="redaction-result-part"),
]
