"""What was made of a segment and is kept, sealed under the segment's own key: it dies with the segment."""

from django.db import models

from cctv.core import clock
from cctv.core.ids import new_id


class Derived(models.Model):
    """One thing made of a segment: an object in the store (`sealed_name`), or a fact in this row (`sealed`).

    `owner` and `label` say whose it is and which one: areas above look theirs up by them and refer to no row
    of this table, so that the purge takes these rows away with their segments, whatever they belong to.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    segment = models.ForeignKey("cctv.Segment", on_delete=models.CASCADE, related_name="derived")
    owner = models.UUIDField()
    label = models.CharField(max_length=60)
    # The part that the seal is bound to and that an entry must open: "redacted", "looked", …
    part = models.CharField(max_length=20)
    # What it shows or tells of, half-open: nobody sees it without an entry that covers all of this.
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    # Made of other segments as well (DerivedSource): it ends with the first of them, wherever it lies.
    shared = models.BooleanField(default=True)
    sealed_name = models.CharField(max_length=80, blank=True, default="")
    sealed = models.BinaryField(null=True)
    size_bytes = models.PositiveBigIntegerField(default=0)
    ciphertext_sha256 = models.BinaryField(max_length=32, null=True)
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["owner", "label"], name="derived_once"),
            models.UniqueConstraint(
                fields=["sealed_name"], condition=~models.Q(sealed_name=""), name="derived_object_once"
            ),
            models.CheckConstraint(
                condition=models.Q(sealed_name="", sealed__isnull=False)
                | (~models.Q(sealed_name="") & models.Q(sealed__isnull=True)),
                name="derived_object_or_fact",
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="derived_span_forward"
            ),
        )

    def __str__(self) -> str:
        return f"{self.owner} {self.label}"


class DerivedSource(models.Model):
    """One of the segments that the shared things of an owner are made of: they go when it goes."""

    owner = models.UUIDField()
    segment = models.ForeignKey("cctv.Segment", on_delete=models.CASCADE, related_name="derived_sources")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["owner", "segment"], name="derived_source_once"),)

    def __str__(self) -> str:
        return f"{self.owner} {self.segment_id}"
