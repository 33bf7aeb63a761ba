"""The catalogue of sealed segments, and who is looking at them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class Segment(models.Model):
    """One recorded segment, sealed. Media, index and thumbnail share its key; it dies with its epoch."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    camera = models.ForeignKey("cctv.Camera", on_delete=models.PROTECT, related_name="segments")
    epoch = models.ForeignKey("cctv.Epoch", on_delete=models.PROTECT, related_name="segments")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    container = models.CharField(max_length=12)
    codec = models.CharField(max_length=12)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    frames = models.PositiveIntegerField()
    size_bytes = models.PositiveBigIntegerField()
    index_size_bytes = models.PositiveIntegerField()
    # Which stream configuration it plays with: segments with the same one share an init segment.
    stream_id = models.CharField(max_length=16, default="")
    # The table of its parts, as footage.playlist packs it: at least one.
    parts = models.BinaryField(default=b"")
    # 0 until the thumbnail job has run; -1 when no thumbnail can be made.
    thumb_size_bytes = models.IntegerField(default=0)
    # What moved in each second, sealed under the segment's key (vault.seal_fact, part "motion"): null until
    # the job has looked, empty when it cannot be told.
    motion = models.BinaryField(null=True)
    sealed_name = models.CharField(max_length=80, unique=True)
    wrapped_key = models.BinaryField(max_length=64)
    ciphertext_sha256 = models.BinaryField(max_length=32)
    # Its leaf in the tree of its hour (ingest.HourRoot); null for what came in before there were trees.
    ingest_leaf = models.BinaryField(max_length=32, null=True)
    duplicate_tag = models.BinaryField(max_length=32)
    # What sound the recorder delivered ("" for none) and whether the stored copy still has it.
    source_audio = models.CharField(max_length=20, blank=True, default="")
    audio_kept = models.BooleanField(default=False)
    # Name's time against the file's own clock, where the source tells both.
    clock_skew_ms = models.IntegerField(null=True)
    out_of_schedule = models.BooleanField(default=False)
    ingested_at = models.DateTimeField(default=clock.now)
    ingested_from = models.CharField(max_length=20, default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["camera", "duplicate_tag"], name="segment_once"),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="segment_span_forward"
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gte=models.F("ends_at")), name="segment_expires_after_end"
            ),
        )
        indexes = (
            # Holds all that a timeline is drawn of, so that a month of cameras is read from the index alone.
            models.Index(
                fields=["camera", "starts_at", "ends_at", "expires_at", "out_of_schedule"],
                name="segment_timeline",
            ),
            models.Index(fields=["expires_at"], name="segment_expiry"),
            models.Index(fields=["camera", "ingested_at"], name="segment_by_hour"),
            models.Index(fields=["id"], condition=models.Q(thumb_size_bytes=0), name="segment_no_thumb"),
            models.Index(fields=["id"], condition=models.Q(motion__isnull=True), name="segment_no_motion"),
        )

    def __str__(self) -> str:
        return f"{self.camera_id} {self.starts_at:%Y-%m-%dT%H:%M:%S}"


class ErasedSpan(models.Model):
    """A segment erased on request: the same recording is not admitted again while it would have lived.

    Holds no picture and no name; the row goes when the segment's own retention would have ended.
    """

    camera = models.ForeignKey("cctv.Camera", on_delete=models.PROTECT, related_name="erased")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["camera", "starts_at", "ends_at"], name="erased_once"),
        )
        indexes = (models.Index(fields=["until"], name="erased_until"),)

    def __str__(self) -> str:
        return f"{self.camera_id} {self.starts_at:%Y-%m-%dT%H:%M:%S}"


class CloseReason(models.TextChoices):
    """Why a viewing ended."""

    USER = "user", _("closed by the viewer")
    IDLE = "idle", _("nobody was watching any more")
    ENDED = "ended", _("its time was up")
    REVOKED = "revoked", _("the permission ended")


class ViewingSession(models.Model):
    """Somebody looks at some cameras for a stated purpose; each one has its entry before its first byte."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    actor = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, related_name="viewings")
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="viewings")
    purpose = models.ForeignKey("cctv.Purpose", on_delete=models.PROTECT, related_name="+")
    purpose_text = models.CharField(_("reason"), max_length=300, blank=True)
    # Opened from a hold: shows what it holds, also past its retention, and nothing else.
    hold = models.ForeignKey("cctv.Hold", on_delete=models.PROTECT, null=True, related_name="viewings")
    case = models.CharField(_("case"), max_length=40, blank=True)
    cameras = models.ManyToManyField("cctv.Camera", related_name="viewings")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    terminal = models.CharField(max_length=64, blank=True)
    opened_at = models.DateTimeField(default=clock.now)
    # After this the session serves nothing more, whatever happens to the row.
    valid_until = models.DateTimeField()
    last_active_at = models.DateTimeField(default=clock.now)
    closed_at = models.DateTimeField(null=True)
    close_reason = models.CharField(max_length=10, choices=CloseReason, blank=True, default="")
    opened_entry = models.PositiveBigIntegerField(null=True)
    closed_entry = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ("-opened_at",)
        indexes = (models.Index(fields=["actor", "-opened_at"], name="viewing_actor"),)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="viewing_span_forward"
            ),
        )

    def __str__(self) -> str:
        return f"{self.actor_id} {self.opened_at:%Y-%m-%dT%H:%M}"


class CoveredSpan(models.Model):
    """A stretch of one camera that a durable entry (`kind`) reserves for a session."""

    session = models.ForeignKey(ViewingSession, on_delete=models.CASCADE, related_name="covered")
    camera = models.ForeignKey("cctv.Camera", on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    kind = models.CharField(max_length=20, default="view.covered")
    entry_index = models.PositiveBigIntegerField()

    class Meta:
        indexes = (models.Index(fields=["session", "camera", "kind", "starts_at"], name="covered_lookup"),)

    def __str__(self) -> str:
        return f"{self.starts_at:%H:%M:%S}-{self.ends_at:%H:%M:%S}"


class ViewedSpan(models.Model):
    """A stretch of one camera whose bytes were sent in a session, merged as they follow each other."""

    session = models.ForeignKey(ViewingSession, on_delete=models.CASCADE, related_name="sent")
    camera = models.ForeignKey("cctv.Camera", on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    kind = models.CharField(max_length=10, default="video")

    class Meta:
        ordering = ("camera", "starts_at")
        indexes = (models.Index(fields=["session", "camera", "starts_at"], name="viewed_lookup"),)

    def __str__(self) -> str:
        return f"{self.starts_at:%H:%M:%S}-{self.ends_at:%H:%M:%S}"
