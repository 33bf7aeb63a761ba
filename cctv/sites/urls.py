"""Addresses of the register."""

from django.urls import path

from cctv.sites import camera_views, duty_views, views
from cctv.sites.masks import views as masks_views

SITE = "register/sites/<slug:site_code>/"
CAMERA = "register/cameras/<slug:camera_code>/"
PURPOSE = "register/purposes/<slug:purpose_code>/"

urlpatterns = [
    path("register/", views.register, name="register"),
    path("register/sites/add/", views.site_add, name="site-add"),
    path(SITE, views.register_site, name="register-site"),
    path(f"{SITE}edit/", views.site_edit, name="site-edit"),
    path(f"{SITE}retire/", views.site_retire, name="site-retire"),
    path(f"{SITE}zones/add/", views.zone_add, name="zone-add"),
    path(f"{SITE}cameras/add/", camera_views.camera_add, name="camera-add"),
    path(CAMERA, camera_views.register_camera, name="register-camera"),
    path(f"{CAMERA}edit/", camera_views.camera_edit, name="camera-edit"),
    path(f"{CAMERA}retire/", camera_views.camera_retire, name="camera-retire"),
    path(f"{CAMERA}masks/", masks_views.camera_masks, name="camera-masks"),
    path("register/purposes/", views.purposes, name="purposes"),
    path("register/purposes/add/", views.purpose_add, name="purpose-add"),
    path(f"{PURPOSE}edit/", views.purpose_edit, name="purpose-edit"),
    path(f"{PURPOSE}retire/", views.purpose_retire, name="purpose-retire"),
    path("register/rules/add/", camera_views.rule_add, name="rule-add"),
    path(f"{SITE}duty/", duty_views.duty, name="site-duty"),
    path(f"{SITE}duty/<uuid:pk>/", duty_views.duty_of, name="site-duty-person"),
    path(f"{SITE}rules/add/", camera_views.rule_add, name="rule-add"),
    path(f"{CAMERA}rules/add/", camera_views.rule_add, name="rule-add"),
]
