"""Addresses of who has watched somebody, in the portal."""

from django.urls import path

from cctv.subjects.watched import portal_views

urlpatterns = [
    path("portal/watched/", portal_views.watched, name="portal-watched"),
    path("portal/watched/proofs.zip", portal_views.proofs, name="portal-watched-proofs"),
]
