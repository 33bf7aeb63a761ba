"""Segments with things made of them: facts in rows and objects in the store, as a redaction makes them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from accesslog import Receipt
from accesslog.canonical import JSON
from accesslog.services import append
from cctv.core import clock
from cctv.core.ids import new_id
from cctv.footage.derived import selectors
from cctv.footage.derived import services as derived
from cctv.footage.derived.models import Derived
from cctv.footage.models import Segment
from tests.retention.yard import MINUTE, Sealed, Yard

SHOWN, JOB = "test.derived_shown", "render"
ACTOR = uuid4()
CLEAR = b"nobody else is to be seen " * 9000  # several chunks

derived.register(SHOWN, "redacted", "looked")


@dataclass
class Workshop:
    """One owner, and what it makes of the yard's segments."""

    yard: Yard
    owner: UUID = field(default_factory=new_id)

    def fact(
        self, sealed: Sealed | Segment, label: str = "looked/0", *, of: Collection[Any] = (), **options: Any
    ) -> Derived:
        """Keep a fact that was told from the segment (and from `of`)."""
        row = _row(sealed)
        options = {"part": "looked", "data": b"a box at 3 4", **options}
        return derived.keep_fact(
            row, owner=self.owner, label=label, span=(row.starts_at, row.ends_at), of=_ids(of), **options
        )

    def object(
        self, sealed: Sealed | Segment, label: str = "out/0", *, of: Collection[Any] = (), **options: Any
    ) -> Derived:
        """Keep an object that was made of the segment (and of `of`)."""
        with self.writer(sealed, label, of=of, **options) as writer:
            writer.write(CLEAR)
        assert writer.derived is not None
        return writer.derived

    def writer(
        self, sealed: Sealed | Segment, label: str = "out/0", *, of: Collection[Any] = (), **options: Any
    ) -> derived.DerivedWriter:
        """The writer of such an object."""
        row = _row(sealed)
        options = {"part": "redacted", **options}
        span = (row.starts_at, row.ends_at)
        return derived.keep_object(row, owner=self.owner, label=label, span=span, of=_ids(of), **options)

    def shown(self, row: Derived, **changes: Any) -> Receipt:
        """What the log answers for somebody who sees it."""
        segment = row.segment
        body = {
            "actor": {"id": str(ACTOR), "name": "Kim Mina", "employer": "Guard Co", "role": "operator"},
            "camera": {"id": str(segment.camera_id), "code": "gate", "name": "Gate"},
            "site": {"id": str(segment.camera.site_id), "name": "Seoul"},
            "from": clock.rfc3339(row.starts_at - timedelta(milliseconds=1)),
            "to": clock.rfc3339(row.ends_at + timedelta(milliseconds=1)),
            **changes,
        }
        return Receipt(7, b"\x00" * 32, uuid4(), 0, SHOWN, body)

    def read(self, row: Derived, **options: Any) -> bytes:
        """What a person reads of it, under an entry of theirs that names the hold where there is one."""
        hold = {"hold": {"id": str(options["hold_id"])}} if "hold_id" in options else {}
        return derived.read_for_person(self.shown(row, **hold), row, actor_id=ACTOR, **options)

    def job(self, row: Derived, *, other: Sealed | None = None, **body: Any) -> Receipt:
        """The entry of a job for its segment, and for another."""
        named: list[JSON] = [str(row.segment_id), *([str(other.row.pk)] if other else [])]
        return append(kind="vault.job", body={"job": JOB, "objects": named, **body})

    def labels(self) -> set[str]:
        """What there is."""
        return selectors.labels_of(owner=self.owner)


def _row(sealed: Sealed | Segment) -> Segment:
    return sealed if isinstance(sealed, Segment) else sealed.row


def _ids(sealed: Collection[Any]) -> list[UUID]:
    return [_row(each).pk for each in sealed]


@pytest.fixture
def workshop(yard: Yard) -> Workshop:
    """Somebody who makes things of the yard's segments."""
    return Workshop(yard)


__all__ = ["ACTOR", "CLEAR", "JOB", "MINUTE", "SHOWN", "Workshop", "workshop"]
