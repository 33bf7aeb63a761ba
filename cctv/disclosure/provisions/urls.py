"""Addresses of the register of provisions and of notices to recipients."""

from django.urls import path

from cctv.disclosure.provisions import notice_views, views

ONE = "provisions/notices/<str:number>/"

urlpatterns = [
    path("provisions/", views.provisions, name="provisions"),
    path("provisions/provisions.csv", views.provisions_csv, name="provisions-csv"),
    path("provisions/statistics/", views.statistics, name="provision-statistics"),
    path("provisions/statistics.csv", views.statistics_csv, name="provision-statistics-csv"),
    path("provisions/notices/", notice_views.notices, name="notices"),
    path(ONE, notice_views.notice, name="notice"),
    path(f"{ONE}letter.pdf", notice_views.notice_letter, name="notice-letter"),
    path(f"{ONE}told/", notice_views.notice_told, name="notice-told"),
    path(f"{ONE}answered/", notice_views.notice_answered, name="notice-answered"),
]
