"""What a run writes into the access log, site by site: who may read of one site learns of no other.

Each entry's id follows from the run and the site, so a retry adds nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from accesslog import IndexFields, Receipt
from accesslog.services import append
from cctv.core.clock import rfc3339
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.retention import guards
from cctv.retention.models import Certificate, PurgeFailure, PurgeRun, RuleApplication
from cctv.retention.plan import CameraShare, Plan
from cctv.sites.models import Camera, Site
from cctv.vault.models import Epoch
from cctv.vault.services import Destruction

# An entry's body has a limit; the search index of the entry names every camera in any case.
CAMERAS_NAMED = 200
INDEX_ROWS = 4000


def event_id(what: str, *parts: object) -> UUID:
    """The id of an entry about something that happens once."""
    return uuid5(NAMESPACE_OID, "/".join(["lethe", what, *map(str, parts)]))


@dataclass(frozen=True, slots=True)
class Part:
    """A run as one site sees it: whoever reads an entry of it learns nothing of other sites.

    Without a site it is a run that a guard stopped before there was anything to take.
    """

    site: Site | None
    segments: int
    quarantined: int
    bytes: int
    keys: Sequence[str]
    failed: int = 0

    @property
    def id(self) -> str:
        """The site's id, or ""."""
        return str(self.site.pk) if self.site else ""

    def body(self, run: PurgeRun) -> dict[str, Any]:
        """The fields that all entries of a run have."""
        counts = {
            "run": str(run.pk),
            "digest": run.digest,
            "segments": self.segments,
            "quarantined": self.quarantined,
            "bytes": self.bytes,
            "keys": list(self.keys),
        }
        return counts | ({"site": self.site.logged()} if self.site else {})


def _parts(run: PurgeRun, rows: Sequence[tuple[UUID, Sequence[int]]]) -> list[Part]:
    """Parts in the order of their sites' ids; of `rows` each names a site, and numbers to be added up."""
    sums: dict[UUID, list[int]] = {}
    for site_id, numbers in rows:
        known = sums.get(site_id, [0] * len(numbers))
        sums[site_id] = [a + b for a, b in zip(known, numbers, strict=True)]
    if not sums:
        return [Part(None, run.segments, run.quarantined, run.bytes, list(run.key_ids))]
    owners = dict(Epoch.objects.filter(key_id__in=run.key_ids).values_list("key_id", "site_id"))
    sites = Site.objects.in_bulk(list(sums))
    parts = []
    for site_id, (segments, quarantined, size, *failed) in sorted(sums.items()):
        keys = [key for key in run.key_ids if owners.get(key) == site_id]
        parts.append(Part(sites[site_id], segments, quarantined, size, keys, sum(failed)))
    return parts


def _planned(run: PurgeRun) -> list[Part]:
    columns = ("planned_segments", "planned_quarantined", "planned_bytes")
    rows = run.items.values_list("site_id", *columns)
    return _parts(run, [(row[0], row[1:]) for row in rows])


def _destroyed(run: PurgeRun) -> list[Part]:
    rows = run.items.values_list("site_id", "segments", "quarantined", "bytes", "failed")
    return _parts(run, [(row[0], row[1:]) for row in rows])


def _at(part: Part) -> list[IndexFields]:
    return [IndexFields(site=part.id)] if part.site else []


def start(run: PurgeRun, plan: Plan, *, only: Collection[UUID] | None = None) -> dict[str, int]:
    """`purge.start` for each site (or `only` some): what is about to be destroyed there.

    Durable before anything is. The index of each entry by the site's id.
    """
    shares = plan.shares.values()
    rows = [(share.site_id, (share.segments, share.quarantined, share.bytes)) for share in shares]
    known = Camera.objects.in_bulk([share.camera_id for share in plan.cameras])
    return {
        part.id: _start(run, part, [c for c in plan.cameras if str(c.site_id) == part.id], known).index
        for part in _parts(run, rows)
        if only is None or (part.site and part.site.pk in only)
    }


