"""What a run writes into the access log. Each entry's id follows from the run, so a retry adds nothing."""

from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from accesslog import IndexFields, Receipt
from accesslog.services import append
from cctv.core.clock import rfc3339
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.retention.models import Certificate, PurgeFailure, PurgeRun, RuleApplication
from cctv.retention.plan import Plan
from cctv.sites.models import Camera
from cctv.vault.services import Destruction

# An entry's body has a limit; the search index of the entry names every camera in any case.
CAMERAS_NAMED = 200
INDEX_ROWS = 4000


def event_id(what: str, *parts: object) -> UUID:
    """The id of an entry about something that happens once."""
    return uuid5(NAMESPACE_OID, "/".join(["lethe", what, *map(str, parts)]))


def _counts(run: PurgeRun) -> dict[str, Any]:
    return {
        "run": str(run.pk),
        "digest": run.digest,
        "segments": run.segments,
        "quarantined": run.quarantined,
        "bytes": run.bytes,
        "keys": list(run.key_ids),
    }


def _index(plan: Plan) -> list[IndexFields]:
    rows = [
        IndexFields(
            camera=str(share.camera_id),
            site=str(share.site_id),
            footage_from=share.starts_at,
            footage_to=share.ends_at,
        )
        for share in plan.cameras[:INDEX_ROWS]
    ]
    seen = {share.site_id for share in plan.cameras}
    others = {share.site_id for share in plan.shares.values()} - seen
    return rows + [IndexFields(site=str(site)) for site in sorted(others)]


def start(run: PurgeRun, plan: Plan) -> Receipt:
    """`purge.start`: what is about to be destroyed. Durable before anything is."""
    codes = dict(Camera.objects.filter(pk__in=[c.camera_id for c in plan.cameras]).values_list("pk", "code"))
    named = [
        {
            "id": str(share.camera_id),
            "code": codes.get(share.camera_id, ""),
            "segments": share.segments,
            "from": rfc3339(share.starts_at),
            "to": rfc3339(share.ends_at),
        }
        for share in plan.cameras[:CAMERAS_NAMED]
    ]
    body: dict[str, Any] = _counts(run) | {
        "trigger": run.trigger,
        "cutoff": rfc3339(run.cutoff_at),
        "cameras": named,
        "camera_count": len(plan.cameras),
    }
    if run.started_by is not None:
        body["actor"] = actor_fields(run.started_by, "retention.confirm")
    if run.confirmed_by is not None:
        body["confirmed_by"] = actor_fields(run.confirmed_by, "retention.confirm")
    return append(kind="purge.start", body=body, index=_index(plan), event_id=event_id("purge.start", run.pk))


def paused(run: PurgeRun) -> Receipt:
    """`purge.paused`: which guard stopped the run."""
    body: dict[str, Any] = _counts(run) | {"code": run.pause_code, "facts": run.pause_facts}
    return append(
        kind="purge.paused",
        body=body,
        index=_sites(run),
        event_id=event_id("purge.paused", run.pk, run.pause_code),
    )


def abandoned(run: PurgeRun, code: str) -> Receipt:
    """`purge.abandoned`: the plan no longer fits and nothing of it was destroyed."""
    body: dict[str, Any] = {"run": str(run.pk), "code": code, "digest": run.digest, "segments": run.segments}
    return append(
        kind="purge.abandoned", body=body, index=_sites(run), event_id=event_id("purge.abandoned", run.pk)
    )


def confirmed(run: PurgeRun, *, actor: Account, terminal: str) -> Receipt:
    """`purge.confirmed`: who released a paused run, and from where."""
    body: dict[str, Any] = {
        "run": str(run.pk),
        "code": run.pause_code,
        "digest": run.digest,
        "segments": run.segments,
        "actor": actor_fields(actor, "retention.confirm"),
        "terminal": terminal,
    }
    index = [IndexFields(site=row.site, actor=str(actor.pk), terminal=terminal) for row in _sites(run)] or [
        IndexFields(actor=str(actor.pk), terminal=terminal)
    ]
    return append(
        kind="purge.confirmed",
        body=body,
        index=index,
        event_id=event_id("purge.confirmed", run.pk, run.pause_code),
    )


def done(run: PurgeRun) -> Receipt:
    """`purge.done`: what was destroyed, what could not be deleted, and the hash tree of each epoch."""
    from cctv.retention.certificates import root_of

    roots = [
        {"epoch": str(item.epoch_id), "size": item.tree_size, "root": root_of(item).hex()}
        for item in run.items.order_by("pk")
        if item.tree_size
    ]
    body: dict[str, Any] = {
        "run": str(run.pk),
        "digest": run.digest,
        "segments": run.destroyed_segments,
        "quarantined": run.destroyed_quarantined,
        "bytes": run.destroyed_bytes,
        "failed": run.failed,
        "keys": list(run.key_ids),
        "mirrors": run.mirrors,
        "roots": roots[:CAMERAS_NAMED],
    }
    for name in ("generation_before", "generation_after"):
        if (value := getattr(run, name)) is not None:
            body[name] = value
    return append(kind="purge.done", body=body, index=_sites(run), event_id=event_id("purge.done", run.pk))


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


def shortened(application: RuleApplication, *, cameras: Sequence[Camera], quarantined: int) -> Receipt:
    """`retention.shortened`: a shorter rule has been applied to footage that existed before it."""
    rule = application.rule
    body: dict[str, Any] = {
        "rule": str(rule.pk),
        "days": rule.days,
        "segments": application.shortened,
        "quarantined": quarantined,
    }
    if rule.site is not None:
        body["site"] = rule.site.logged()
    if rule.camera is not None:
        body["camera"] = _camera(rule.camera)
    if rule.created_by is not None:
        body["actor"] = actor_fields(rule.created_by, "retention.rule")
    index = [IndexFields(camera=str(c.pk), site=str(c.site_id)) for c in cameras[:INDEX_ROWS]]
    state = "settled" if application.settled_at else "applied"
    return append(
        kind="retention.shortened",
        body=body,
        index=index,
        event_id=event_id("retention.shortened", rule.pk, state),
    )


def witnesses(destruction: Destruction) -> list[dict[str, Any]]:
    """Who else had to let go of the old root: mirrors, and processes with keys in memory."""
    mirrors = [
        {"kind": "mirror", "place": state.path, "confirmed": not state.pending, "error": state.error}
        for state in destruction.mirrors
    ]
    silent = [
        {"kind": "process", "place": f"{holder.host}, {holder.pid}", "confirmed": False, "error": ""}
        for holder in destruction.holders
        if not holder.confirmed
    ]
    return mirrors + silent


def mirrors_pending(mirrors: Sequence[dict[str, Any]]) -> bool:
    """Whether a mirror or a process may still hold what opens the destroyed keys."""
    return any(not mirror["confirmed"] for mirror in mirrors)


def _camera(camera: Camera) -> dict[str, str]:
    return {"id": str(camera.pk), "code": camera.code, "name": camera.name}


def _sites(run: PurgeRun) -> list[IndexFields]:
    sites = sorted(set(run.items.values_list("site_id", flat=True)))
    return [IndexFields(site=str(site)) for site in sites]
