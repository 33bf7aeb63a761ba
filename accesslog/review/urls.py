"""Addresses of the review; they are part of accesslog.urls."""

from django.urls import path

from accesslog.review import views

MONTH = "log/review/<str:site>/<str:month>/"

urlpatterns = [
    path("log/review/", views.overview, name="log_review"),
    path("log/review/rules/", views.rules, name="log_review_rules"),
    path(MONTH, views.month, name="log_review_month"),
    path(f"{MONTH}entries/<int:index>/", views.decide, name="log_review_decide"),
    path(f"{MONTH}sign/", views.sign, name="log_review_sign"),
    path(f"{MONTH}review.<str:language>.pdf", views.pdf, name="log_review_pdf"),
]
