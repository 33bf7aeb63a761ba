"""Addresses of the ledger."""

from django.urls import path

from cctv.ledger import views

urlpatterns = [
    path("ledger/", views.ledger, name="ledger"),
    path("ledger/ledger.csv", views.ledger_csv, name="ledger-csv"),
    path("ledger/ledger.pdf", views.ledger_pdf, name="ledger-pdf"),
]