def _start(
    run: PurgeRun, part: Part, cameras: Sequence[CameraShare], known: Mapping[UUID, Camera]
) -> Receipt:
    named = [
        {
            **_camera(known[share.camera_id]),
            "segments": share.segments,
            "from": rfc3339(share.starts_at),
            "to": rfc3339(share.ends_at),
        }
        for share in cameras[:CAMERAS_NAMED]
    ]
    body: dict[str, Any] = part.body(run) | {
        "trigger": run.trigger,
        "cutoff": rfc3339(run.cutoff_at),
        "cameras": named,
        "camera_count": len(cameras),
    }
    if run.started_by is not None:
        body["actor"] = actor_fields(run.started_by, "retention.confirm")
    if run.confirmed_by is not None:
        body["confirmed_by"] = actor_fields(run.confirmed_by, "retention.confirm")
    index = [
        IndexFields(
            camera=str(share.camera_id), site=part.id, footage_from=share.starts_at, footage_to=share.ends_at
        )
        for share in cameras[:INDEX_ROWS]
    ]
    made = event_id("purge.start", run.pk, part.id)
    return append(kind="purge.start", body=body, index=index or _at(part), event_id=made)


def paused(run: PurgeRun) -> None:
    """`purge.paused` for each site: which guard stopped the run."""
    # The numbers of an unusual plan are those of all sites together; the run's row keeps them.
    facts = {} if run.pause_code == guards.VOLUME else run.pause_facts
    for part in _planned(run):
        append(
            kind="purge.paused",
            body=part.body(run) | {"code": run.pause_code, "facts": facts},
            index=_at(part),
            event_id=event_id("purge.paused", run.pk, run.pause_code, part.id),
        )


def _brief(run: PurgeRun, part: Part) -> dict[str, Any]:
    """The fields of an entry that speaks of the plan as a whole."""
    body = part.body(run)
    return {name: body[name] for name in ("run", "digest", "segments", "site") if name in body}


def abandoned(run: PurgeRun, code: str) -> None:
    """`purge.abandoned` for each site: the plan no longer fits and nothing of it was destroyed."""
    for part in _planned(run):
        append(
            kind="purge.abandoned",
            body=_brief(run, part) | {"code": code},
            index=_at(part),
            event_id=event_id("purge.abandoned", run.pk, part.id),
        )


def confirmed(run: PurgeRun, *, actor: Account, terminal: str) -> None:
    """`purge.confirmed` for each site: who released a paused run, and from where."""
    for part in _planned(run):
        more: dict[str, Any] = {
            "code": run.pause_code,
            "actor": actor_fields(actor, "retention.confirm"),
            "terminal": terminal,
        }
        append(
            kind="purge.confirmed",
            body=_brief(run, part) | more,
            index=[IndexFields(site=part.id, actor=str(actor.pk), terminal=terminal)],
            event_id=event_id("purge.confirmed", run.pk, run.pause_code, part.id),
        )


def done(run: PurgeRun) -> dict[str, int]:
    """`purge.done` for each site: what was destroyed, what could not be deleted, each epoch's hash tree.

    The index of each entry by the site's id.
    """
    from cctv.retention.certificates import root_of

    roots: dict[str, list[dict[str, Any]]] = {}
    for item in run.items.filter(tree_size__gt=0).order_by("pk"):
        root = {"epoch": str(item.epoch_id), "size": item.tree_size, "root": root_of(item).hex()}
        roots.setdefault(str(item.site_id), []).append(root)
    generations = {
        name: value
        for name in ("generation_before", "generation_after")
        if (value := getattr(run, name)) is not None
    }
    made: dict[str, int] = {}
    for part in _destroyed(run):
        body: dict[str, Any] = part.body(run) | generations
        body |= {"failed": part.failed, "mirrors": run.mirrors}
        body |= {"roots": roots.get(part.id, [])[:CAMERAS_NAMED]}
        entry = event_id("purge.done", run.pk, part.id)
        made[part.id] = append(kind="purge.done", body=body, index=_at(part), event_id=entry).index
    return made


