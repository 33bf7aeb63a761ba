"""The address of a site's timeline."""

from django.urls import path

from cctv.footage.timeline import views

urlpatterns = [
    path("sites/<slug:site_code>/timeline.json", views.site_timeline, name="site-timeline"),
]
