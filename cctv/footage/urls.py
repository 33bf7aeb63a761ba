"""Addresses of browsing and viewing."""

from django.urls import path, register_converter

from cctv.footage import media_views, views
from cctv.footage.converters import IsoDate
from cctv.footage.motion import views as motion_views

register_converter(IsoDate, "isodate")

urlpatterns = [
    path("sites/", views.sites, name="sites"),
    path("sites/<slug:site_code>/", views.site, name="site"),
    path("sites/<slug:site_code>/cameras/<slug:camera_code>/", views.camera, name="camera"),
    path(
        "sites/<slug:site_code>/cameras/<slug:camera_code>/<isodate:day>/",
        views.camera_day,
        name="camera-day",
    ),
    path("sites/<slug:site_code>/view/", views.viewing_new, name="viewing-new"),
    path("viewings/", views.viewings, name="viewings"),
    path("viewings/<uuid:pk>/", views.viewing, name="viewing"),
    path("viewings/<uuid:pk>/close/", views.viewing_close, name="viewing-close"),
    path("viewings/<uuid:pk>/extend/", views.viewing_extend, name="viewing-extend"),
    path("viewings/<uuid:pk>/alive/", views.viewing_alive, name="viewing-alive"),
    path("viewings/<uuid:pk>/<slug:camera_code>/index.m3u8", media_views.playlist, name="viewing-playlist"),
    path(
        "viewings/<uuid:pk>/<slug:camera_code>/<uuid:segment>/init.mp4", media_views.init, name="viewing-init"
    ),
    path(
        "viewings/<uuid:pk>/<slug:camera_code>/<uuid:segment>/<int:number>.m4s",
        media_views.part,
        name="viewing-part",
    ),
    path(
        "viewings/<uuid:pk>/<slug:camera_code>/<uuid:segment>/thumb.jpg",
        media_views.thumb,
        name="viewing-thumb",
    ),
    path("viewings/<uuid:pk>/<slug:camera_code>/motion.json", motion_views.motion, name="viewing-motion"),
    path("viewings/<uuid:pk>/<slug:camera_code>/search.json", motion_views.search, name="viewing-search"),
]
