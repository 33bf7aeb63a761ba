"""Addresses of accounts and roles."""

from django.urls import path

from cctv.people import views

PERSON = "people/<uuid:pk>/"

urlpatterns = [
    path("people/", views.people, name="people"),
    path("people/add/", views.person_add, name="person-add"),
    path("people/mail/", views.outbox, name="outbox"),
    path(PERSON, views.person, name="person"),
    path(f"{PERSON}edit/", views.person_edit, name="person-edit"),
    path(f"{PERSON}password/", views.person_password, name="person-password"),
    path(f"{PERSON}deactivate/", views.person_deactivate, name="person-deactivate"),
    path(f"{PERSON}reactivate/", views.person_reactivate, name="person-reactivate"),
    path(f"{PERSON}grants/add/", views.grant_add, name="grant-add"),
    path(f"{PERSON}grants/<uuid:grant>/revoke/", views.grant_revoke, name="grant-revoke"),
    path("account/", views.account, name="account"),
]
