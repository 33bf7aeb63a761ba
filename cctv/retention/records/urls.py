"""Addresses of the records."""

from django.urls import path

from cctv.retention.records import views

urlpatterns = [
    path("retention/records/", views.records, name="records"),
    path("retention/records/rules/<slug:record_class>/", views.record_rule, name="record-rule"),
    path(
        "retention/records/rules/<slug:record_class>/withdraw/",
        views.record_rule_withdraw,
        name="record-rule-withdraw",
    ),
    path("retention/records/certificates/<str:number>/", views.erasure, name="record-erasure"),
    path(
        "retention/records/certificates/<str:number>/facts.json",
        views.erasure_json,
        name="record-erasure-json",
    ),
    path(
        "retention/records/certificates/<str:number>/certificate.<str:language>.pdf",
        views.erasure_pdf,
        name="record-erasure-pdf",
    ),
]
