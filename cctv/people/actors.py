"""How people appear in the access log: the same words in every entry."""

import ipaddress
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from cctv.people.models import Account
from cctv.people.policy import role_at


def actor_fields(account: Account, action: str, *, site_id: UUID | None = None) -> dict[str, Any]:
    """The `actor` of an entry's body: id, name, employer, and the role that the act is done under."""
    return {
        "id": str(account.pk),
        "name": account.name,
        "employer": account.employer,
        "role": role_at(account, action, site_id=site_id),
    }


def entry_actor(account: Account | None, action: str, *, site_id: UUID | None = None) -> dict[str, Any]:
    """The same for a service that set-up calls too: without an account it is the installation itself."""
    if account is None:
        return {"id": "", "name": "Lethe", "employer": "", "role": "setup"}
    return actor_fields(account, action, site_id=site_id)


def terminal_of(request: HttpRequest) -> str:
    """The place of access: the peer's address (behind a proxy, the one the proxy vouches for).

    Each proxy adds to X-Forwarded-For whom it was asked by; what stands left of that anybody can write.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    if not settings.LETHE_BEHIND_PROXY:
        return peer
    vouched_for = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    try:
        return str(ipaddress.ip_address(vouched_for))
    except ValueError:
        return peer


def log_actor(request: HttpRequest) -> "tuple[dict[str, Any], Any]":
    """accesslog's injection: the body part and the index fields of whoever reads the log."""
    from accesslog import IndexFields

    account = request.user
    assert isinstance(account, Account)
    body = {"actor": actor_fields(account, "log.read"), "terminal": terminal_of(request)}
    return body, IndexFields(actor=str(account.pk), terminal=terminal_of(request))
