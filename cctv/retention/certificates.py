"""Certificates of destruction: one for each site whose keys a run has destroyed (domain.md, section 8).

A certificate speaks of epochs whose key is gone *and* whose objects are gone, whichever runs deleted
them; what could not be deleted is named as left, and gets a certificate of its own once it is gone.
Numbers have no gaps: a number is taken in the transaction that writes its certificate, and
certificates are never deleted. Facts hold no personal data.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from accesslog.canonical import encode
from accesslog.merkle import Frontier, leaf_hash, tree_root
from cctv.core import clock
from cctv.core.clock import rfc3339
from cctv.retention import entries
from cctv.retention.models import Certificate, PurgeFailure, PurgeItem, PurgeRun, RunState
from cctv.sites.models import Camera, Site
from cctv.vault.models import EpochState

FORMAT = "lethe/certificate/1"
PASS, FAIL, UNKNOWN = "PASS", "FAIL", "UNKNOWN"


def open_trees(epoch_ids: Iterable[UUID]) -> dict[UUID, tuple[int, bytes]]:
    """Size and frontier of each epoch's hash tree as its last uncertified item left it; empty where none."""
    trees: dict[UUID, tuple[int, bytes]] = dict.fromkeys(epoch_ids, (0, b""))
    rows = PurgeItem.objects.filter(certificate=None, epoch_id__in=list(trees), tree_size__gt=0)
    rows = rows.order_by("pk")
    for epoch_id, size, frontier in rows.values_list("epoch_id", "tree_size", "frontier"):
        trees[epoch_id] = (size, bytes(frontier))
    return trees


def root_of(item: PurgeItem) -> bytes:
    """The root of the item's hash tree: RFC 6962 over the SHA-256 of the ciphertexts destroyed so far."""
    return Frontier.from_bytes(item.tree_size, bytes(item.frontier)).root()


def issue(run: PurgeRun) -> list[Certificate]:
    """Write the certificates that have become due, and their entries; doing it again adds nothing.

    While any run waits for a mirror of the keys, its epochs are not certified by anybody.
    """
    if PurgeRun.objects.filter(state=RunState.PENDING).exclude(pk=run.pk).exists():
        return []
    with transaction.atomic():
        for site_id, items in _due_by_site().items():
            _write(run, site_id, items)
    issued = list(run.certificates.select_related("site"))
    for certificate in issued:
        if certificate.entry is None:
            facts = certificate.facts
            receipt = entries.certificate(certificate, segments=facts["segments"], size_bytes=facts["bytes"])
            Certificate.objects.filter(pk=certificate.pk).update(entry=receipt.index)
    return issued


def _due_by_site() -> dict[UUID, list[PurgeItem]]:
    """Uncertified items of destroyed epochs from which something was destroyed, by site."""
    items = (
        PurgeItem.objects.filter(certificate=None, tree_size__gt=0, epoch__state=EpochState.DESTROYED)
        .select_related("epoch", "run")
        .order_by("epoch__expires_hour", "epoch_id", "pk")
    )
    by_site: dict[UUID, list[PurgeItem]] = {}
    for item in items:
        by_site.setdefault(item.site_id, []).append(item)
    return {site: found for site, found in by_site.items() if any(i.segments or i.quarantined for i in found)}


def _write(run: PurgeRun, site_id: UUID, items: Sequence[PurgeItem]) -> Certificate:
    now = clock.now()
    last = Certificate.objects.filter(year=now.year).aggregate(last=Max("sequence"))["last"] or 0
    number = f"DC-{now.year}-{last + 1:04d}"
    facts = _facts(run, Site.objects.select_related("organisation").get(pk=site_id), items)
    facts |= {"number": number, "issued_at": rfc3339(now)}
    certificate = Certificate.objects.create(
        year=now.year, sequence=last + 1, number=number, run=run, site_id=site_id, issued_at=now, facts=facts,
        facts_sha256=sha256(encode(facts)).digest(),
    )  # fmt: skip
    PurgeItem.objects.filter(pk__in=[item.pk for item in items]).update(certificate=certificate)
    return certificate


def _facts(run: PurgeRun, site: Site, items: Sequence[PurgeItem]) -> dict[str, Any]:
    """Everything the certificate states, as canonical JSON can hold it (no floats)."""
    epochs = _epochs(items)
    runs = {item.run_id: item.run for item in items} | {run.pk: PurgeRun.objects.get(pk=run.pk)}
    left = PurgeFailure.objects.filter(site=site)
    return {
        "format": FORMAT,
        "organisation": site.organisation.name,
        "site": {
            "id": str(site.pk), "name": site.name, "jurisdiction": site.jurisdiction,
            "time_zone": site.time_zone, "storage_place": site.storage_place,
        },
        "trigger": run.trigger,
        "ground": "retention_ended",
        "cameras": _cameras(items),
        "segments": sum(item.segments for item in items),
        "quarantined": sum(item.quarantined for item in items),
        "bytes": sum(item.bytes for item in items),
        "merkle_root": tree_root(leaf_hash(bytes.fromhex(epoch["root"])) for epoch in epochs).hex(),
        "epochs": epochs,
        "deleted_from": min(epoch["deleted_from"] for epoch in epochs),
        "deleted_until": max(epoch["deleted_until"] for epoch in epochs),
        "keys_destroyed_at": max(epoch["key_destroyed_at"] for epoch in epochs),
        "generation_before": run.generation_before,
        "generation_after": run.generation_after,
        "method": {
            "standard": "NIST SP 800-88", "technique": "cryptographic erase and deletion",
            "tool": "Lethe", "version": settings.LETHE_VERSION,
        },
        "copies": _copies(run, left.count()),
        "left": [
            {"object": row.sealed_name, "error": row.error_code, "attempts": row.attempts}
            for row in left[:100]
        ],
        "performed_by": "automatic" if run.trigger == "auto" else "by hand",
        "confirmed_by": "privacy_officer" if run.confirmed_at else None,
        "runs": [_run(each, site) for each in sorted(runs.values(), key=lambda each: each.planned_at)],
    }  # fmt: skip


def _run(run: PurgeRun, site: Site) -> dict[str, Any]:
    """The run, and the indexes of the entries that it has written for the site."""
    start, done = run.started_entries.get(str(site.pk)), run.done_entries.get(str(site.pk))
    return {"id": str(run.pk), "digest": run.digest, "start": start, "done": done}


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


def _copies(run: PurgeRun, left: int) -> list[dict[str, Any]]:
    """What was done to each copy. What was not looked at is UNKNOWN, never PASS."""
    ciphertext = FAIL if left else PASS
    return [
        {"copy": "ciphertext", "done": "deleted", "checked": "absent", "result": ciphertext, "left": left},
        {"copy": "derivatives", "done": "deleted", "checked": "absent", "result": ciphertext},
        {"copy": "keys", "done": "root_overwritten", "checked": "read_back", "result": PASS},
        *(
            {"copy": "mirror", "place": mirror["place"], "done": "root_overwritten", "checked": "read_back",
             "result": PASS if mirror["confirmed"] else FAIL}
            for mirror in run.mirrors
            if mirror["kind"] == "mirror"
        ),
        # The file root overwrites in place. What a drive, a snapshot or a hypervisor keeps of the old
        # content, no program above the file system can see.
        {"copy": "below_file_system", "done": "none", "checked": "none", "result": UNKNOWN},
    ]  # fmt: skip
