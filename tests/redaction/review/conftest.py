"""A redaction that waits for its review: what was seen is made up, its result sealed as by the job."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from cctv.footage import playback
from cctv.footage.derived import services as derived
from cctv.footage.models import Segment
from cctv.people.models import Account, RoleGrant
from cctv.redaction.models import Redaction, RedactionReview, State
from cctv.redaction.rendering import making
from cctv.redaction.review import services
from cctv.sites.masks import polygons
from tests.footage.conftest import TERMINAL, Room, body_of, room
from tests.people.cast import give_password
from tests.redaction.editing.conftest import FRAMES, LEFT, Desk, desk

__all__ = ["desk", "room", "waiting"]

RESULT = b"moof and mdat of the only part"
SHA256 = making.sha256_of(making.head_of(64, 48), [hashlib.sha256(RESULT).hexdigest()])


@dataclass
class Waiting:
    """The desk's redaction, rendered and sent to review, and a colleague who may review it."""

    desk: Desk
    reviewer: Account
    client: Client

    @property
    def redaction(self) -> Redaction:
        """As it is now."""
        rows = Redaction.objects.select_related("site", "camera__site", "purpose", "hold", "made_by")
        return rows.get(pk=self.desk.redaction.pk)

    def url(self, name: str = "") -> str:
        return f"/redactions/{self.desk.redaction.number}/{name}"

    def begun(self) -> RedactionReview:
        return services.begin(redaction=self.redaction, actor=self.reviewer, terminal=TERMINAL)

    def rendered(self) -> None:
        """What the job leaves: a sealed part, and the row."""
        redaction = self.redaction
        part = redaction.parts.get()
        segment = Segment.objects.get(pk=part.segment)
        span = redaction.starts_at, redaction.ends_at
        with derived.keep_object(
            segment, owner=redaction.pk, label="out/0", part="redacted", span=span, of=[segment.pk]
        ) as writer:
            writer.write(RESULT)
        redaction.parts.update(
            size_bytes=len(RESULT), rendered="x", kept=writer.close().pk,
            sha256=hashlib.sha256(RESULT).hexdigest(),
        )  # fmt: skip
        Redaction.objects.filter(pk=redaction.pk).update(
            state=State.REVIEW, work="", rendered_revision=redaction.revision,
            result={"sha256": SHA256, "frames": FRAMES, "bytes": 99, "seconds": 4, "width": 64, "height": 48},
            parameters={"masks": polygons.version(playback.masks_of(redaction.camera))},
        )  # fmt: skip

    def watch(self) -> bytes:
        """The reviewer is sent the result to its end."""
        return body_of(self.client.get(self.url("result/0.m4s")))

    def keys(self) -> list[str]:
        """Of the doubtful moments, as the room has them."""
        page = self.client.get(self.url("review/"))
        return [row["moment"].key for row in page.context["rows"]]

    def look_at(self, *keys: str) -> Any:
        return self.client.post(
            self.url("review/moments.json"), json.dumps({"keys": keys}), content_type="application/json"
        )

    def decide(self, verdict: str, remark: str = "", client: Client | None = None) -> Any:
        address = self.url("review/decide/")
        return (client or self.client).post(address, {"verdict": verdict, "remark": remark})

    def approved(self) -> RedactionReview:
        """All of it, as a reviewer does it."""
        keys = self.keys()
        self.watch()
        self.look_at(*keys)
        assert self.decide("approve").status_code == 302
        return services.require_approved(self.redaction)


def colleague(room: Room, role: str = "approver", name: str = "second") -> tuple[Account, Client]:
    """Somebody with a role at the site, signed in, whose password was given a moment ago."""
    account = Account.objects.create_user(f"{name}@example.org", "pw", name=name, employer="Guard Co.")
    RoleGrant.objects.create(account=account, role=role, site=room.site)
    client = room.client(account)
    give_password(client, account)
    return account, client


@pytest.fixture
def waiting(desk: Desk) -> Waiting:
    assert desk.decide("subject", frame=10, box=list(LEFT)).status_code == 200
    made = Waiting(desk, *colleague(desk.room))
    made.rendered()
    return made
