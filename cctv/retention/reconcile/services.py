"""One check of register, storage and keyring, and the repairs that it was told to make.

The check itself changes nothing. Repairs walk a second time, so that what is mended is what is wrong
then, and what the first walk counted decides whether there may be repairs at all.
"""

import logging
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _

from accesslog import IndexFields
from accesslog.errors import AccessLogError
from accesslog.services import append
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.people.models import Account
from cctv.retention.reconcile import codes, compare, repairs
from cctv.retention.reconcile.compare import Finding, Look
from cctv.retention.reconcile.models import ONLY_SITE, Depth, FsckFinding, FsckRun
from cctv.sites.models import Site
from cctv.vault import inspection
from cctv.vault import services as vault
from cctv.vault.names import SHARDS

if TYPE_CHECKING:
    from django.db.models import QuerySet

log = logging.getLogger("cctv.retention")

# Of each kind so many are kept with their names; all are counted.
KEPT = 200
RUNS_KEPT = 120
RATE_BYTES_PER_S = 64 << 20
DAILY, WEEKLY = timedelta(hours=23), timedelta(days=7)
# What has not ended after so long was killed; to read every byte takes days.
LONGEST, LONGEST_READING = timedelta(hours=1), timedelta(days=3)


@dataclass(slots=True)
class Tally:
    """What a check has found so far: numbers by code and site, and files of the store that they stand for."""

    run: FsckRun
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    files: Counter[str] = field(default_factory=Counter)

    def add(self, findings: Sequence[Finding]) -> None:
        """Count them, and keep the first of each kind."""
        kept = []
        for finding in findings:
            by_site = self.counts.setdefault(finding.code, Counter())
            if by_site.total() < KEPT:
                kept.append(_stored(self.run, finding))
            by_site[str(finding.site_id or "")] += 1
            self.files[finding.code] += finding.files
        FsckFinding.objects.bulk_create(kept)

    def total(self, code: str) -> int:
        """How many of a kind."""
        return self.counts[code].total() if code in self.counts else 0


def _stored(run: FsckRun, finding: Finding) -> FsckFinding:
    return FsckFinding(
        run=run, code=finding.code, name=finding.name[:120], site_id=finding.site_id,
        camera_id=finding.camera_id, facts=finding.facts,
    )  # fmt: skip


def check(
    *,
    depth: str = Depth.PRESENCE,
    site: Site | None = None,
    repair: Collection[str] = (),
    started_by: Account | None = None,
    rate_bytes_per_s: float = RATE_BYTES_PER_S,
) -> FsckRun:
    """Hold the three sides against each other; then mend what `repair` names, unless that is refused.

    Never raises for what it finds or cannot reach: the run says so (`error_code`). ValueError for a code
    that cannot be repaired.
    """
    if unknown := set(repair) - codes.REPAIRABLE:
        raise ValueError(f"cannot be repaired: {', '.join(sorted(unknown))}")
    _close_abandoned()
    only: dict[str, dict[str, int]] = {ONLY_SITE: {str(site.pk): 0}} if site is not None else {}
    run = FsckRun.objects.create(depth=depth, started_by=started_by, started_at=clock.now(), counts=only)
    tally = Tally(run)
    look = Look(depth, site.pk if site else None, run.started_at, inspection.Throttle(rate_bytes_per_s))
    try:
        _walk(look, tally)
        run.counts |= {code: dict(by_site) for code, by_site in tally.counts.items()}
        run.rows, run.stored, run.keys = look.rows, look.stored, look.keys
        run.foreign = tally.total(codes.FOREIGN_FILE)
        if repair:
            if (refused := repairs.refusal(look, tally, repair)) is not None:
                raise refused
            run.repaired = repairs.apply(run, look, frozenset(repair))
        run.entry = _log(run, site)
    except (LetheError, AccessLogError, OSError) as error:
        run.error_code = str(getattr(error, "code", "storage_failed"))[:40]
        text = f"{getattr(error, 'message', error)} {getattr(error, 'hint', '')}"
        run.error = text.strip()[:400]
        log.error("the check stopped: %s", run.error)
    except KeyboardInterrupt:
        _interrupted(run)
        raise
    run.finished_at = clock.now()
    run.save()
    _forget_old()
    return run


def check_when_due() -> FsckRun | None:
    """The nightly check: presence once a day, sizes once a week; None when neither is due."""
    now = clock.now()
    done = FsckRun.objects.whole().filter(error_code="")
    deep = done.filter(depth__in=(Depth.SIZE, Depth.HASH), started_at__gt=now - WEEKLY).exists()
    if deep and FsckRun.objects.whole().filter(started_at__gt=now - DAILY).exists():
        return None
    if _under_way(now).exists():
        return None
    if not deep and FsckRun.objects.filter(depth=Depth.SIZE, started_at__gt=now - DAILY).exists():
        return None  # it was tried today, and failed or is still at it
    return check(depth=Depth.PRESENCE if deep else Depth.SIZE)


def _under_way(now: datetime) -> "QuerySet[FsckRun]":
    """Whole checks that have begun and may still be at it."""
    return FsckRun.objects.filter(finished_at=None, started_at__gt=now - LONGEST).exclude(
        counts__has_key=ONLY_SITE
    )


def _close_abandoned() -> None:
    """Checks that were killed say so; one that is at it after all writes its own end over this."""
    now = clock.now()
    late = Q(started_at__lte=now - LONGEST) & ~Q(depth=Depth.HASH) | Q(started_at__lte=now - LONGEST_READING)
    for run in FsckRun.objects.filter(late, finished_at=None):
        _interrupted(run)


def _interrupted(run: FsckRun) -> None:
    run.finished_at, run.error_code = clock.now(), "interrupted"
    run.error = _("The check was interrupted before its end.")
    run.save(update_fields=["finished_at", "error_code", "error"])


def _walk(look: Look, tally: Tally) -> None:
    vault.check_storage()
    for name in SHARDS:
        tally.add(compare.shard(name, look))
    tally.add(list(compare.keys(look)))
    if look.site_id is None:
        batch: list[Finding] = []
        for path in inspection.foreign_files():
            batch.append(Finding(codes.FOREIGN_FILE, path))
            if len(batch) == KEPT:
                tally.add(batch)
                batch = []
        tally.add(batch)


def _log(run: FsckRun, site: Site | None) -> int:
    counts = {code: sum(by_site.values()) for code, by_site in run.counts.items() if code != ONLY_SITE}
    body: dict[str, Any] = {
        "run": str(run.pk), "depth": run.depth, "rows": run.rows, "stored": run.stored, "keys": run.keys,
        "foreign": run.foreign, "counts": counts, "findings": sum(counts.values()),
    }  # fmt: skip
    if site is not None:
        body["site"] = site.logged()
    index = [IndexFields(site=str(site.pk))] if site else []
    return append(kind="fsck.done", body=body, index=index).index


def _forget_old() -> None:
    old = FsckRun.objects.order_by("-started_at").values_list("pk", flat=True)[RUNS_KEPT:]
    FsckRun.objects.filter(pk__in=list(old)).delete()
