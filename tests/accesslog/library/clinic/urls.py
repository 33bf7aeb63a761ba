"""The log is all there is."""

from django.urls import include, path

urlpatterns = [path("", include("accesslog.urls"))]
