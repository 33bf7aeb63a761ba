"""A granted erasure: all that the request names, or the part that the proposal names (cameras and times).

What a hold keeps is not erased, so nothing is granted of which a hold keeps any: a letter says no more than
is done. Recipients of copies are told by the erasing itself (O31).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from cctv.core.clock import parse_rfc3339, rfc3339
from cctv.people.models import Account
from cctv.retention import erase
from cctv.retention.models import Erasure
from cctv.retention.tasks import purge_due
from cctv.sites.models import Camera
from cctv.subjects.deciding.models import Decision, Outcome
from cctv.subjects.requests.models import SubjectRequest
from cctv.vault.steps import reached

ACTION = erase.ACTION
PART, DONE = "part", "erasure"


@dataclass(frozen=True, slots=True)
class Part:
    """Footage of one camera, half-open."""

    camera: Camera
    starts_at: datetime
    ends_at: datetime

    def found(self) -> erase.Found:
        """What an erasure would take, and what a hold keeps."""
        return erase.find(camera=self.camera, starts_at=self.starts_at, ends_at=self.ends_at)


def whole(request: SubjectRequest) -> list[Part]:
    """All that it names."""
    return [
        Part(camera, request.starts_at, request.ends_at) for camera in request.cameras.order_by("name", "pk")
    ]


def parts_of(decision: Decision) -> list[Part]:
    """What is to be erased by it, or was."""
    if decision.outcome == Outcome.GRANTED:
        return whole(decision.request)
    named: list[dict[str, str]] = decision.done.get(PART, [])
    cameras = decision.request.cameras.in_bulk([UUID(each["camera"]) for each in named])
    return [
        Part(cameras[UUID(each["camera"])], parse_rfc3339(each["from"]), parse_rfc3339(each["to"]))
        for each in named
    ]


def facts(parts: Iterable[Part]) -> list[dict[str, str]]:
    """Parts as a row and an entry keep them."""
    return [
        {"camera": str(each.camera.pk), "from": rfc3339(each.starts_at), "to": rfc3339(each.ends_at)}
        for each in parts
    ]


def is_within(request: SubjectRequest, parts: Sequence[Part]) -> bool:
    """Whether all of it is named by the request."""
    cameras = set(request.cameras.values_list("pk", flat=True))
    return all(
        each.camera.pk in cameras and request.starts_at <= each.starts_at < each.ends_at <= request.ends_at
        for each in parts
    )


def outlook(parts: Iterable[Part]) -> dict[str, int]:
    """How many recordings an erasure would take, and how many a hold keeps (O32)."""
    found = [each.found() for each in parts]
    return {"going": sum(len(one.going) for one in found), "held": sum(len(one.held) for one in found)}


def carry_out(decision: Decision, *, actor: Account, terminal: str = "") -> dict[str, Any]:
    """Erase it, once however often it is asked; what became of each part, by its number.

    Forbidden, NotFound, what erasing raises: asked again, it goes on where it stopped.
    """
    told: dict[str, Any] = {}
    for number, part in enumerate(parts_of(decision)):
        row = _erased(decision, part)
        if row is None:
            try:
                row = erase.erase_segments(
                    camera=part.camera, starts_at=part.starts_at, ends_at=part.ends_at,
                    reference=decision.request.reference, ground="subject", actor=actor, terminal=terminal,
                )  # fmt: skip
            except erase.NothingToErase:
                told[str(number)] = {"erasure": "", "segments": 0, "held": len(part.found().held)}
                continue
        told[str(number)] = {"erasure": str(row.pk), "segments": row.segments, "held": row.held_back}
        reached("request.erased")
    # The next tick destroys it where no message can be sent.
    transaction.on_commit(lambda: purge_due.delay("request"), robust=True)
    return told


def _erased(decision: Decision, part: Part) -> Erasure | None:
    """What this decision has erased of it already."""
    rows = Erasure.objects.filter(camera=part.camera, reference=decision.request.reference)
    rows = rows.filter(starts_at=part.starts_at, ends_at=part.ends_at, decided_at__gte=decision.sent_at)
    return rows.first()
