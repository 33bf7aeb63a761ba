"""Addresses of exports and of the inbox."""

from django.urls import path

from cctv.disclosure.exports import views

urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("exports/", views.exports, name="exports"),
    path("exports/<str:number>/", views.export, name="export"),
]
