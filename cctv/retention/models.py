"""How footage ends: runs as rows, so that a run killed at any step goes on where it was.

A run's items are ranges, not copies of the catalogue: one row for each epoch it takes something
from. The segment rows themselves are the list, and each leaves in the transaction that counts it.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class RunState(models.TextChoices):
    """The steps of a purge run, in order; `paused` waits for a person, `pending` for a mirror."""

    PLANNED = "planned", _("planned")
    PAUSED = "paused", _("paused")
    STARTED = "started", _("logged as started")
    RATCHETED = "ratcheted", _("keys destroyed")
    DELETED = "deleted", _("deleted")
    PENDING = "pending", _("waiting for a mirror of the keys")
    DONE = "done", _("done")
    ABANDONED = "abandoned", _("given up: the plan no longer fits the world")


CLOSED = (RunState.DONE, RunState.ABANDONED, RunState.PENDING)


class Trigger(models.TextChoices):
    """What made a run begin."""

    AUTO = "auto", _("automatic, at the end of retention")
    MANUAL = "manual", _("started by hand")
    RELEASE = "release", _("a hold ended")
    REQUEST = "request", _("erasure on request")


class PurgeRun(models.Model):
    """One destruction: plan, digest, guards, ratchet, deletion, verification, certificate."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    state = models.CharField(max_length=12, choices=RunState, default=RunState.PLANNED)
    # True while the run is under way or paused, NULL afterwards: unique, so there is one at a time.
    is_open = models.BooleanField(null=True, default=True, unique=True)
    trigger = models.CharField(max_length=8, choices=Trigger, default=Trigger.AUTO)
    started_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    planned_at = models.DateTimeField(default=clock.now)
    # Everything of the plan expired at or before this moment.
    cutoff_at = models.DateTimeField()
    plan_sha256 = models.BinaryField(max_length=32)
    segments = models.PositiveIntegerField(default=0)
    quarantined = models.PositiveIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    # Keys of the epochs whose hour has ended: destroyed by this run's ratchet.
    key_ids = models.JSONField(default=list)
    # Keys of holds that have ended, in the records ring; of epochs whose survivors have moved to new keys.
    hold_key_ids = models.JSONField(default=list)
    retired_key_ids = models.JSONField(default=list)
    # What HoldGate.version was when the plan was made: a hold placed since then makes it plan anew.
    gate_version = models.PositiveBigIntegerField(default=0)
    records_generation_before = models.PositiveBigIntegerField(null=True)
    records_generation_after = models.PositiveBigIntegerField(null=True)
    generation_before = models.PositiveBigIntegerField(null=True)
    generation_after = models.PositiveBigIntegerField(null=True)
    ratcheted_at = models.DateTimeField(null=True)
    # Who else had to let go of the old root: [{"kind": mirror or process, "place", "confirmed", "error"}].
    mirrors = models.JSONField(default=list)
    destroyed_segments = models.PositiveIntegerField(default=0)
    destroyed_quarantined = models.PositiveIntegerField(default=0)
    destroyed_bytes = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    pause_code = models.CharField(max_length=40, blank=True, default="")
    pause_facts = models.JSONField(default=dict)
    paused_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    # Why the run stands still at the moment, from the last attempt to go on ("" when it does not).
    error_code = models.CharField(max_length=40, blank=True, default="")
    error = models.CharField(max_length=400, blank=True, default="")
    # Index of the site's own log entry by the site's id ("" for a run that concerns no site).
    started_entries = models.JSONField(default=dict)
    done_entries = models.JSONField(default=dict)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-planned_at",)
        indexes = (models.Index(fields=["state", "planned_at"], name="run_state"),)

    def __str__(self) -> str:
        return f"{self.planned_at:%Y-%m-%dT%H:%M} {self.state}"

    @property
    def digest(self) -> str:
        """The plan's SHA-256 in hex: what a person confirms the first characters of."""
        return bytes(self.plan_sha256).hex()


class PurgeItem(models.Model):
    """What one run takes from one epoch: planned, destroyed, left, and a hash tree over the destroyed.

    The tree (RFC 6962, leaves are the SHA-256 of the ciphertexts in order of destruction) goes on
    from run to run until the epoch is certified; `frontier` is its compact form.
    """

    run = models.ForeignKey(PurgeRun, on_delete=models.CASCADE, related_name="items")
    epoch = models.ForeignKey("cctv.Epoch", on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="+")
    planned_segments = models.PositiveIntegerField(default=0)
    planned_quarantined = models.PositiveIntegerField(default=0)
    planned_bytes = models.PositiveBigIntegerField(default=0)
    segments = models.PositiveIntegerField(default=0)
    quarantined = models.PositiveIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    # {camera id: [segments, bytes, first start, last end, fewest days kept, most]} of the destroyed segments.
    cameras = models.JSONField(default=dict)
    tree_size = models.PositiveIntegerField(default=0)
    frontier = models.BinaryField(default=b"")
    deleted_from = models.DateTimeField(null=True)
    deleted_until = models.DateTimeField(null=True)
    certificate = models.ForeignKey(
        "cctv.Certificate", on_delete=models.PROTECT, null=True, related_name="items"
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=["run", "epoch"], name="item_once_per_epoch"),)
        indexes = (
            models.Index(fields=["epoch"], condition=models.Q(certificate=None), name="item_uncertified"),
        )

    def __str__(self) -> str:
        return f"{self.run_id} {self.epoch_id}"


