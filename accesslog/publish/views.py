"""The published files behind a read-only address: what outsiders fetch (c2sp.org/tlog-tiles).

    log/public/checkpoint     the newest signed checkpoint, never cached
    log/public/tile/…         tiles and bundles, which never change: cached for a year
    log/public/key            the verifier key of the log

They hold no personal data. Even so, how much is logged when tells something, so the project decides whether
anybody may read them (ACCESSLOG_PUBLIC) or only who may read the log; to others they do not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from accesslog import conf
from accesslog.publish import paths

P = ParamSpec("P")
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
IMMUTABLE = "max-age=31536000, immutable"


def _for_readers(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not conf.is_public():
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if conf.scope_of(request.user) is None:
                raise Http404
        return view(request, *args, **kwargs)

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponseBase]", guarded)


@require_safe
@_for_readers
def checkpoint(request: HttpRequest) -> HttpResponse:
    """The newest checkpoint."""
    return HttpResponse(_read(paths.CHECKPOINT), content_type=TEXT, headers={"Cache-Control": "no-store"})


@require_safe
@_for_readers
def tile(request: HttpRequest, path: str) -> HttpResponse:
    """A tile or a bundle; nothing but the exact name of one reaches the disk."""
    try:
        asked = paths.parse(f"tile/{path}")
    except ValueError as error:
        raise Http404 from error
    # A partial tile gives way to the full one: a cache need not keep it for long.
    keep = IMMUTABLE if asked.width == paths.WIDTH else "max-age=3600"
    whose = "public" if conf.is_public() else "private"
    return HttpResponse(_read(asked.path), content_type=BYTES, headers={"Cache-Control": f"{whose}, {keep}"})


@require_safe
@_for_readers
def key(request: HttpRequest) -> HttpResponse:
    """The verifier key. Whoever checks the log keeps it, and does not fetch it again each time."""
    return HttpResponse(f"{conf.signer().verifier_key()}\n", content_type=TEXT)


def _read(path: str) -> bytes:
    folder = conf.folder()
    if folder is None:
        raise Http404
    try:
        return (folder / path).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Http404 from error
