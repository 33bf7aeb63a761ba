"""Addresses of finding, of copies and their showing, in the console."""

from django.urls import path

from cctv.subjects.delivering import views

urlpatterns = [
    path("requests/<str:reference>/find/", views.find, name="request-find"),
    path("requests/<str:reference>/stop/", views.stop, name="request-stop"),
    path("requests/<str:reference>/carry-out/<uuid:pk>/", views.carry_out, name="request-carry-out"),
    path("requests/<str:reference>/copies/<uuid:pk>/", views.copy, name="request-copy"),
    path("requests/<str:reference>/showing/<uuid:pk>/clip.mp4", views.showing_clip, name="request-showing"),
]
