"""Addresses of the editor."""

from django.urls import path

from cctv.redaction.editing import pages, views

OF = "redactions/<str:number>/"

urlpatterns = [
    path("viewings/<uuid:pk>/redact/", pages.new, name="redaction-new"),
    path(f"{OF}edit/", pages.edit, name="redaction-edit"),
    path(f"{OF}data.json", views.data, name="redaction-data"),
    path(f"{OF}edits.json", views.edits, name="redaction-edits"),
    path(f"{OF}undo.json", views.undo, name="redaction-undo"),
    path(f"{OF}redo.json", views.redo, name="redaction-redo"),
    path(f"{OF}keep-mask.json", views.keep_mask, name="redaction-keep-mask"),
    path(f"{OF}submit.json", views.submit, name="redaction-submit"),
    path(f"{OF}preview.jpg", views.preview, name="redaction-preview"),
    path(f"{OF}preview.mp4", views.preview_clip, name="redaction-preview-clip"),
]
