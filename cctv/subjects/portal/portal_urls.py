"""Addresses of the public portal."""

from django.urls import path

from cctv.subjects.portal import contact_views, receipt_views, status_views, views, wizard_views

urlpatterns = [
    path("portal/", views.start, name="portal"),
    path("portal/cameras/", views.cameras, name="portal-cameras"),
    path("portal/privacy/", views.privacy, name="portal-privacy"),
    path("portal/cookies/", views.cookies, name="portal-cookies"),
    path("portal/accessibility/", views.accessibility, name="portal-accessibility"),
    path("portal/no-harvesting/", views.harvesting, name="portal-harvesting"),
    path("portal/contact/", contact_views.contact, name="portal-contact"),
    path("portal/ask/", wizard_views.begin, name="portal-ask"),
    path("portal/ask/leave/", wizard_views.leave, name="portal-leave"),
    path("portal/ask/check/", wizard_views.check, name="portal-check"),
    path("portal/ask/<slug:name>/", wizard_views.question, name="portal-question"),
    path("portal/receipt/", receipt_views.receipt, name="portal-receipt"),
    path("portal/receipt/receipt.pdf", receipt_views.receipt_pdf, name="portal-receipt-pdf"),
    path("portal/open/", status_views.enter, name="portal-open"),
    path("portal/status/", status_views.status, name="portal-status"),
    path("portal/status/write/", status_views.write, name="portal-write"),
    path("portal/status/withdraw/", status_views.withdraw, name="portal-withdraw"),
    path("portal/status/visit/<uuid:pk>/", status_views.visit, name="portal-visit"),
    path("portal/status/close/", status_views.shut, name="portal-shut"),
    path("portal/slip/", receipt_views.slip, name="portal-slip"),
    path("portal/slip/slip.pdf", receipt_views.slip_pdf, name="portal-slip-pdf"),
    path("portal/decision/", status_views.decision, name="portal-decision"),
    path("portal/decision/letter.pdf", status_views.letter, name="portal-letter"),
    path("portal/decision/object/", status_views.objection, name="portal-object"),
]
