"""Addresses of copies that are handed over: the office's, and the recipient's."""

from django.urls import path

from cctv.disclosure.handing import public, views

COPY = "exports/<str:number>/copies/<int:copy>/"

urlpatterns = [
    path("exports/<str:number>/link/", views.link, name="handing-link"),
    path("exports/<str:number>/medium/", views.onto_medium, name="handing-medium"),
    path(COPY, views.copy, name="handing-copy"),
    path(f"{COPY}package.zip", views.package, name="handing-package"),
    path(f"{COPY}give/", views.give, name="handing-give"),
    path(f"{COPY}end/", views.end, name="handing-end"),
    path(f"{COPY}received/", views.received, name="handing-received"),
    path(f"{COPY}receipt.<str:language>.pdf", views.receipt, name="handing-receipt"),
    path("d/<str:token>/", public.take, name="take"),
    path("d/<str:token>/download/", public.download, name="take-download"),
    path("d/<str:token>/received/", public.receipt, name="take-receipt"),
]
