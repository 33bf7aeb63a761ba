"""What a reader of the log takes to somebody else: the proof of an entry, and the means to check it."""

from __future__ import annotations

from pathlib import Path

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accesslog import conf, selectors, services
from accesslog.events import QUERIED
from accesslog.outside import lethe_verify, proof, witness
from accesslog.types import Scope
from accesslog.views import MAX_INDEX

PROGRAM = Path(lethe_verify.__file__)


@require_GET
@never_cache
@login_required
def entry_proof(request: HttpRequest, index: int) -> HttpResponse:
    """The proof of one entry as a file. Taking it is a question of its own, logged before it is made."""
    scope = _scope(request)
    if index > MAX_INDEX or not selectors.visible(index, scope=scope):
        raise Http404
    part, fields = conf.actor_of(request)
    services.append(kind=QUERIED, body={**part, "query": {"entry": index, "proof": True}}, index=[fields])
    text = proof.of_entry(index, with_record=scope.bodies)
    name = f"log-entry-{index}{proof.SUFFIX}"
    return HttpResponse(
        text,
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require_GET
@never_cache
@login_required
def check(request: HttpRequest) -> HttpResponse:
    """How anybody checks a proof or the whole log, with the keys that are needed."""
    _scope(request)
    published = conf.folder() is not None
    context = {
        "key": conf.signer().verifier_key() if published else "",
        "witnesses": [str(each.key) for each in witness.configured()],
        "is_public": conf.is_public(),
    }
    return render(request, "accesslog/check.html", context)


@require_GET
@login_required
def program(request: HttpRequest) -> HttpResponse:
    """The verifier, one file."""
    _scope(request)
    return HttpResponse(
        PROGRAM.read_bytes(),
        content_type="text/x-python; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{PROGRAM.name}"'},
    )


def _scope(request: HttpRequest) -> Scope:
    scope = conf.scope_of(request.user)
    if scope is None:
        raise Http404
    return scope