def failed(failure: PurgeFailure) -> Receipt:
    """`purge.item_failed`: one object stays for now; its neighbours and its key did not wait for it."""
    body: dict[str, Any] = {
        "run": str(failure.run_id),
        "object": failure.sealed_name,
        "site": failure.site.logged(),
        "expired": rfc3339(failure.expired_at),
        "attempts": failure.attempts,
        "error": failure.error_code,
    }
    if failure.camera is not None:
        body["camera"] = _camera(failure.camera)
    index = [IndexFields(site=str(failure.site_id), camera=str(failure.camera_id or ""))]
    return append(
        kind="purge.item_failed",
        body=body,
        index=index,
        event_id=event_id("purge.item_failed", failure.object_id, failure.attempts),
    )


def certificate(issued: Certificate, *, segments: int, size_bytes: int) -> Receipt:
    """`certificate.issued`: number and hash, so that the log vouches for the certificate."""
    body: dict[str, Any] = {
        "number": issued.number,
        "run": str(issued.run_id),
        "site": issued.site.logged(),
        "sha256": bytes(issued.facts_sha256).hex(),
        "segments": segments,
        "bytes": size_bytes,
    }
    return append(
        kind="certificate.issued",
        body=body,
        index=[IndexFields(site=str(issued.site_id))],
        event_id=event_id("certificate", issued.pk),
    )


def shortened(application: RuleApplication, found: Mapping[Camera, tuple[int, int]]) -> None:
    """`retention.shortened` for each site: a shorter rule was applied to footage that existed before it.

    `found` holds the numbers of segments and quarantined objects that it ends earlier.
    """
    rule = application.rule
    state = "settled" if application.settled_at else "applied"
    sites = {camera.site_id: camera.site for camera, numbers in found.items() if any(numbers)}
    for site_id, site in sorted(sites.items()):
        mine = {camera: numbers for camera, numbers in found.items() if camera.site_id == site_id}
        body: dict[str, Any] = {
            "rule": str(rule.pk),
            "days": rule.days,
            "segments": sum(segments for segments, _quarantined in mine.values()),
            "quarantined": sum(quarantined for _segments, quarantined in mine.values()),
            "site": site.logged(),
        }
        if rule.camera is not None:
            body["camera"] = _camera(rule.camera)
        if rule.created_by is not None:
            body["actor"] = actor_fields(rule.created_by, "retention.rule")
        append(
            kind="retention.shortened",
            body=body,
            index=[IndexFields(camera=str(c.pk), site=str(site_id)) for c in list(mine)[:INDEX_ROWS]],
            event_id=event_id("retention.shortened", rule.pk, state, site_id),
        )


def witnesses(destruction: Destruction, *, ring: str) -> list[dict[str, Any]]:
    """Who else had to let go of the old root: mirrors, and processes with keys in memory."""
    mirrors = [
        {
            "kind": "mirror",
            "ring": ring,
            "place": state.path,
            "confirmed": not state.pending,
            "error": state.error,
        }
        for state in destruction.mirrors
    ]
    silent = [
        {
            "kind": "process", "ring": ring, "place": f"{holder.host}, {holder.pid}", "confirmed": False,
            "error": "",
        }
        for holder in destruction.holders
        if not holder.confirmed
    ]  # fmt: skip
    return mirrors + silent


def mirrors_pending(mirrors: Sequence[dict[str, Any]]) -> bool:
    """Whether a mirror or a process may still hold what opens the destroyed keys."""
    return any(not mirror["confirmed"] for mirror in mirrors)


def _camera(camera: Camera) -> dict[str, str]:
    return {"id": str(camera.pk), "code": camera.code, "name": camera.name}
