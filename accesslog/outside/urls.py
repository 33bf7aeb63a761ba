"""Addresses of proofs and of the means to check them."""

from django.urls import path

from accesslog.outside import views

urlpatterns = [
    path("log/check/", views.check, name="log_check"),
    path("log/check/lethe_verify.py", views.program, name="log_program"),
    path("log/<int:index>/proof", views.entry_proof, name="log_proof"),
]
