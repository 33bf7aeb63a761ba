"""A held object's own row, as the journal of the keys keeps it.

What came in after the last backup and is held would be in no register that is put back: its ciphertext
would be there, its key too, and nothing that knows of either. So the journal has the row as well. It
holds no picture and no name; the key in it is wrapped.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.core import serializers

from cctv.core import clock
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.sites.models import Camera, Site
from cctv.vault.models import Epoch, EpochState

MODELS: dict[str, type[Segment] | type[Quarantined]] = {"segment": Segment, "quarantined": Quarantined}


def describe(kind: str, pks: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """The rows with these ids and their epochs, as JSON can hold them; by id.

    Operators wait for this, thousands of rows at a time: columns are read, no objects are made.
    """
    model = MODELS[kind]
    columns = [field for field in model._meta.concrete_fields if not field.primary_key]
    epoch_at = next(at for at, field in enumerate(columns) if field.name == "epoch")
    names = [field.attname for field in columns]
    rows = list(model._default_manager.filter(pk__in=pks).values_list("pk", *names))
    epochs = Epoch.objects.in_bulk({values[epoch_at] for _pk, *values in rows})
    told = {
        pk: {
            "id": str(pk), "site": str(epoch.site_id), "hour": clock.rfc3339(epoch.expires_hour),
            "key_id": epoch.key_id,
        }
        for pk, epoch in epochs.items()
    }  # fmt: skip
    return {
        pk: {
            "fields": {field.name: _plain(value) for field, value in zip(columns, values, strict=True)},
            "epoch": told[values[epoch_at]],
        }
        for pk, *values in rows
    }


def _plain(value: Any) -> Any:
    """A column's value in the words of Django's serialiser, which reads it back (times to the µs)."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return b64encode(value).decode()
    return value


def recreate(kind: str, pk: str, facts: Mapping[str, Any], *, epoch_lives: bool) -> bool:
    """Make the row again that an older register does not have; False where its camera or site is unknown.

    A column that the row had then and the model has no more is passed over.
    """
    fields, told = dict(facts["fields"]), facts["epoch"]
    if not Site.objects.filter(pk=told["site"]).exists():
        return False
    if fields.get("camera") and not Camera.objects.filter(pk=fields["camera"]).exists():
        return False
    fields["epoch"] = str(_epoch(told, lives=epoch_lives).pk)
    if kind == "quarantined":
        fields["source"] = None  # a source may have come after the register's time too
    if _twin(kind, pk, fields):
        # The same recording has come in again since: it is there twice, and the held one stays what it was.
        fields["duplicate_tag"] = b64encode(sha256(pk.encode()).digest()).decode()
    record = {"model": MODELS[kind]._meta.label_lower, "pk": pk, "fields": fields}
    for each in serializers.deserialize("json", json.dumps([record]), ignorenonexistent=True):
        each.save()
    return True


def _twin(kind: str, pk: str, fields: Mapping[str, Any]) -> bool:
    """Whether another row has its duplicate tag where a tag is unique."""
    scope = "camera_id" if kind == "segment" else "site_id"
    same = {scope: fields[scope.removesuffix("_id")], "duplicate_tag": b64decode(fields["duplicate_tag"])}
    return MODELS[kind]._default_manager.filter(**same).exclude(pk=pk).exists()


def _epoch(told: Mapping[str, Any], *, lives: bool) -> Epoch:
    known = Epoch.objects.filter(key_id=told["key_id"]).first()
    if known is not None:
        return known
    hour = clock.parse_rfc3339(told["hour"])
    taken = Epoch.objects.filter(site_id=told["site"], expires_hour=hour, state=EpochState.LIVE).exists()
    # Beside another live epoch of that hour it takes nobody in, and its key goes when the hour is over.
    state = EpochState.LIVE if lives and not taken else EpochState.RETIRED
    return Epoch.objects.create(
        pk=told["id"], site_id=told["site"], expires_hour=hour, key_id=told["key_id"], state=state,
        retired_at=None if state == EpochState.LIVE else clock.now(),
    )  # fmt: skip
