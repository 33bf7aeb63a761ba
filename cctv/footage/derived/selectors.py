"""What was made of segments, looked up by whose it is."""

from uuid import UUID

from django.db.models import QuerySet

from cctv.footage.derived.models import Derived, DerivedSource
from cctv.footage.models import Segment


def find(*, owner: UUID, label: str) -> Derived | None:
    """The one of this label; None if there is none (any more)."""
    return _rows(owner).filter(label=label).first()


def all_of(*, owner: UUID, beginning: str = "") -> dict[str, Derived]:
    """By their labels, all of an owner whose labels begin so; what they say is read when they are opened."""
    return {row.label: row for row in _rows(owner).filter(label__startswith=beginning)}


def labels_of(*, owner: UUID, beginning: str = "") -> set[str]:
    """Only their labels."""
    rows = Derived.objects.filter(owner=owner, label__startswith=beginning)
    return set(rows.values_list("label", flat=True))


def sources_of(*, owner: UUID) -> set[UUID]:
    """Ids of the segments that the owner's shared things are made of."""
    return set(DerivedSource.objects.filter(owner=owner).values_list("segment_id", flat=True))


def names_made_of(segments: QuerySet[Segment]) -> QuerySet[Derived, str]:
    """Names of the objects that are made of these segments, and of no others."""
    among = segments.values("pk")
    wider = DerivedSource.objects.exclude(segment__in=among).values("owner")
    objects = Derived.objects.filter(segment__in=among).exclude(sealed_name="")
    return objects.exclude(shared=True, owner__in=wider).values_list("sealed_name", flat=True)


def _rows(owner: UUID) -> QuerySet[Derived]:
    return Derived.objects.filter(owner=owner).defer("sealed")
