"""The addresses of signing in: django-allauth's views that Lethe wants, under allauth's own names.

Nobody signs up, resets a password by mail or manages addresses here, so those views have no address.
"""

from typing import Any

from allauth.account import views
from django.conf import settings
from django.urls import path
from django.utils.functional import Promise

from cctv.people.models import Role
from config.demo.plan import PASSWORD, PEOPLE, SITES


def demo_accounts() -> list[dict[str, str | Promise]]:
    """What the sign-in page of a demonstration shows: one account per role."""
    names = {site.code: site.name for site in SITES}
    return [
        {
            "role_label": f"{Role(person.role).label}, {names[person.site]}"
            if person.site
            else Role(person.role).label,
            "email": person.email,
            "password": PASSWORD,
        }
        for person in PEOPLE
    ]


class LoginView(views.LoginView):  # type: ignore[misc]  # allauth ships no types
    """The sign-in, with the accounts of a demonstration beside it."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add `demo_accounts` on a demonstration installation only."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        if settings.LETHE_DEMO:
            context["demo_accounts"] = demo_accounts()
        return context


urlpatterns = [
    path("login/", LoginView.as_view(), name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", views.password_change, name="account_change_password"),
]
