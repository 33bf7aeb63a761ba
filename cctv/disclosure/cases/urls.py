"""Addresses of cases and their letters."""

from django.urls import path

from cctv.disclosure.cases import letter_views, views

ONE = "cases/<str:number>/"
LETTER = f"{ONE}letters/<uuid:pk>/"

urlpatterns = [
    path("cases/", views.cases, name="cases"),
    path("sites/<slug:site_code>/case/", views.case_new, name="case-new"),
    path(ONE, views.case, name="case"),
    path(f"{ONE}edit/", views.case_edit, name="case-edit"),
    path(f"{ONE}footage/", views.case_span, name="case-span"),
    path(f"{ONE}footage/<int:pk>/remove/", views.case_span_remove, name="case-span-remove"),
    path(f"{ONE}close/", views.case_close, name="case-close"),
    path(f"{ONE}reopen/", views.case_reopen, name="case-reopen"),
    path(f"{ONE}letters/add/", letter_views.letter_new, name="letter-new"),
    path(LETTER, letter_views.letter, name="letter"),
    path(f"{LETTER}text/", letter_views.letter_text, name="letter-text"),
    path(f"{LETTER}file/", letter_views.letter_file, name="letter-file"),
]
