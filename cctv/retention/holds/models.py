"""A hold and what it holds.

A hold has a key of its own in the records ring. Each held object's key is wrapped under it a second
time, so that the object outlives its epoch and dies with its hold. One object may be held more than once.
"""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class HoldState(models.TextChoices):
    """`placed` waits for an approver, `active` holds; the others have ended and protect nothing."""

    PLACED = "placed", _("waiting for confirmation")
    ACTIVE = "active", _("in force")
    RELEASED = "released", _("released")
    REFUSED = "refused", _("not confirmed by the approver")
    LAPSED = "lapsed", _("lapsed without confirmation")
    ENDED = "ended", _("its time was over")


PROTECTING = (HoldState.PLACED, HoldState.ACTIVE)


class Hold(models.Model):
    """Footage of some cameras and a span that must not end before `until`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # "H-2026-0001", without gaps per year.
    number = models.CharField(max_length=20, unique=True)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="holds")
    cameras = models.ManyToManyField("cctv.Camera", related_name="holds")
    case = models.CharField(_("case"), max_length=40)
    # A code of the jurisdiction's list of grounds (retention.holds.grounds).
    ground = models.CharField(_("ground"), max_length=40)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    until = models.DateTimeField()
    state = models.CharField(max_length=10, choices=HoldState, default=HoldState.PLACED)
    # The hold's key in the records ring; "" once it has been destroyed.
    key_id = models.CharField(max_length=64)
    key_destroyed_at = models.DateTimeField(null=True)
    # The reason in words and whatever names persons: JSON, sealed under the hold's key, gone with it.
    details = models.BinaryField(default=b"")
    # None: placed by the receipt of somebody's request, which `case` names.
    placed_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    placed_at = models.DateTimeField(default=clock.now)
    terminal = models.CharField(max_length=64, blank=True, default="")
    # An unconfirmed hold never lapses before this: the end of the approver's next working day.
    confirm_by = models.DateTimeField(null=True)
    escalate_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    deputy = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    decided_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True)
    # What the last look over the span found already destroyed or about to be: told to whoever placed it.
    too_late = models.PositiveIntegerField(default=0)
    # What the log and the keys' journal have still to be told, in order: written in the same transaction
    # as what it tells of, taken off once it is durable there. [{"id", "what", …}], ids and numbers only.
    pending = models.JSONField(default=list)
    placed_entry = models.PositiveBigIntegerField(null=True)
    ended_entry = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ("-placed_at",)
        constraints = (
            models.UniqueConstraint(fields=["year", "sequence"], name="hold_numbered_once"),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="hold_span_forward"
            ),
        )
        indexes = (models.Index(fields=["state", "until"], name="hold_state_until"),)

    def __str__(self) -> str:
        return self.number

    @property
    def protects(self) -> bool:
        """Whether what it holds must stay."""
        return self.state in PROTECTING

    @property
    def placer(self) -> str:
        """Who placed it, in words."""
        return self.placed_by.name if self.placed_by else str(_("Receipt of a request"))

    @property
    def opens_until(self) -> datetime:
        """Until when something may be opened through it: unconfirmed, no longer than it may wait."""
        if self.state == HoldState.PLACED and self.confirm_by is not None:
            return min(self.confirm_by, self.until)
        return self.until


class HeldObject(models.Model):
    """One segment or quarantined object under one hold, with its key wrapped under the hold's key.

    PROTECT and the foreign keys of the database stand between a held object's row and its removal.
    """

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="objects_held")
    segment = models.ForeignKey("cctv.Segment", on_delete=models.PROTECT, null=True, related_name="held")
    quarantined = models.ForeignKey(
        "cctv.Quarantined", on_delete=models.PROTECT, null=True, related_name="held"
    )
    wrapped_key = models.BinaryField(max_length=64)
    held_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["hold", "segment"],
                condition=models.Q(segment__isnull=False),
                name="held_segment_once",
            ),
            models.UniqueConstraint(
                fields=["hold", "quarantined"],
                condition=models.Q(quarantined__isnull=False),
                name="held_quarantined_once",
            ),
            models.CheckConstraint(
                condition=models.Q(segment__isnull=False, quarantined__isnull=True)
                | models.Q(segment__isnull=True, quarantined__isnull=False),
                name="held_exactly_one",
            ),
        )

    def __str__(self) -> str:
        return f"{self.hold_id} {self.segment_id or self.quarantined_id}"


class HoldGate(models.Model):
    """One row that holds and purges lock in turn, so that an object is either held or purged, never half.

    `version` moves whenever protection changes: a run that planned under another version plans anew.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    version = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.version)
