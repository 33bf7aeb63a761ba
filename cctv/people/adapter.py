"""How django-allauth behaves here: nobody signs up, and a new password goes through our service."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal import ratelimit
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from cctv.people import services, signals
from cctv.people.actors import terminal_of


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Accounts are made by administrators only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """No public sign-up."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that the log names, for the limits too."""
        return terminal_of(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse, and enter, who was tried too often: from this address, or from all together."""
        try:
            self._limit(request, **credentials)
        except ValidationError:
            signals.locked_out(request, str(credentials.get("email") or credentials.get("username") or ""))
            raise

    def _limit(self, request: HttpRequest, **credentials: Any) -> None:
        super().pre_authenticate(request, **credentials)
        anywhere = ratelimit.consume(
            request,
            app="allauth.account",
            action="login_failed_anywhere",
            key=super()._get_login_attempts_cache_key(request, **credentials),
        )
        if not anywhere:
            raise self.validation_error("too_many_login_attempts")
        self._login_failed_rl_usage.usage.extend(anywhere.usage)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Account and address: who types wrong passwords elsewhere keeps nobody out here."""
        key = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{ratelimit.get_ip(request)} {key}"

    def set_password(self, user: Any, password: str) -> None:
        """A password that the person chose."""
        services.change_own_password(account=user, password=password, terminal=terminal_of(self.request))
