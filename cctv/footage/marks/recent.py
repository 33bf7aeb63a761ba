"""Who looked at this camera lately, for those who may know.

Whoever may read the log at the site is told of everybody, and that they asked is an entry, as at the log's
own desk; durable before the answer. An operator is told of their own viewings only, which is no question to
the log, and learns nothing about how many others there were.
"""

from dataclasses import dataclass
from typing import Any

from accesslog import IndexFields
from accesslog.events import QUERIED
from accesslog.services import append
from cctv.footage.marks import selectors
from cctv.footage.models import ViewingSession
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.sites.models import Camera

READ, OWN = "log.read", "viewings.own"


@dataclass(frozen=True, slots=True)
class Recent:
    """The newest viewings of a camera; `everybody`: not the reader's own alone."""

    sessions: list[ViewingSession]
    everybody: bool


def recent_viewings(camera: Camera, *, reader: Account, terminal: str) -> Recent:
    """The newest viewings of a camera that the reader may know of. Policy errors, LogUnavailable."""
    permissions = permissions_of(reader)
    everybody = permissions.may(READ, site_id=camera.site_id)
    if not everybody:
        permissions.require(OWN, site_id=camera.site_id)
    else:
        _log_question(camera, reader, terminal)
    return Recent(selectors.recent(camera=camera, reader=reader, everybody=everybody), everybody)


def _log_question(camera: Camera, reader: Account, terminal: str) -> None:
    body: dict[str, Any] = {
        "actor": actor_fields(reader, READ, site_id=camera.site_id), "terminal": terminal,
        "site": camera.site.logged(), "query": {"camera": str(camera.pk), "kind": ":viewings"},
    }  # fmt: skip
    index = IndexFields(
        actor=str(reader.pk), terminal=terminal, site=str(camera.site_id), camera=str(camera.pk)
    )
    append(kind=QUERIED, body=body, index=[index])
