"""The addresses of the checker, in the console."""

from django.urls import path

from cctv.subjects.identity import views

_BASE = "requests/<str:reference>/identity/"

urlpatterns = [
    path(_BASE, views.seen, name="request-identity"),
    path(f"{_BASE}ask/", views.ask, name="request-identity-ask"),
    path(f"{_BASE}secret/", views.renew, name="request-identity-secret"),
    path(f"{_BASE}<uuid:pk>/", views.look, name="request-identity-look"),
    path(f"{_BASE}<uuid:pk>/verdict/", views.judge, name="request-identity-verdict"),
    path(f"{_BASE}<uuid:pk>/<uuid:paper>.jpg", views.picture, name="request-identity-picture"),
]