class PurgeFailure(models.Model):
    """An object that could not be deleted or whose absence could not be verified; tried again, and shown."""

    run = models.ForeignKey(PurgeRun, on_delete=models.PROTECT, related_name="failures")
    object_id = models.UUIDField(unique=True)
    kind = models.CharField(max_length=12)
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="+")
    camera = models.ForeignKey("cctv.Camera", on_delete=models.PROTECT, null=True, related_name="+")
    sealed_name = models.CharField(max_length=80)
    expired_at = models.DateTimeField()
    first_failed_at = models.DateTimeField(default=clock.now)
    attempts = models.PositiveIntegerField(default=1)
    next_attempt_at = models.DateTimeField()
    error_code = models.CharField(max_length=40)
    error = models.CharField(max_length=300)

    class Meta:
        ordering = ("first_failed_at",)

    def __str__(self) -> str:
        return f"{self.sealed_name}: {self.error_code}"


class Certificate(models.Model):
    """What was destroyed at one site, how, and what was verified; holds no personal data."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    number = models.CharField(max_length=20, unique=True)
    run = models.ForeignKey(PurgeRun, on_delete=models.PROTECT, related_name="certificates")
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="certificates")
    issued_at = models.DateTimeField(default=clock.now)
    facts = models.JSONField()
    # Over the facts in canonical JSON (RFC 8785); the same hash stands in the log.
    facts_sha256 = models.BinaryField(max_length=32)
    # A signed note (C2SP) over number and hash; see docs/formats-certificate.md.
    signature = models.TextField(blank=True, default="")
    entry = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ("-issued_at", "-sequence")
        constraints = (
            models.UniqueConstraint(fields=["year", "sequence"], name="certificate_numbered_once"),
            models.UniqueConstraint(fields=["run", "site"], name="certificate_once_per_run_and_site"),
        )

    def __str__(self) -> str:
        return self.number


class CertificateCamera(models.Model):
    """What a certificate says of one camera: to find it by camera and day."""

    certificate = models.ForeignKey(Certificate, on_delete=models.CASCADE, related_name="of_cameras")
    camera = models.ForeignKey("cctv.Camera", on_delete=models.PROTECT, related_name="certificates")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    segments = models.PositiveIntegerField()

    class Meta:
        indexes = (models.Index(fields=["camera", "starts_at"], name="certificate_camera_day"),)

    def __str__(self) -> str:
        return f"{self.certificate_id} {self.camera_id}"


class Erasure(models.Model):
    """Single segments erased before their time, because a request was granted."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="erasures")
    camera = models.ForeignKey("cctv.Camera", on_delete=models.PROTECT, related_name="erasures")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    # The request's number, never a name.
    reference = models.CharField(max_length=40)
    ground = models.CharField(max_length=40)
    # Ids of the objects asked for; null for everything that touches the span.
    only = models.JSONField(null=True)
    segments = models.PositiveIntegerField(default=0)
    quarantined = models.PositiveIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    held_back = models.PositiveIntegerField(default=0)
    decided_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(default=clock.now)
    terminal = models.CharField(max_length=64, blank=True, default="")
    # When the register was changed: from then on nothing of it opens. The decision and its entry come first.
    applied_at = models.DateTimeField(null=True)
    # The epoch keys under which older copies of the register wrap what was erased: they must go.
    key_ids = models.JSONField(default=list)
    # When the objects and the key were gone.
    done_at = models.DateTimeField(null=True)
    entry = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ("-decided_at",)

    def __str__(self) -> str:
        return f"{self.reference} {self.camera_id}"


class RuleApplication(models.Model):
    """That a retention rule has been applied to the footage that existed when it took effect."""

    rule = models.OneToOneField(
        "cctv.RetentionRule", on_delete=models.PROTECT, primary_key=True, related_name="application"
    )
    applied_at = models.DateTimeField()
    # Applied once more a while later, for what was being admitted under the old rule meanwhile.
    settled_at = models.DateTimeField(null=True)
    shortened = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.rule_id} {self.shortened}"


class Heartbeat(models.Model):
    """The last moment at which the purge saw a clock it trusted, and the last at which it ran (one row)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    at = models.DateTimeField()
    # By boot id, the last few machines that ticked: [trusted moment, how long that boot had lasted], in µs,
    # and the same of its first tick, or the first since a person vouched for the clock.
    boots = models.JSONField(default=dict)
    # Trusted or not: tells a purge that does not run from one that does not trust its clock.
    ticked_at = models.DateTimeField(default=clock.now)
    # Highest generation of the footage ring, size of the log and number of the journal's last line seen, and
    # when the ring's keys were last held against the epochs: a register that knows less than these do was put
    # back from a backup (see `witnesses`).
    footage_generation = models.PositiveBigIntegerField(default=0)
    log_size = models.PositiveBigIntegerField(default=0)
    journal_number = models.PositiveBigIntegerField(default=0)
    keys_seen_at = models.DateTimeField(null=True)
    # Why holds cannot be looked after, from the last attempt ("" when they can), and since when.
    untended = models.CharField(max_length=400, blank=True, default="")
    untended_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%dT%H:%M:%S}"
