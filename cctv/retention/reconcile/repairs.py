"""Mending what a check found: only the kinds that were named, logged before it happens, looked at again.

Refused as a whole when more than half of either side would go (then the other side is the wrong one),
and while a guard stands. Never touched: foreign files, what a hold keeps, what may still be in flight.
"""

from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accesslog import IndexFields
from accesslog.services import append
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.footage.derived import ending
from cctv.footage.derived.models import Derived
from cctv.footage.models import Segment
from cctv.ingest.models import Quarantined
from cctv.retention import guards, plan
from cctv.retention.holds.models import HoldGate
from cctv.retention.models import PurgeFailure
from cctv.retention.plan import SEGMENT
from cctv.retention.reconcile import codes, compare, sides
from cctv.retention.reconcile.compare import Finding, Look
from cctv.retention.reconcile.models import Depth, FsckFinding, FsckRun
from cctv.sites.models import Camera, Site
from cctv.vault import inspection
from cctv.vault import services as vault
from cctv.vault.names import SHARDS
from cctv.vault.steps import reached

if TYPE_CHECKING:
    from cctv.retention.reconcile.services import Tally

NAMED = 200  # so many names or spans stand in one entry


class RepairRefused(LetheError):
    """Nothing was repaired."""

    code = "repair_refused"
    status = 409
    message = _("Nothing was repaired.")


def refusal(look: Look, tally: "Tally", repair: Collection[str]) -> RepairRefused | None:
    """Why nothing may be mended now, or None."""
    wanted = [code for code in repair if tally.total(code)]
    if not wanted:
        return None
    return _guarded() or _too_much(look, tally, wanted)


def _guarded() -> RepairRefused | None:
    now = clock.now()
    tripped = guards.hard(plan.compute(now), now=now) or guards.clock_unsure(now)
    if tripped is not None:
        return RepairRefused(
            _t("Nothing was repaired: %(why)s") % {"why": guards.sentence(tripped.code, tripped.facts)},
            hint=_("Mend that first, then check again."),
        )
    if compare.purge_under_way():
        return RepairRefused(_("Nothing was repaired: a purge is at work."), hint=_("Try again in a minute."))
    return None


def _too_much(look: Look, tally: "Tally", wanted: Collection[str]) -> RepairRefused | None:
    lost = (codes.OBJECT_MISSING, codes.DERIVED_MISSING)
    missing = sum(tally.total(code) for code in lost if code in wanted)
    dead = tally.total(codes.ROW_OF_DESTROYED) if codes.ROW_OF_DESTROYED in wanted else 0
    removes = (codes.ORPHAN_OBJECT, codes.ORPHAN_PART, codes.ROW_OF_DESTROYED)
    files = sum(tally.files[code] for code in removes if code in wanted)
    keys = tally.total(codes.KEY_UNKNOWN) if codes.KEY_UNKNOWN in wanted else 0
    # What has expired may be gone already and is no finding: it makes no loss look small either.
    rows, all_rows = max((missing, look.owed), (dead, look.rows), key=lambda part: part[0] / max(1, part[1]))
    if rows * 2 > all_rows or (missing + dead) * 2 > look.rows:
        text = _t("Nothing was repaired: %(n)d of %(all)d rows of the register would go.")
        text %= {"n": rows, "all": all_rows}
    elif files * 2 > look.stored:
        text = _t("Nothing was repaired: %(n)d of %(all)d objects of the storage would go.")
        text %= {"n": files, "all": look.stored}
    elif keys * 2 > look.keys:
        text = _t("Nothing was repaired: %(n)d of %(all)d keys would go.") % {"n": keys, "all": look.keys}
    else:
        return None
    return RepairRefused(
        text, hint=_("More likely the other side is the wrong one: an old copy or another disk.")
    )


