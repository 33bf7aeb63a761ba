"""Addresses of copies in the portal."""

from django.urls import path

from cctv.subjects.delivering import portal_views

urlpatterns = [
    path("portal/result/<uuid:pk>/", portal_views.result, name="portal-result"),
    path("portal/result/<uuid:pk>/code/", portal_views.code, name="portal-result-code"),
    path("portal/result/<uuid:pk>/clip.mp4", portal_views.clip, name="portal-result-clip"),
]
