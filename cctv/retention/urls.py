"""Addresses of the retention pages."""

from django.urls import path

from cctv.retention import views

urlpatterns = [
    path("retention/", views.retention, name="retention"),
    path("retention/runs/", views.runs, name="purge-runs"),
    path("retention/runs/<uuid:pk>/", views.run, name="purge-run"),
    path("retention/runs/<uuid:pk>/confirm/", views.run_confirm, name="purge-run-confirm"),
    path("retention/certificates/", views.certificates, name="certificates"),
    path("retention/certificates/<str:number>/", views.certificate, name="certificate"),
    path("retention/certificates/<str:number>/facts.json", views.certificate_json, name="certificate-json"),
]
