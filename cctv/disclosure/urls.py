"""Addresses of the register of prints and media."""

from django.urls import include, path

from cctv.disclosure import views

urlpatterns = [
    path("", include("cctv.disclosure.cases.urls")),
    path("", include("cctv.disclosure.exports.urls")),
    path("", include("cctv.disclosure.handing.urls")),
    path("", include("cctv.disclosure.provisions.urls")),
    path("media/", views.media, name="media"),
    path("media/new/", views.medium_new, name="medium-new"),
    path("media/<str:number>/", views.medium, name="medium"),
    path("media/<str:number>/hand-over/", views.medium_hand_over, name="medium-hand-over"),
    path("media/<str:number>/return/", views.medium_return, name="medium-return"),
    path("media/<str:number>/destroy/", views.medium_destroy, name="medium-destroy"),
]
