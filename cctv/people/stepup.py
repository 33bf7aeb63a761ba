"""Step-up: dangerous acts ask for the password again, unless it was given a moment ago.

django-allauth keeps a refused POST in the session and repeats it once the password is right, so
nothing typed into a form is lost.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class StepUpRequired(LetheError):
    """The act needs a fresh password; for programs and htmx, which cannot be redirected."""

    code = "step_up_required"
    status = 403
    message = _("This act asks for your password again.")
    hint = _("Confirm your password, then repeat it.")


def step_up_required(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let only those through who gave their password within ACCOUNT_REAUTHENTICATION_TIMEOUT seconds."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_reauthentication_required(request, app="account"):
            return view(request, *args, **kwargs)
        if request.headers.get("HX-Request") or "application/json" in request.headers.get("Accept", ""):
            raise StepUpRequired
        raise ReauthenticationRequired

    return checked
