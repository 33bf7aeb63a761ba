"""Addresses in the portal where requesters show who they are, and where a lost secret is replaced."""

from django.urls import path

from cctv.subjects.identity import lost_views, portal_views

urlpatterns = [
    path("portal/identity/", portal_views.identity, name="portal-identity"),
    path("portal/identity/code/", portal_views.code, name="portal-identity-code"),
    path("portal/lost/", lost_views.lost, name="portal-lost"),
    path("portal/lost/secret/", lost_views.secret, name="portal-lost-secret"),
    path("portal/lost/show/", lost_views.show, name="portal-lost-show"),
]
