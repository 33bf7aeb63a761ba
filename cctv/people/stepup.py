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


def require_step_up(request: HttpRequest) -> None:
    """Go on only if the password was given within ACCOUNT_REAUTHENTICATION_TIMEOUT seconds.

    For views that first look whether the person may know of the thing at all.
    """
    if not is_reauthentication_required(request, app="account"):
        return
    if request.headers.get("HX-Request") or "application/json" in request.headers.get("Accept", ""):
        raise StepUpRequired
    raise ReauthenticationRequired


def step_up_required(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The same as a decorator, for views that concern nothing in particular."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        require_step_up(request)
        return view(request, *args, **kwargs)

    return checked
