"""The events that the log's tests log, and who does them."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from accesslog import IndexFields, Receipt, services
from accesslog.registry import EventType, register

COVERED = "test.covered"
NOTED = "test.noted"
TEN = datetime(2026, 11, 14, 10, 0, tzinfo=UTC)

register(
    EventType(
        kind=COVERED,
        required=frozenset({"actor", "camera", "purpose", "from", "to"}),
        optional=frozenset({"case", "terminal", "site"}),
        sentence="{camera}, {from}–{to}, was released to {actor} for {purpose}.",
        personal=frozenset({"actor", "terminal"}),
        icon="eye",
    )
)
register(
    EventType(kind=NOTED, required=frozenset({"text"}), optional=frozenset({"n"}), sentence="Noted: {text}.")
)
register(
    EventType(
        kind="test.swept", required=frozenset({"n"}), optional=frozenset(), sentence="Swept.", routine=True
    )
)


def covered(actor: str = "minji", camera: str = "gate2", minute: int = 0, **more: Any) -> dict[str, Any]:
    """The body of a minute of footage that was released."""
    starts = TEN + timedelta(minutes=minute)
    return {
        "actor": {"id": actor, "name": actor.title(), "role": "operator"},
        "camera": {"id": camera, "name": camera.title()},
        "purpose": {"code": "crime", "text": "crime prevention"},
        "from": f"{starts:%Y-%m-%dT%H:%M:%SZ}",
        "to": f"{starts + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}",
        **more,
    }


def index_of(actor: str = "minji", camera: str = "gate2", minute: int = 0, **more: Any) -> IndexFields:
    """Its search row."""
    starts = TEN + timedelta(minutes=minute)
    values: dict[str, Any] = {"site": "baram", "purpose": "crime", **more}
    return IndexFields(
        actor=actor, camera=camera, footage_from=starts, footage_to=starts + timedelta(minutes=1), **values
    )


def cover(actor: str = "minji", camera: str = "gate2", minute: int = 0, **more: Any) -> Receipt:
    """Log that a minute was released."""
    return services.append(
        kind=COVERED,
        body=covered(actor, camera, minute),
        index=[index_of(actor, camera, minute, **more)],
    )


def note(
    text: str = "nothing", *, event_id: UUID | None = None, index: Sequence[IndexFields] = ()
) -> Receipt:
    """Log a remark."""
    return services.append(kind=NOTED, body={"text": text}, index=index, event_id=event_id)


def random_uuid(seed: int) -> UUID:
    return UUID(int=random.Random(seed).getrandbits(128), version=4)
