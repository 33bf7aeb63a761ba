"""What a process that serves the portal alone answers to addresses it does not have."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from cctv.subjects.portal.errors import NothingHere, ProofMissing
from cctv.subjects.portal.pages import private, refused


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    """Nothing that can be understood is nothing that is there."""
    return private(refused(request, NothingHere()))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    """A form from elsewhere."""
    return private(refused(request, ProofMissing()))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    """No such page, for anybody."""
    return private(refused(request, NothingHere()))
