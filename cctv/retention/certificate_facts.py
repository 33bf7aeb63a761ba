"""What a certificate states (format 2, docs/formats-certificate.md): gathered once, when it is issued.

Everything here is a fact of the register at that moment, in codes rather than words, so that pages and
documents may say it in three languages. No personal data: cameras, places, roles, hashes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from accesslog.merkle import Frontier, leaf_hash, tree_root
from cctv.core import clock
from cctv.core.clock import rfc3339
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.retention import certificate_copies as copies
from cctv.retention import certificate_grounds as grounds
from cctv.retention.holds.models import PROTECTING, HeldObject, Hold
from cctv.retention.models import PurgeFailure, PurgeItem, PurgeRun, Trigger
from cctv.sites.jurisdictions import profile_of
from cctv.sites.models import Camera, RetentionRule, Site

FORMAT = "lethe/certificate/2"
# A certificate names so many objects that could not be deleted; it always counts them all.
LEFT_NAMED = 100


def root_of(item: PurgeItem) -> bytes:
    """The root of the item's hash tree: RFC 6962 over the SHA-256 of the ciphertexts destroyed so far."""
    return Frontier.from_bytes(item.tree_size, bytes(item.frontier)).root()


def gather(run: PurgeRun, site: Site, items: Sequence[PurgeItem]) -> dict[str, Any]:
    """All that the certificate states but its number and time, as canonical JSON can hold it (no floats)."""
    cameras = _cameras(items)
    runs = sorted(_runs(run, items), key=lambda each: each.planned_at)
    left = _left({item.epoch_id for item in items})
    now, span = clock.now(), _span(cameras)
    by = grounds.granted(site, items)
    holds = _ended_holds(site, runs, now)
    what = copies.Destroyed(
        site=site, camera_ids=[UUID(row["id"]) for row in cameras], span=span, runs=runs, left=len(left),
        holds_ended=bool(holds), quarantined=any(item.quarantined for item in items),
    )  # fmt: skip
    return {
        "format": FORMAT,
        **_where(site),
        "trigger": run.trigger,
        "ground": grounds.ground(run, by),
        "rules": _rules(site, cameras, span, now),
        "erasures": grounds.named(by),
        "cameras": cameras,
        **_amount(items),
        "generation_before": run.generation_before,
        "generation_after": run.generation_after,
        **_how(run),
        "copies": copies.rows(what),
        "left": [
            {"object": row.sealed_name, "error": row.error_code, "attempts": row.attempts}
            for row in left[:LEFT_NAMED]
        ],
        "holds_ended": holds,
        "held": _held(site, now),
        "runs": [_run(each, site) for each in runs],
    }


def _where(site: Site) -> dict[str, Any]:
    """Whose footage it was, where, and on what."""
    return {
        "organisation": site.organisation.name,
        "site": {
            "id": str(site.pk), "name": site.name, "jurisdiction": site.jurisdiction,
            "time_zone": site.time_zone, "storage_place": site.storage_place,
        },
        "place": site.storage_place,
        "medium": {"type": "sealed_video", "storage": _storage(), "classification": "personal_data"},
    }  # fmt: skip


def _amount(items: Sequence[PurgeItem]) -> dict[str, Any]:
    """How much, by key, and when it went."""
    epochs = _epochs(items)
    return {
        "segments": sum(item.segments for item in items),
        "quarantined": sum(item.quarantined for item in items),
        "bytes": sum(item.bytes for item in items),
        "merkle_root": tree_root(leaf_hash(bytes.fromhex(epoch["root"])) for epoch in epochs).hex(),
        "epochs": epochs,
        "deleted_from": min(epoch["deleted_from"] for epoch in epochs),
        "deleted_until": max(epoch["deleted_until"] for epoch in epochs),
        "keys_destroyed_at": max(epoch["key_destroyed_at"] for epoch in epochs),
    }


def _how(run: PurgeRun) -> dict[str, Any]:
    """Method, verification and who carried it out, as NIST SP 800-88 asks for them."""
    return {
        "method": {
            "standard": "NIST SP 800-88", "method": "purge", "technique": "cryptographic_erase_and_deletion",
            "tool": "Lethe", "version": settings.LETHE_VERSION,
        },
        "verification": {
            "method": "absence_and_read_back", "verifier": f"Lethe {settings.LETHE_VERSION}",
            "title": "automatic_check",
        },
        "performed_by": "automatic" if run.trigger != Trigger.MANUAL else "by hand",
        "confirmed_by": "privacy_officer" if run.confirmed_at else None,
    }  # fmt: skip


def _storage() -> str:
    backend = str(settings.STORAGES["footage"]["BACKEND"])
    return "object_storage" if backend.endswith("FootageS3Storage") else "file_system"


def _runs(run: PurgeRun, items: Sequence[PurgeItem]) -> list[PurgeRun]:
    """The runs that had a part in it; the last one as its row stands now, with its entries."""
    return list(
        ({item.run_id: item.run for item in items} | {run.pk: PurgeRun.objects.get(pk=run.pk)}).values()
    )


def _run(run: PurgeRun, site: Site) -> dict[str, Any]:
    """The run, and the indexes of the entries that it has written for the site."""
    start, done = run.started_entries.get(str(site.pk)), run.done_entries.get(str(site.pk))
    return {"id": str(run.pk), "digest": run.digest, "start": start, "done": done}


def _span(cameras: Sequence[dict[str, Any]]) -> tuple[datetime, datetime] | None:
    """From the first start to the last end of what was recorded; None where only quarantine was emptied."""
    if not cameras:
        return None
    first, last = min(row["from"] for row in cameras), max(row["to"] for row in cameras)
    return clock.parse_rfc3339(first), clock.parse_rfc3339(last)


