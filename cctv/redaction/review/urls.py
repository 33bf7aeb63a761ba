"""Addresses of redactions as a whole, and of their reviews."""

from django.urls import path

from cctv.redaction.review import views

ONE = "redactions/<str:number>/"

urlpatterns = [
    path("redactions/", views.redactions, name="redactions"),
    path(ONE, views.redaction, name="redaction"),
    path(f"{ONE}review/", views.review, name="redaction-review"),
    path(f"{ONE}review/moments.json", views.moments_json, name="redaction-review-moments"),
    path(f"{ONE}review/decide/", views.decide, name="redaction-review-decide"),
]
