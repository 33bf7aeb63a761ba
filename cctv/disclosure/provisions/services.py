"""Taking the register of provisions out: entered before a line is sent."""

from typing import Any

from accesslog import IndexFields
from accesslog.services import append
from cctv.disclosure.provisions import events
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.sites.models import Site

SEE = "provision.see"


def log_taking_out(*, actor: Account, terminal: str, lines: int, site: Site | None) -> None:
    """The entry; LogUnavailable."""
    body: dict[str, Any] = {
        "actor": actor_fields(actor, SEE, site_id=site.pk if site else None), "terminal": terminal,
        "lines": lines,
    }  # fmt: skip
    if site is not None:
        body["site"] = site.logged()
    index = IndexFields(actor=str(actor.pk), terminal=terminal, site=str(site.pk) if site else "")
    append(kind=events.TAKEN_OUT, body=body, index=[index])
