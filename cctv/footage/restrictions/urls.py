"""Addresses of restrictions."""

from django.urls import path

from cctv.footage.restrictions import views

ONE = "restrictions/<uuid:pk>/"

urlpatterns = [
    path("restrictions/", views.restrictions, name="restrictions"),
    path("sites/<slug:site_code>/restrict/", views.restriction_new, name="restriction-new"),
    path(ONE, views.restriction, name="restriction"),
    path(f"{ONE}lift/", views.restriction_lift, name="restriction-lift"),
]
