"""How footage ends: runs as rows, so that a run killed at any step goes on where it was."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class RunState(models.TextChoices):
    """The steps of a purge run, in order; `paused` waits for a person."""

    PLANNED = "planned", _("planned")
    PAUSED = "paused", _("paused")
    STARTED = "started", _("logged as started")
    RATCHETED = "ratcheted", _("keys destroyed")
    DELETED = "deleted", _("deleted")
    DONE = "done", _("done")
    ABANDONED = "abandoned", _("given up: the plan no longer fits the world")


class PurgeRun(models.Model):
    """One destruction: plan, digest, guards, ratchet, deletion, verification, certificate."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    state = models.CharField(max_length=12, choices=RunState, default=RunState.PLANNED)
    planned_at = models.DateTimeField(default=clock.now)
    # Everything of the plan expired before this moment.
    cutoff_at = models.DateTimeField()
    plan_sha256 = models.BinaryField(max_length=32)
    segments = models.PositiveIntegerField(default=0)
    quarantined = models.PositiveIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    key_ids = models.JSONField(default=list)
    generation_before = models.PositiveBigIntegerField(null=True)
    generation_after = models.PositiveBigIntegerField(null=True)
    failed = models.PositiveIntegerField(default=0)
    pause_code = models.CharField(max_length=40, blank=True, default="")
    pause_reason = models.CharField(max_length=400, blank=True, default="")
    started_entry = models.PositiveBigIntegerField(null=True)
    done_entry = models.PositiveBigIntegerField(null=True)
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-planned_at",)
        indexes = (models.Index(fields=["state", "planned_at"], name="run_state"),)

    def __str__(self) -> str:
        return f"{self.planned_at:%Y-%m-%dT%H:%M} {self.state}"


class ItemState(models.TextChoices):
    """`pending` until the object is verifiably absent; `failed` ones are tried again and alarm."""

    PENDING = "pending"
    GONE = "gone"
    FAILED = "failed"


class PurgeItem(models.Model):
    """One segment or quarantined object of a run; rows of `gone` items leave with the certificate."""

    run = models.ForeignKey(PurgeRun, on_delete=models.CASCADE, related_name="items")
    kind = models.CharField(max_length=12)
    object_id = models.UUIDField()
    sealed_name = models.CharField(max_length=80)
    camera_id = models.UUIDField(null=True)
    site_id = models.UUIDField()
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    size_bytes = models.PositiveBigIntegerField()
    ciphertext_sha256 = models.BinaryField(max_length=32)
    state = models.CharField(max_length=8, choices=ItemState, default=ItemState.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=clock.now)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        indexes = (models.Index(fields=["run", "state"], name="item_run_state"),)
        constraints = (models.UniqueConstraint(fields=["run", "object_id"], name="item_once_per_run"),)

    def __str__(self) -> str:
        return f"{self.sealed_name} {self.state}"


class Certificate(models.Model):
    """What was destroyed, how, and what was verified; holds no personal data."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.CharField(max_length=20, unique=True)
    run = models.ForeignKey(PurgeRun, on_delete=models.PROTECT, related_name="certificates")
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="certificates")
    issued_at = models.DateTimeField(default=clock.now)
    facts = models.JSONField()
    facts_sha256 = models.BinaryField(max_length=32)

    class Meta:
        ordering = ("-issued_at", "number")

    def __str__(self) -> str:
        return self.number


class Heartbeat(models.Model):
    """The last moment at which the purge saw a clock it trusted (one row)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%dT%H:%M:%S}"
