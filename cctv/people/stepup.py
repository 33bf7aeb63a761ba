"""Step-up: dangerous acts ask for the password again, unless it was given a moment ago."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.reauthentication import did_recently_authenticate
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError


class StepUpRequired(LetheError):
    """The act needs a fresh password; for programs and htmx, which cannot be redirected."""

    code = "step_up_required"
    status = 403
    message = _("This act asks for your password again.")
    hint = _("Confirm your password, then repeat it.")


def step_up_required(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Send the person to confirm the password first; afterwards they come back to `next`.

    A POST cannot be repeated by a redirect: they return to the page that the form stood on.
    """

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if did_recently_authenticate(request):
            return view(request, *args, **kwargs)
        if request.headers.get("HX-Request") or "application/json" in request.headers.get("Accept", ""):
            raise StepUpRequired
        back = request.get_full_path() if request.method == "GET" else request.headers.get("Referer", "/")
        return redirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': back})}")

    return checked
