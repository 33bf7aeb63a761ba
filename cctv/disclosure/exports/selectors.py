"""Reads of exports for the pages."""

from uuid import UUID

from django.db.models import QuerySet

from cctv.disclosure.exports.models import Export

SiteIds = frozenset[UUID] | None


def exports(*, sites: SiteIds) -> "QuerySet[Export]":
    """All of the sites, with what their rows show."""
    found = Export.objects.select_related(
        "site__organisation", "case", "asked_by", "purpose", "letter", "hold"
    )
    return found if sites is None else found.filter(site_id__in=sites)
