"""How django-allauth behaves here: nobody signs up, and a new password goes through our service."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from cctv.people import services
from cctv.people.actors import terminal_of


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Accounts are made by administrators only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """No public sign-up."""
        return False

    def set_password(self, user: Any, password: str) -> None:
        """A password that the person chose."""
        services.change_own_password(account=user, password=password, terminal=terminal_of(self.request))