def _left(epoch_ids: set[UUID]) -> list[PurgeFailure]:
    """What could not be deleted of these epochs' objects."""
    failures = PurgeFailure.objects.all()
    if not failures.exists():
        return []
    objects = set(failures.values_list("object_id", flat=True))
    here: set[UUID] = set()
    for model in (Segment, Quarantined):
        found = model._default_manager.filter(pk__in=objects, epoch_id__in=epoch_ids)
        here |= set(found.values_list("pk", flat=True))
    return list(failures.filter(object_id__in=here))


def _epochs(items: Sequence[PurgeItem]) -> list[dict[str, Any]]:
    by_epoch: dict[UUID, list[PurgeItem]] = {}
    for item in items:
        by_epoch.setdefault(item.epoch_id, []).append(item)
    rows = []
    for parts in by_epoch.values():
        epoch, last = parts[-1].epoch, parts[-1]
        starts = [part.deleted_from for part in parts if part.deleted_from is not None]
        ends = [part.deleted_until for part in parts if part.deleted_until is not None]
        rows.append(
            {
                "key_id": epoch.key_id,
                "expires_hour": rfc3339(epoch.expires_hour),
                "segments": sum(part.segments for part in parts),
                "quarantined": sum(part.quarantined for part in parts),
                "bytes": sum(part.bytes for part in parts),
                "tree_size": last.tree_size,
                "root": root_of(last).hex(),
                "deleted_from": rfc3339(min(starts)),
                "deleted_until": rfc3339(max(ends)),
                "key_destroyed_at": rfc3339(epoch.destroyed_at or epoch.expires_hour + clock.HOUR),
            }
        )
    return rows


def _cameras(items: Sequence[PurgeItem]) -> list[dict[str, Any]]:
    merged: dict[str, list[Any]] = {}
    for item in items:
        for camera_id, (count, size, first, last, fewest, most) in item.cameras.items():
            known = merged.get(camera_id, [0, 0, first, last, fewest, most])
            merged[camera_id] = [
                known[0] + count, known[1] + size, min(known[2], first), max(known[3], last),
                min(known[4], fewest), max(known[5], most),
            ]  # fmt: skip
    names = {str(pk): (code, name) for pk, code, name in _names(merged)}
    rows = []
    for camera_id, (count, size, first, last, fewest, most) in merged.items():
        code, name = names.get(camera_id, ("", ""))
        rows.append(
            {
                "id": camera_id, "code": code, "name": name, "segments": count, "bytes": size,
                "from": first, "to": last, "kept_days": [fewest, most],
            }
        )  # fmt: skip
    return sorted(rows, key=lambda row: row["code"])


def _names(camera_ids: Iterable[str]) -> Iterable[tuple[UUID, str, str]]:
    return Camera.objects.filter(pk__in=list(camera_ids)).values_list("pk", "code", "name")


def _rules(
    site: Site, cameras: Sequence[dict[str, Any]], span: tuple[datetime, datetime] | None, now: datetime
) -> list[dict[str, Any]]:
    """The versions of the policy: each retention rule of these cameras in force at any time since `span`."""
    since = span[0] if span else now
    ids = [UUID(row["id"]) for row in cameras]
    concerned = Q(organisation=site.organisation_id) | Q(site=site) | Q(camera__in=ids)
    rows = RetentionRule.objects.filter(concerned, effective_from__lte=now).select_related("camera")
    by_scope: dict[UUID | None, list[RetentionRule]] = {}
    for row in rows.order_by("effective_from", "created_at"):
        by_scope.setdefault(row.camera_id or row.site_id or row.organisation_id, []).append(row)
    found = []
    for history in by_scope.values():
        ends = [row.effective_from for row in history[1:]]
        found += [_rule(row) for n, row in enumerate(history) if n >= len(ends) or ends[n] > since]
    if not any(history[0].effective_from <= since for history in by_scope.values()):
        days = profile_of(site.jurisdiction).default_days
        found.append({"id": "", "scope": "default", "camera": "", "days": days, "effective_from": None})
    return found


def _rule(row: RetentionRule) -> dict[str, Any]:
    return {
        "id": str(row.pk), "scope": "camera" if row.camera_id else "site" if row.site_id else "organisation",
        "camera": row.camera.code if row.camera else "", "days": row.days,
        "effective_from": rfc3339(row.effective_from),
    }  # fmt: skip


def _ended_holds(site: Site, runs: Sequence[PurgeRun], now: datetime) -> list[dict[str, Any]]:
    """Holds of the site whose keys these runs destroyed."""
    if not any(run.hold_key_ids for run in runs):
        return []
    rows = Hold.objects.filter(
        site=site, key_destroyed_at__gte=min(run.planned_at for run in runs), key_destroyed_at__lte=now
    )
    return [
        {"number": row.number, "key_destroyed_at": rfc3339(row.key_destroyed_at)}
        for row in rows.order_by("number")
        if row.key_destroyed_at is not None
    ]


def _held(site: Site, now: datetime) -> dict[str, Any]:
    """What is past its time and stays, because a hold protects it."""
    rows = HeldObject.objects.filter(hold__site=site, hold__state__in=PROTECTING)
    segments = rows.filter(segment__expires_at__lte=now)
    others = rows.filter(quarantined__expires_at__lte=now)
    numbers = set(segments.values_list("hold__number", flat=True))
    numbers |= set(others.values_list("hold__number", flat=True))
    return {
        "segments": segments.values("segment_id").distinct().count(),
        "quarantined": others.values("quarantined_id").distinct().count(),
        "holds": sorted(numbers),
    }