def apply(run: FsckRun, look: Look, repair: frozenset[str]) -> dict[str, int]:
    """Walk again and mend; how many of each kind were."""
    again = Look(Depth.PRESENCE, look.site_id, look.now, look.throttle)
    done = dict.fromkeys(repair, 0)
    for name in SHARDS:
        found = [finding for finding in compare.shard(name, again) if finding.code in repair]
        for code, mend in _MENDERS.items():
            if findings := [finding for finding in found if finding.code == code]:
                done[code] += _mended(run, code, mend(run, findings))
    if codes.KEY_UNKNOWN in repair:
        found = [finding for finding in compare.keys(again) if finding.code == codes.KEY_UNKNOWN]
        done[codes.KEY_UNKNOWN] = _mended(run, codes.KEY_UNKNOWN, _destroy_keys(run, found))
    return {code: n for code, n in done.items() if n}


def _mended(run: FsckRun, code: str, names: Sequence[str]) -> int:
    for start in range(0, len(names), sides.IN):
        batch = names[start : start + sides.IN]
        FsckFinding.objects.filter(run=run, code=code, name__in=batch).update(repaired_at=clock.now())
    return len(names)


def _delete_orphans(run: FsckRun, findings: Sequence[Finding]) -> list[str]:
    """Objects without a row: asked of the register once more, after the entry."""
    _note(run, codes.ORPHAN_OBJECT, findings)
    claimed = sides.known([finding.name for finding in findings])
    return _deleted([finding.name for finding in findings if finding.name not in claimed])


def _delete_parts(run: FsckRun, findings: Sequence[Finding]) -> list[str]:
    _note(run, codes.ORPHAN_PART, findings)
    return _deleted([finding.name for finding in findings])


def _deleted(names: Sequence[str]) -> list[str]:
    for name in names:
        vault.delete_object(name)
        reached("fsck.deleted")
    return [name for name in names if not vault.object_exists(name)]


def _redo_pictures(run: FsckRun, findings: Sequence[Finding]) -> list[str]:
    """A small picture that is gone is made again by its job; an index cannot be."""
    thumbs = [finding for finding in findings if finding.facts["part"] == "thumb"]
    if not thumbs:
        return []
    _note(run, codes.PART_MISSING, thumbs)
    done = []
    for finding in thumbs:
        row = finding.row
        assert row is not None
        again = Segment.objects.filter(pk=row.pk, thumb_size_bytes=row.parts[finding.name])
        done += [finding.name] * again.update(thumb_size_bytes=0)
    return done


def _take_off(run: FsckRun, findings: Sequence[Finding]) -> list[str]:
    """Rows whose object is gone: never held ones, with camera and span in the log."""
    return _rows_removed(run, codes.OBJECT_MISSING, findings)


def _take_dead_off(run: FsckRun, findings: Sequence[Finding]) -> list[str]:
    """Rows whose key is destroyed, with the ciphertext that nothing opens any more."""
    return _rows_removed(run, codes.ROW_OF_DESTROYED, findings)


def _rows_removed(run: FsckRun, code: str, findings: Sequence[Finding]) -> list[str]:
    def place(finding: Finding) -> tuple[str, str]:
        return str(finding.site_id), str(finding.camera_id or "")

    gone: list[str] = []
    # Also of a hold that has ended: its rows stay until the purge has destroyed its key.
    named = sides.held_by([finding.row for finding in findings if finding.row], ended_too=True)
    free = [finding for finding in findings if finding.row and finding.row.pk not in named]
    for (_site, _camera), group in groupby(sorted(free, key=place), key=place):
        mine = list(group)
        _note(run, code, mine)
        for finding in mine:
            if code == codes.ROW_OF_DESTROYED:
                vault.delete_object(finding.name)
            if not vault.object_exists(finding.name):
                gone += _row_removed(finding)
    return gone


