"""Addresses of the sharp scene's still."""

from django.urls import path

from cctv.redaction.scene import views

ONE = "redactions/<str:number>/scene/"

urlpatterns = [
    path(ONE, views.scene, name="redaction-scene"),
    path(f"{ONE}still.jpg", views.still, name="redaction-scene-still"),
    path(f"{ONE}decide/", views.decide, name="redaction-scene-decide"),
]
