"""An urgent form that waits for the password waits in the session: what names persons is sealed there."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager

from allauth.core.exceptions import ReauthenticationRequired
from django.http import QueryDict

from accesslog.canonical import encode
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.disclosure.exports.details import Details
from cctv.people.access import Request
from cctv.vault import services as vault

SEALED = "sealed"
NAMES = Details.__slots__


@contextmanager
def sealing(request: Request) -> Iterator[None]:
    """Around a step-up: seal the form's personal fields before the form is kept."""
    try:
        yield
    except ReauthenticationRequired:
        request.POST = _sealed(request)  # type: ignore[assignment]  # the stubs say immutable
        raise


def opened(request: Request) -> QueryDict:
    """The form as it was sent; what cannot be opened any more is asked for again."""
    key_id, _colon, text = request.POST.get(SEALED, "").rpartition("|")
    if not key_id:
        return request.POST
    try:
        data = vault.open_record(key_id, base64.b64decode(text, validate=True), context=_context(request))
    except (LetheError, ValueError):
        return request.POST
    post = request.POST.copy()
    del post[SEALED]
    post.update(json.loads(data))
    return post


def _sealed(request: Request) -> QueryDict:
    post = request.POST.copy()
    found = {name: post.pop(name)[-1] for name in NAMES if name in post}
    key_id, data = vault.seal_record(
        f"export/{clock.now().year}", encode(found), context=_context(request)
    )  # fmt: skip
    post[SEALED] = f"{key_id}|{base64.b64encode(data).decode()}"
    return post


def _context(request: Request) -> bytes:
    token = request.POST.get("token", "")
    return f"lethe/1/export/form/{request.account.pk}/{token}".encode()
