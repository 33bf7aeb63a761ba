"""Films in which each picture can be told, taken in by a camera, redacted by the job and decoded again."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import av
import numpy as np
from django.test import Client
from numpy.typing import NDArray

from cctv.footage.derived.models import Derived
from cctv.footage.models import Segment, ViewingSession
from cctv.ingest.services import admit
from cctv.people.models import Account, RoleGrant
from cctv.redaction import services
from cctv.redaction.models import Redaction, State, Work
from cctv.redaction.rendering.work import work_due
from tests.footage.conftest import Room, body_of
from tests.media.moving import filmed, wall, with_square

FPS = 10
SECOND = timedelta(seconds=1)
SIZE = (160, 96)
WIDE, STEP = 0.08, 0.04


def walk(first: int, count: int, **options: Any) -> bytes:
    """A film of a bright square that is one step further right in each picture, from step `first` on."""
    still = wall(*SIZE)
    boxes = [(STEP * n, 0.45, STEP * n + WIDE, 0.75) for n in range(first, first + count)]
    return filmed((with_square(still, box) for box in boxes), fps=FPS, **{"gop": 5, **options})


def step_of(picture: NDArray[np.uint8]) -> int | None:
    """Which step of `walk` a decoded grey picture shows; None where there is no square."""
    row = picture[round(0.6 * picture.shape[0])] > 210
    return round(float(np.argmax(row)) / len(row) / STEP) if row.any() else None


def taken_in(room: Room, start: datetime, data: bytes) -> Segment:
    """The yard's camera has recorded it."""
    done = admit(
        camera=room.yard, starts_at=start, origin="import", original_name="clip", stream=io.BytesIO(data)
    )
    assert done.segment is not None, done.reason
    return done.segment


def viewing(room: Room, seconds: float) -> ViewingSession:
    """The operator looks at the yard."""
    return room.open(room.yard, seconds=seconds)


def begin(room: Room, session: ViewingSession, seconds: float, **options: Any) -> Redaction:
    """A redaction of the yard in that viewing, by hand alone unless said otherwise."""
    chosen = {"mode": "manual", "subject_kind": "nobody", **options}
    return services.begin(
        session=session, camera=room.yard, starts_at=room.starts_at,
        ends_at=room.starts_at + timedelta(seconds=seconds), **chosen,
    )  # fmt: skip


def worked(redaction: Redaction) -> Redaction:
    """The row after whoever sweeps has done what is due."""
    work_due()
    return now(redaction)


def now(redaction: Redaction) -> Redaction:
    """The row as it is."""
    return Redaction.objects.select_related("site", "camera__site", "purpose", "hold").get(pk=redaction.pk)


def send_to_review(redaction: Redaction) -> Redaction:
    """As the editor does."""
    Redaction.objects.filter(pk=redaction.pk).update(state=State.RENDERING, work=Work.RENDER)
    return now(redaction)


def labels(redaction: Redaction) -> list[str]:
    """What is kept of it."""
    return sorted(Derived.objects.filter(owner=redaction.pk).values_list("label", flat=True))


def second(room: Room, role: str = "approver") -> Client:
    """A colleague's browser."""
    account = Account.objects.create_user(f"{role}-2@example.org", "pw", name="Second", employer="Guard Co.")
    RoleGrant.objects.create(account=account, role=role, site=room.site)
    return room.client(account)


def addresses(client: Client, redaction: Redaction) -> Sequence[str]:
    """Of the result's init segment and its parts."""
    base = f"/redactions/{redaction.number}/result/"
    listed = body_of(client.get(f"{base}index.m3u8")).decode()
    return [f"{base}init.mp4", *(line for line in listed.splitlines() if line and not line.startswith("#"))]


def shown(client: Client, redaction: Redaction) -> list[tuple[float, NDArray[np.uint8]]]:
    """The pictures of the result as a browser gets them: seconds from the redaction's start, grey."""
    return list(decoded(b"".join(body_of(client.get(each)) for each in addresses(client, redaction))))


def decoded(movie: bytes) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    container: Any
    with av.open(io.BytesIO(movie)) as container:
        for frame in container.decode(video=0):
            yield float(frame.pts * frame.time_base), frame.to_ndarray(format="gray8")[: frame.height]
