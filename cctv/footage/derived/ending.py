"""What goes with segments that end: asked by whoever destroys them, before their objects go and after."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q

from cctv.footage.derived.models import Derived, DerivedSource


def objects_of(segment_ids: Collection[UUID]) -> dict[str, set[UUID]]:
    """Names of all objects that end with these segments, each with those of them that it is made of."""
    found: dict[str, set[UUID]] = {}
    objects = Derived.objects.exclude(sealed_name="")
    for name, segment in objects.filter(segment_id__in=segment_ids).values_list("sealed_name", "segment_id"):
        found[name] = {segment}
    if owners := _owners(segment_ids):
        shared = objects.filter(owner__in=owners, shared=True)
        for name, owner in shared.values_list("sealed_name", "owner"):
            found.setdefault(name, set()).update(owners[owner])
    return found


def forget(segment_ids: Collection[UUID]) -> set[str]:
    """Remove the rows of all that ends with these segments; the names of the objects that they had.

    In the caller's transaction, which has locked the segments: whoever keeps something of them comes first
    and goes with them, or finds nothing. The objects are the caller's to have deleted, or to leave to the
    sweep of orphans; nothing opens them once a segment's row is gone.
    """
    owners = _owners(segment_ids)
    going = Q(segment_id__in=segment_ids)
    if owners:
        going |= Q(owner__in=owners, shared=True)
        sources = DerivedSource.objects.filter(owner__in=owners)
        sources._raw_delete(sources.db)
    rows = Derived.objects.filter(going)
    names = list(rows.values_list("sealed_name", flat=True))
    if names:
        rows._raw_delete(rows.db)
    return {name for name in names if name}


def _owners(segment_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """Whose shared things are made of these segments, and of which of them."""
    owners: dict[UUID, set[UUID]] = {}
    sources = DerivedSource.objects.filter(segment_id__in=segment_ids)
    for owner, segment in sources.values_list("owner", "segment_id"):
        owners.setdefault(owner, set()).add(segment)
    return owners
