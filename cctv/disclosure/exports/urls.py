"""Addresses of exports and of the inbox."""

from django.urls import path

from cctv.disclosure.exports import ask_views, views

urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("exports/new/<slug:site_code>/", ask_views.export_new, name="export-new"),
    path("exports/", views.exports, name="exports"),
    path("exports/<str:number>/", views.export, name="export"),
    path("exports/<str:number>/edit/", ask_views.export_edit, name="export-edit"),
    path("exports/<str:number>/decide/", views.export_decide, name="export-decide"),
    path("exports/<str:number>/urgent/", views.export_urgent, name="export-urgent"),
    path("exports/<str:number>/withdraw/", views.export_withdraw, name="export-withdraw"),
    path("exports/<str:number>/watch/", views.export_watch, name="export-watch"),
    path("exports/<str:number>/again/", views.export_again, name="export-again"),
    path("exports/<str:number>/progress.json", views.export_progress, name="export-progress"),
]
