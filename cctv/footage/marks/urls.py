"""Addresses of stills, bookmarks, recent viewings and of a viewing's purpose."""

from django.urls import path

from cctv.footage.marks import bookmark_views, room_views, still_views

urlpatterns = [
    path("viewings/<uuid:pk>/purpose/", room_views.purpose, name="viewing-purpose"),
    path("viewings/<uuid:pk>/bookmarks.json", room_views.bookmarks, name="viewing-bookmarks"),
    path("viewings/<uuid:pk>/<slug:camera_code>/still.jpg", room_views.still, name="viewing-still"),
    path(
        "viewings/<uuid:pk>/<slug:camera_code>/still.json", room_views.still_keep, name="viewing-still-keep"
    ),
    path("viewings/<uuid:pk>/<slug:camera_code>/recent.json", room_views.recent, name="viewing-recent"),
    path("sites/<slug:site_code>/stills/", still_views.all_stills, name="stills"),
    path("sites/<slug:site_code>/stills/<uuid:pk>/", still_views.still, name="still"),
    path("sites/<slug:site_code>/stills/<uuid:pk>/picture.jpg", still_views.picture, name="still-picture"),
    path("sites/<slug:site_code>/stills/<uuid:pk>/delete/", still_views.delete, name="still-delete"),
    path("sites/<slug:site_code>/bookmarks/", bookmark_views.bookmarks, name="bookmarks"),
    path("sites/<slug:site_code>/bookmarks/restore/", bookmark_views.restore, name="bookmark-restore"),
    path("sites/<slug:site_code>/bookmarks/<uuid:pk>/", bookmark_views.bookmark, name="bookmark"),
    path("sites/<slug:site_code>/bookmarks/<uuid:pk>/remove/", bookmark_views.remove, name="bookmark-remove"),
]
