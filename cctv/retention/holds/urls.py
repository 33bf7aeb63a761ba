"""Addresses of legal holds."""

from django.urls import path

from cctv.retention.holds import views

HOLD = "holds/<str:number>/"

urlpatterns = [
    path("holds/", views.holds, name="holds"),
    path("sites/<slug:site_code>/hold/", views.hold_new, name="hold-new"),
    path(HOLD, views.hold, name="hold"),
    path(f"{HOLD}confirm/", views.hold_confirm, name="hold-confirm"),
    path(f"{HOLD}refuse/", views.hold_refuse, name="hold-refuse"),
    path(f"{HOLD}release/", views.hold_release, name="hold-release"),
    path(f"{HOLD}prolong/", views.hold_prolong, name="hold-prolong"),
]
