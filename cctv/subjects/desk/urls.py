"""Addresses of the desk."""

from django.urls import path

from cctv.subjects.desk import act_views, intake_views, views

urlpatterns = [
    path("requests/", views.requests, name="requests"),
    path("requests/screening/", views.to_screen, name="requests-screening"),
    path("requests/new/<slug:site_code>/", intake_views.take_in, name="request-new"),
    path("requests/<str:reference>/", views.one, name="request"),
    path("requests/<str:reference>/contact/", views.contact, name="request-contact"),
    path("requests/<str:reference>/assign/", act_views.assign, name="request-assign"),
    path("requests/<str:reference>/write/", act_views.write, name="request-write"),
    path("requests/<str:reference>/clock/", act_views.clock_, name="request-clock"),
    path("requests/<str:reference>/appointments/", act_views.appoint, name="request-appoint"),
    path(
        "requests/<str:reference>/appointments/<uuid:pk>/", act_views.appointment, name="request-appointment"
    ),
    path("requests/<str:reference>/objection/", act_views.objection, name="request-objection"),
    path("requests/<str:reference>/withdraw/", act_views.withdraw, name="request-withdraw"),
    path("requests/<str:reference>/receipt.pdf", intake_views.receipt, name="request-receipt"),
    path("requests/<str:reference>/kept.pdf", intake_views.slip, name="request-slip"),
    path("requests/<str:reference>/extension.pdf", intake_views.extension, name="request-extension"),
]
