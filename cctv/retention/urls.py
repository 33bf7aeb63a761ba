"""Addresses of the retention pages."""

from django.urls import path

from cctv.retention import certificate_views, erase_views, public_views, views

urlpatterns = [
    path("retention/", views.retention, name="retention"),
    path("retention/runs/", views.runs, name="purge-runs"),
    path("retention/runs/<uuid:pk>/", views.run, name="purge-run"),
    path("retention/runs/<uuid:pk>/confirm/", views.run_confirm, name="purge-run-confirm"),
    path("retention/erasures/", erase_views.erasures, name="erasures"),
    path("retention/erasures/new/<slug:camera_code>/", erase_views.new, name="erase"),
    path("retention/erasures/<uuid:pk>/", erase_views.erasure, name="erasure"),
    path("retention/certificates/", certificate_views.certificates, name="certificates"),
    path("retention/certificates/<str:number>/", certificate_views.certificate, name="certificate"),
    path(
        "retention/certificates/<str:number>/facts.json",
        certificate_views.certificate_json,
        name="certificate-json",
    ),
    path(
        "retention/certificates/<str:number>/certificate.<str:language>.pdf",
        certificate_views.certificate_pdf_file,
        name="certificate-pdf",
    ),
    path("certificate/", public_views.check, name="certificate-check"),
    path("certificate/key", public_views.public_key, name="certificate-key"),
    path("certificate/<str:number>/", public_views.certificate, name="certificate-public"),
]
