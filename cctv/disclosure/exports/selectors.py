"""Reads of exports for the pages: lists, what waits for whom, and one with its steps."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case as When
from django.db.models import Exists, F, IntegerField, OuterRef, Q, QuerySet, Value
from django.db.models import When as Then

from cctv.disclosure.exports.entries import DECIDE
from cctv.disclosure.exports.models import (
    OVER,
    ActKind,
    Export,
    ExportAct,
    ExportSpan,
    ExportState,
    Urgency,
)
from cctv.people.models import Account
from cctv.people.policy import Permissions, permissions_of
from cctv.redaction.models import Redaction, State
from cctv.retention.holds.models import Hold, HoldState
from cctv.sites.models import Site

SiteIds = frozenset[UUID] | None
SHOWN = 30
REDACTIONS_OFFERED = 100


def exports(*, sites: SiteIds) -> "QuerySet[Export]":
    """All of the sites, with what their rows show."""
    found = Export.objects.select_related(
        "site__organisation", "case", "asked_by", "purpose", "letter", "hold"
    )
    return found if sites is None else found.filter(site_id__in=sites)


def undecided() -> "QuerySet[Export]":
    """What waits for a second person: asked for, or urgent and not approved afterwards."""
    settled = ExportAct.objects.filter(export=OuterRef("pk"), kind=ActKind.CONFIRMED)
    urgent = Q(urgency__in=(Urgency.WAITING, Urgency.LATE)) & ~Q(Exists(settled))
    rank = When(Then(~Q(urgency=""), then=Value(0)), default=Value(1), output_field=IntegerField())
    found = exports(sites=None).filter(Q(state=ExportState.ASKED) | urgent)
    return found.annotate(rank=rank).order_by("rank", "asked_at")


def waiting_for(account: Account, permissions: Permissions) -> "QuerySet[Export]":
    """What waits for this person's decision, the urgent ones first, then the oldest."""
    found, sites = undecided().exclude(asked_by=account), permissions.sites(DECIDE)
    return found if sites is None else found.filter(site_id__in=sites)


def holds_waiting(account: Account, permissions: Permissions) -> "QuerySet[Hold]":
    """Holds that wait for this person and are no export's: those are decided on with their export."""
    found = Hold.objects.filter(state=HoldState.PLACED, export_spans=None).exclude(placed_by=account)
    sites = permissions.sites("hold.decide")
    found = found if sites is None else found.filter(site_id__in=sites)
    return found.select_related("site", "placed_by").order_by("confirm_by")


def count_waiting(account: Any) -> int:
    """How many decisions wait for the person, for the rail."""
    permissions = permissions_of(account)
    return waiting_for(account, permissions).count() + holds_waiting(account, permissions).count()


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the list: the export, its cameras by name, from when to when."""

    export: Export
    cameras: list[str]
    starts_at: datetime
    ends_at: datetime
    waits_for_me: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """What waits for the reader, what is on its way, what lies ready, and what is over."""

    waiting: list[Listed]
    on_its_way: list[Listed]
    ready: list[Listed]
    over: list[Listed]
    more_over: bool
    violations: int


def overview(*, sites: SiteIds, reader: Account, permissions: Permissions, first_over: int = 0) -> Overview:
    """The exports of the sites as their page lists them."""
    found = exports(sites=sites)
    mine = {each.pk for each in waiting_for(reader, permissions)}
    shown = list(found.exclude(state__in=OVER)[:200])
    shown += [each for each in found.filter(pk__in=mine) if each not in shown]
    over = list(found.filter(state__in=OVER).exclude(pk__in=mine)[first_over : first_over + SHOWN + 1])
    rows = listed([*shown, *over[:SHOWN]], mine)
    ready = [each for each in rows if each.export.state == ExportState.READY and not each.waits_for_me]
    alive = [each for each in rows if each.export.state not in OVER and each not in ready]
    return Overview(
        waiting=[each for each in rows if each.waits_for_me],
        on_its_way=[each for each in alive if not each.waits_for_me],
        ready=ready,
        over=[each for each in rows if each.export.state in OVER and not each.waits_for_me],
        more_over=len(over) > SHOWN,
        violations=found.filter(urgency__in=(Urgency.LATE, Urgency.REFUSED)).count(),
    )


def listed(found: list[Export], mine: set[UUID]) -> list[Listed]:
    """The rows of these exports, in their order."""
    spans: dict[UUID, list[ExportSpan]] = {}
    for span in ExportSpan.objects.filter(export__in=found).select_related("camera").order_by("starts_at"):
        spans.setdefault(span.export_id, []).append(span)
    return [
        Listed(
            export=each,
            cameras=list(dict.fromkeys(span.camera.name for span in spans[each.pk])),
            starts_at=min(span.starts_at for span in spans[each.pk]),
            ends_at=max(span.ends_at for span in spans[each.pk]),
            waits_for_me=each.pk in mine,
        )
        for each in found
        if each.pk in spans
    ]


def approved_redactions(site: Site) -> "QuerySet[Redaction]":
    """Approved redactions of the site whose rendered result is the approved one, the newest first."""
    found = Redaction.objects.filter(
        site=site, state=State.APPROVED, rendered_revision=F("revision")
    ).select_related("camera", "site")
    return found.order_by("-made_at")
