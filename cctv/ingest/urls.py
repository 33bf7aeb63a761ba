"""Addresses of ingest: the upload interface and the administrator's pages."""

from django.urls import path

from cctv.ingest import api, views

urlpatterns = [
    path("api/v1/openapi.json", api.openapi_document, name="api-openapi"),
    path("api/v1/cameras/<str:code>/segments/<str:start>", api.segment, name="api-segment"),
    path("sources/", views.source_list, name="sources"),
    path("sources/new/", views.source_add, name="source-add"),
    path("sources/<uuid:pk>/", views.source_edit, name="source-edit"),
    path("sources/<uuid:pk>/retire/", views.source_retire, name="source-retire"),
    path("recorders/", views.recorder_list, name="recorders"),
    path("recorders/new/", views.recorder_add, name="recorder-add"),
    path("recorders/<uuid:pk>/revoke/", views.recorder_revoke, name="recorder-revoke"),
    path("quarantine/", views.quarantine_list, name="quarantine"),
    path("quarantine/<uuid:pk>/retry/", views.quarantine_retry, name="quarantine-retry"),
]
