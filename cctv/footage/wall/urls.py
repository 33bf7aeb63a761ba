"""The address of the wall."""

from django.urls import path

from cctv.footage.wall import views

urlpatterns = [path("sites/<slug:site_code>/wall/", views.wall, name="site-wall")]
