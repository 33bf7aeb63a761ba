"""The same checks and repairs on an object store: a real S3 server."""

import copy
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import storages

from cctv.footage.models import Segment
from cctv.retention.reconcile import codes, services
from cctv.retention.reconcile.models import Depth
from cctv.vault import services as vault
from tests.retention.reconcile.damage import DAY, orphan
from tests.retention.yard import Yard
from tests.servers.s3 import ACCESS_KEY, REGION, SECRET_KEY

pytestmark = pytest.mark.django_db(databases=["default", "log"])


@pytest.fixture
def bucketed(yard: Yard, s3: Any, bucket: str, settings: Any) -> Any:
    """The yard with its store in a bucket, below a location of its own."""
    changed = copy.deepcopy(settings.STORAGES)
    changed["footage"] = {
        "BACKEND": "cctv.vault.s3storage.FootageS3Storage",
        "OPTIONS": {
            "bucket_name": bucket, "endpoint_url": s3.endpoint, "access_key": ACCESS_KEY,
            "secret_key": SECRET_KEY, "region_name": REGION,
            "location": f"lethe/{uuid4().hex}",
        },
    }  # fmt: skip
    settings.STORAGES = changed
    settings.LETHE_ORPHAN_LEASE_S = 60  # the yard's clock is at least half an hour ahead of the server's
    storages["footage"].initialise_storage()  # type: ignore[attr-defined]
    return s3.client()


def put(client: Any, name: str, body: bytes) -> None:
    storage: Any = storages["footage"]
    client.put_object(Bucket=storage.bucket_name, Key=f"{storage.location}/{name}", Body=body)


def segment(yard: Yard) -> Segment:
    """A sealed segment; the yard reads ciphertext from its folder, which is not used here."""
    with pytest.raises(FileNotFoundError):
        yard.segment(expires_in=5 * DAY)
    return Segment.objects.latest("pk")


def test_a_bucket_is_held_against_the_register_and_mended(yard: Yard, bucketed: Any) -> None:
    good, lost, broken, *_more = (segment(yard) for _ in range(6))
    assert services.check(depth=Depth.HASH).counts == {}
    vault.delete_object(lost.sealed_name)
    put(bucketed, broken.sealed_name, b"?" * broken.size_bytes)
    put(bucketed, "holiday.mp4", b"mine")
    left = orphan(yard)
    run = services.check(depth=Depth.HASH, repair=[codes.ORPHAN_OBJECT, codes.OBJECT_MISSING])
    named = {finding.code: finding.name for finding in run.findings.all()}
    assert named == {
        codes.OBJECT_MISSING: lost.sealed_name, codes.HASH_DIFFERS: broken.sealed_name,
        codes.FOREIGN_FILE: "holiday.mp4", codes.ORPHAN_OBJECT: left,
    }  # fmt: skip
    assert run.repaired == {codes.OBJECT_MISSING: 1, codes.ORPHAN_OBJECT: 1}
    assert not vault.object_exists(left)
    assert vault.object_exists(good.sealed_name)
    assert set(services.check().counts) == {codes.FOREIGN_FILE}
