"""The address of the verdict, in the console."""

from django.urls import path

from cctv.subjects.identity import views

urlpatterns = [path("requests/<str:reference>/identity/", views.seen, name="request-identity")]
