"""Addresses of the checks."""

from django.urls import path

from cctv.retention.reconcile import views

urlpatterns = [
    path("retention/checks/", views.checks, name="fsck"),
    path("retention/checks/<uuid:pk>/", views.check, name="fsck-run"),
]
