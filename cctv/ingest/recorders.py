"""Machines that upload: their tokens are shown once and kept as a hash."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction

from accesslog import IndexFields
from accesslog.services import append
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.core.ids import new_id
from cctv.ingest.errors import RecorderRefused, RecorderRevoked, UnknownCamera
from cctv.ingest.models import Recorder
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.people.policy import NotFound, permissions_of
from cctv.sites.models import Camera, Site

ACTION = "ingest.change"
PREFIX = "lethe-rec-"
# The time of the last upload need not be exact, and a write per segment would be.
SEEN_EACH = timedelta(seconds=30)


class NoCameras(LetheError):
    """A recorder without cameras could upload nothing."""

    code = "no_cameras"
    status = 422


def create_recorder(
    *, actor: Account, terminal: str, site: Site, name: str, cameras: Sequence[Camera]
) -> tuple[Recorder, str]:
    """Register a recorder for these cameras; returns it with its token, which is stored nowhere.

    Raises policy errors (404/403), NoCameras, LogUnavailable.
    """
    permissions_of(actor).require(ACTION, site_id=site.pk)
    if not cameras:
        raise NoCameras
    if any(camera.site_id != site.pk for camera in cameras):
        raise NotFound
    token = PREFIX + secrets.token_urlsafe(32)
    recorder = Recorder(id=new_id(), site=site, name=name, token_sha256=_hash(token))
    named = [{"id": str(each.pk), "code": each.code, "name": each.name} for each in cameras]
    _log("recorder.created", actor, terminal, recorder, cameras=named)
    with transaction.atomic():
        recorder.save(force_insert=True)
        recorder.cameras.set(cameras)
    return recorder, token


def revoke_recorder(*, actor: Account, terminal: str, recorder: Recorder) -> None:
    """Accept the token no longer. A second time changes nothing."""
    permissions_of(actor).require(ACTION, site_id=recorder.site_id)
    if recorder.revoked_at is not None:
        return
    _log("recorder.revoked", actor, terminal, recorder)
    Recorder.objects.filter(pk=recorder.pk, revoked_at=None).update(revoked_at=clock.now())


def authenticate(header: str) -> Recorder:
    """The recorder of an `Authorization` header. Raises RecorderRefused (401) or RecorderRevoked (403)."""
    scheme, _space, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise RecorderRefused
    wanted = _hash(token.strip())
    recorder = Recorder.objects.select_related("site").filter(token_sha256=wanted).first()
    # The index has found it by its hash; comparing again costs nothing and leaks no timing.
    if recorder is None or not hmac.compare_digest(bytes(recorder.token_sha256), wanted):
        raise RecorderRefused
    if recorder.revoked_at is not None:
        raise RecorderRevoked
    now = clock.now()
    if recorder.last_seen_at is None or now - recorder.last_seen_at > SEEN_EACH:
        Recorder.objects.filter(pk=recorder.pk).update(last_seen_at=now)
    return recorder


def camera_of(recorder: Recorder, code: str) -> Camera:
    """The recorder's own camera of this code. Raises UnknownCamera (404) for all others alike."""
    camera = recorder.cameras.select_related("site").filter(code=code).first()
    if camera is None:
        raise UnknownCamera
    return camera


def _hash(token: str) -> bytes:
    """The token has 256 random bits, so one plain hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def _log(kind: str, actor: Account, terminal: str, recorder: Recorder, **more: Any) -> None:
    append(
        kind=kind,
        body={
            "actor": actor_fields(actor, ACTION, site_id=recorder.site_id),
            "terminal": terminal,
            "site": recorder.site.logged(),
            "recorder": {"id": str(recorder.pk), "name": recorder.name},
            **more,
        },
        index=[IndexFields(actor=str(actor.pk), site=str(recorder.site_id), terminal=terminal)],
    )
