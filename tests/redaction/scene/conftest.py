"""A desk at which the sharp scene is asked for, and a colleague who may look at the still."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from cctv.people.models import Account
from cctv.redaction.child import protocol
from cctv.redaction.child.protocol import Item
from cctv.redaction.models import Redaction, RedactionScene, Work
from cctv.redaction.rendering.work import _entry
from cctv.redaction.scene import making, standing
from tests.footage.conftest import room
from tests.redaction.editing.conftest import Desk, desk
from tests.redaction.review.conftest import colleague

__all__ = ["asked", "desk", "room"]

STILL = b"a JPEG"


@dataclass
class Asked:
    """The desk's redaction, for which somebody has asked for the sharp scene; and who may decide on it."""

    desk: Desk
    reviewer: Account
    client: Client

    @property
    def redaction(self) -> Redaction:
        """As it is now."""
        rows = Redaction.objects.select_related("site", "camera__site", "purpose", "hold", "made_by")
        return rows.get(pk=self.desk.redaction.pk)

    @property
    def how(self) -> standing.How:
        return standing.standing(self.redaction).how

    def made(self, jpeg: bytes = STILL) -> RedactionScene:
        """What the job leaves of the still that is wanted now; no picture is decoded for it."""
        redaction = self.redaction
        assert redaction.work == Work.SCENE
        item = Item(protocol.JPEG, jpeg, pts=12, dts=24)
        scene = making._keep(redaction, item, standing.made_of(redaction), lambda: None)
        making._tell(redaction, scene)
        Redaction.objects.filter(pk=redaction.pk).update(work="", lease_token=None)
        return scene

    def url(self, name: str = "") -> str:
        return f"/redactions/{self.desk.redaction.number}/scene/{name}"

    def look(self, client: Client | None = None) -> Any:
        return (client or self.client).get(self.url("still.jpg"))

    def decide(self, verdict: str, remark: str = "", still: Any = None, client: Client | None = None) -> Any:
        """On what waits now, unless another still is named."""
        found = self.redaction.scenes.first() if still is None else still
        sent = {"verdict": verdict, "remark": remark, "still": getattr(found, "pk", found)}
        return (client or self.client).post(self.url("decide/"), sent)

    def approved(self) -> RedactionScene:
        scene = self.made()
        assert self.look().status_code == 200
        assert self.decide("approve").status_code == 302
        return scene

    def drawn_with(self) -> bytes:
        """The sharp scene that the job would draw with; nothing where it is the coarse one."""
        from cctv.redaction.rendering.making import ready

        redaction = self.redaction
        return ready(redaction, _entry(redaction), list(redaction.parts.all())).recipe.sharp


@pytest.fixture
def asked(desk: Desk) -> Asked:
    made = Asked(desk, *colleague(desk.room))
    assert desk.decide("sharp").status_code == 200
    return made
