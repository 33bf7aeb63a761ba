"""Addresses of decisions."""

from django.urls import path

from cctv.subjects.deciding import views

urlpatterns = [
    path("requests/<str:reference>/decision/", views.propose, name="request-propose"),
    path("requests/<str:reference>/decisions/<uuid:pk>/", views.decision, name="request-decision"),
    path("requests/<str:reference>/decisions/<uuid:pk>/decide/", views.decide, name="request-decide"),
    path("requests/<str:reference>/decisions/<uuid:pk>/letter.pdf", views.letter, name="request-letter"),
]
