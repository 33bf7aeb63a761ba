"""What anybody may ask about a certificate, without signing in.

Whoever holds a certificate knows its number; so the answer to a number is whether it exists, when it was
issued, its hash and its result, and whether a hash that somebody brings is that hash. Which site, which
cameras and how much is told by the certificate itself and never here: numbers can be guessed.
"""

import re

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.people.actors import terminal_of
from cctv.retention import certificate_search
from cctv.retention import certificate_words as words
from cctv.vault import signing

PER_MINUTE = 30
_HASH = re.compile(r"[0-9a-f]{64}")


class TooManyQuestions(LetheError):
    """One address asks faster than a person reads."""

    code = "too_many_questions"
    status = 429
    message = _("That were too many questions within a minute.")
    hint = _("Wait a minute, then ask again.")


@require_GET
def check(request: HttpRequest) -> HttpResponse:
    """Ask for a number."""
    if number := re.sub(r"[^0-9A-Za-z-]", "", request.GET.get("number", ""))[:20]:
        return redirect("certificate-public", number)
    return render(request, "cctv/retention/public_certificate.html", {"number": ""})


@require_GET
def certificate(request: HttpRequest, number: str) -> HttpResponse:
    """Whether the number exists, and what it stands for; with `sha256` also whether that is its hash."""
    _refuse_haste(request)
    found = certificate_search.by_number(number)
    brought = re.sub(r"[\s:]", "", request.GET.get("sha256", "")).lower()[:80]
    context = {"number": number[:20], "brought": brought, "asked": True, "certificate": found}
    if found is None:
        return render(request, "cctv/retention/public_certificate.html", context, status=404)
    sha256 = bytes(found.facts_sha256).hex()
    context |= {
        "number": found.number,
        "sha256": sha256,
        "verdict": words.verdict(found.facts),
        "zone": "UTC",  # the site's own would tell the country
        "is_no_hash": bool(brought) and not _HASH.fullmatch(brought),
        "fits": brought == sha256,
    }
    return render(request, "cctv/retention/public_certificate.html", context)


@require_GET
def public_key(request: HttpRequest) -> HttpResponse:
    """The key that certificates are signed with, as a verifier key of signed notes."""
    return HttpResponse(f"{signing.public_key()}\n", content_type="text/plain; charset=utf-8")


def _refuse_haste(request: HttpRequest) -> None:
    key = f"certificate-check/{terminal_of(request)}/{clock.now():%H%M}"
    cache.add(key, 0, 120)
    try:
        asked = cache.incr(key)
    except ValueError:
        return  # it has just expired
    if asked > PER_MINUTE:
        raise TooManyQuestions
