"""What the pages say of checks, as far as the reader may know the sites."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from cctv.people.policy import Permissions
from cctv.retention.reconcile import codes
from cctv.retention.reconcile.models import FsckFinding, FsckRun

SEE = "fsck.see"
NAMED = 8


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one kind: how many, its words, and the first of them."""

    kind: codes.Kind
    n: int
    repaired: int
    first: Sequence[FsckFinding]

    @property
    def title(self) -> str:
        """What was found, with its number."""
        return self.kind.title_for(self.n)

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.n - len(self.first)


@dataclass(frozen=True, slots=True)
class Summary:
    """A check and what the reader may know of what it found. `partly`: other sites' findings are left out."""

    run: FsckRun
    groups: Sequence[Group]
    partly: bool

    @property
    def error(self) -> str:
        """Why it ended early; without what it names of other sites."""
        return "" if self.partly else self.run.error

    @property
    def serious(self) -> int:
        """Findings by which footage or a promise is hurt, or may be."""
        return sum(group.n - group.repaired for group in self.groups if group.kind.tone != "info")

    @property
    def state(self) -> str:
        """`running`, `stopped`, `refused`, `bad`, `warn` or `ok`."""
        if self.run.finished_at is None:
            return "running"
        if self.run.error_code:
            return "refused" if self.run.error_code == "repair_refused" else "stopped"
        if not self.serious:
            return "ok"
        left = [group for group in self.groups if group.n > group.repaired]
        return "bad" if any(group.kind.tone == "bad" for group in left) else "warn"


def runs() -> "QuerySet[FsckRun]":
    """All checks, the newest first."""
    return FsckRun.objects.all()


def last(permissions: Permissions) -> Summary | None:
    """The newest check that has ended; None where there was none, or where the reader may not see checks."""
    if not permissions.may(SEE):
        return None
    run = FsckRun.objects.whole().first()
    return summary(run, permissions) if run is not None else None


def summary(run: FsckRun, permissions: Permissions) -> Summary:
    """One check. Whoever sees single sites sees their findings, and none that belong to no site."""
    sites = permissions.sites(SEE)
    shown = None if sites is None else {str(site) for site in sites}
    groups = []
    for code, kind in codes.KINDS.items():
        by_site: dict[str, int] = run.counts.get(code, {})
        n = sum(count for site, count in by_site.items() if shown is None or site in shown)
        if not n:
            continue
        mine = Q() if sites is None else Q(site_id__in=sites)
        findings = run.findings.filter(mine, code=code).select_related("site", "camera")
        repaired = run.repaired.get(code, 0) if sites is None else findings.exclude(repaired_at=None).count()
        groups.append(Group(kind, n, repaired, list(findings[:NAMED])))
    return Summary(run, groups, partly=sites is not None)
