"""Fixtures of the vault: a fresh installation, its organisation, and receipts as the log would give them."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from accesslog import Receipt
from cctv.core import clock
from cctv.core.ids import new_id
from cctv.sites.models import Organisation, Site
from cctv.vault import rings
from cctv.vault import services as vault


@pytest.fixture(autouse=True)
def _let_go_of_rings() -> Iterator[None]:
    """No test leaves a watching thread or keys in memory to the next."""
    yield
    for ring in rings._rings.values():
        ring.close()
    rings._rings.clear()


@pytest.fixture
def keys(lethe_home: Path) -> Path:
    """Both rings and the store, made; without the entry that `initialise` writes."""
    for ring in rings.both():
        ring.initialise()
    from cctv.vault.doors import footage_storage

    footage_storage().initialise_storage()
    return lethe_home


@pytest.fixture
def site(db: None) -> Site:
    organisation = Organisation.objects.create(name="Hangang Logistics")
    return Site.objects.create(
        organisation=organisation, code="seoul", name="Seoul", jurisdiction="KR", storage_place="Seoul"
    )


class Sealed:
    """A sealed object with its row's facts, and the clear bytes it was made from."""

    def __init__(
        self, site: Site, *, expires_in: timedelta = timedelta(hours=2), clear: bytes = b"frame" * 9000
    ):
        self.clear = clear
        self.id = new_id()
        self.camera_id = uuid4()
        self.starts_at = clock.now() - timedelta(days=1)
        self.ends_at = self.starts_at + timedelta(minutes=1)
        self.expires_at = clock.now() + expires_in
        self.epoch = vault.ensure_epoch(site.pk, self.expires_at)
        self.name = vault.object_name()
        key = vault.new_object_key()
        with vault.writer(self.name, key, vault.context(self.id, "media")) as writer:
            writer.write(clear)
        self.facts = writer.close()
        self.wrapped_key = vault.wrap(self.epoch, key)

    def keyed(self, **changes: Any) -> vault.KeyedObject:
        fields: dict[str, Any] = {
            "name": self.name,
            "size_bytes": self.facts.size_bytes,
            "wrapped_key": self.wrapped_key,
            "key_id": self.epoch.key_id,
            "context_id": self.id,
            "camera_id": self.camera_id,
            "site_id": self.epoch.site_id,
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "expires_at": self.expires_at,
        }
        return vault.KeyedObject(**{**fields, **changes})

    def span(self) -> tuple[Any, Any]:
        return self.starts_at + timedelta(seconds=10), self.starts_at + timedelta(seconds=20)


@pytest.fixture
def seal(keys: Path, site: Site) -> Callable[..., Sealed]:
    """`seal(expires_in=…, clear=…)` seals an object as ingest does."""
    return lambda **options: Sealed(site, **options)


ACTOR = uuid4()


def receipt_for(sealed: Sealed, *, kind: str = "test.shown", **changes: Any) -> Receipt:
    """What the log answers for a minute of viewing this object's camera."""
    body = {
        "actor": {"id": str(ACTOR), "name": "Kim Mina", "employer": "Guard Co", "role": "operator"},
        "camera": {"id": str(sealed.camera_id), "code": "gate", "name": "Gate"},
        "site": {"id": str(sealed.epoch.site_id), "name": "Seoul"},
        "from": clock.rfc3339(sealed.starts_at - timedelta(milliseconds=1)),
        "to": clock.rfc3339(sealed.ends_at + timedelta(milliseconds=1)),
        **changes,
    }
    return Receipt(7, b"\x00" * 32, uuid4(), 0, kind, body)


def job_receipt(sealed: Sealed, *, job: str = "thumbnail", **changes: Any) -> Receipt:
    """What the log answers for a job on this object."""
    return Receipt(
        8, b"\x00" * 32, uuid4(), 0, "vault.job", {"job": job, "object": str(sealed.id), **changes}
    )