@transaction.atomic
def _row_removed(finding: Finding) -> list[str]:
    """Remove one row unless a hold has it, and leave no parts of it behind."""
    row = finding.row
    assert row is not None
    HoldGate.objects.get_or_create(pk=1)
    HoldGate.objects.select_for_update().get(pk=1)
    model = Segment if row.kind == SEGMENT else Quarantined
    found = model._default_manager.filter(pk=row.pk, sealed_name=row.name, held=None)
    if not found.exists():
        return []
    vault.delete_object(row.name)  # parts of what is gone, which nobody would name any more
    if model is Segment:
        for name in ending.forget([row.pk]):
            vault.delete_object(name)  # nothing opens it without the row
    found.delete()
    PurgeFailure.objects.filter(object_id=row.pk).delete()
    return [finding.name]


def _take_made_off(run: FsckRun, findings: Sequence[Finding]) -> list[str]:
    """What was made of footage and is gone: it can be made again, unless a hold keeps it for the copy to be
    looked for."""
    rows = [finding.row for finding in findings if finding.row]
    named = sides.held_by(rows, ended_too=True)
    free = [finding for finding in findings if finding.row and finding.row.pk not in named]
    if not free:
        return []
    _note(run, codes.DERIVED_MISSING, free)
    gone = [finding.row.pk for finding in free if finding.row and not vault.object_exists(finding.name)]
    Derived.objects.filter(pk__in=gone).delete()
    return [finding.name for finding in free if finding.row and finding.row.pk in gone]


def _destroy_keys(run: FsckRun, findings: Sequence[Finding]) -> list[str]:
    """Keys that no epoch names, whose hour is over: whatever was under them has expired."""
    now = clock.now()
    over = [finding for finding in findings if compare.hour_is_over(str(finding.facts["label"]), now)]
    if not over:
        return []
    _note(run, codes.KEY_UNKNOWN, over)
    doomed = {finding.name for finding in over}
    vault.destroy_epochs(doomed)
    return sorted(doomed - {key.key_id for key in inspection.footage_keys()})


def _note(run: FsckRun, code: str, findings: Sequence[Finding]) -> None:
    """The entry comes before the deed: of rows with camera and spans, of everything else with names."""
    for start in range(0, len(findings), NAMED):
        batch = findings[start : start + NAMED]
        body: dict[str, Any] = {"run": str(run.pk), "code": code, "objects": len(batch)}
        body["names"] = [finding.name for finding in batch]
        index: list[IndexFields] = []
        if (site := _one(Site, {finding.site_id for finding in batch})) is not None:
            body["site"] = site.logged()
            camera = _one(Camera, {finding.camera_id for finding in batch})
            spans = [(f.row.starts_at, f.row.ends_at) for f in batch if f.row is not None]
            fields: dict[str, Any] = {"site": str(site.pk)}
            if camera is not None and spans:
                first, last = min(span[0] for span in spans), max(span[1] for span in spans)
                body["camera"] = {"id": str(camera.pk), "code": camera.code, "name": camera.name}
                body |= {"from": clock.rfc3339(first), "to": clock.rfc3339(last)}
                body["spans"] = [[clock.rfc3339(a), clock.rfc3339(b)] for a, b in spans]
                fields |= {"camera": str(camera.pk), "footage_from": first, "footage_to": last}
            index = [IndexFields(**fields)]
        append(kind="fsck.repaired", body=body, index=index)
        reached("fsck.logged")


def _one(model: Any, ids: set[UUID | None]) -> Any:
    """The one site or camera that all are of, or None."""
    return model.objects.filter(pk=next(iter(ids))).first() if len(ids) == 1 and None not in ids else None


_MENDERS: dict[str, Callable[[FsckRun, Sequence[Finding]], list[str]]] = {
    codes.OBJECT_MISSING: _take_off,
    codes.PART_MISSING: _redo_pictures,
    codes.DERIVED_MISSING: _take_made_off,
    codes.ORPHAN_OBJECT: _delete_orphans,
    codes.ORPHAN_PART: _delete_parts,
    codes.ROW_OF_DESTROYED: _take_dead_off,
}
