"""Where segments come from, and what could not be admitted."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class Recorder(models.Model):
    """A machine that uploads segments for its own cameras with a token; it can read nothing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="recorders")
    name = models.CharField(_("name"), max_length=120)
    # SHA-256 of the token: the token itself is shown once and kept nowhere.
    token_sha256 = models.BinaryField(max_length=32, unique=True)
    cameras = models.ManyToManyField("cctv.Camera", related_name="recorders", verbose_name=_("cameras"))
    created_at = models.DateTimeField(default=clock.now, editable=False)
    last_seen_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class SourceLayout(models.TextChoices):
    """The recorder layouts that are read out of the box (recorders.md)."""

    FFMPEG = "ffmpeg", _("ffmpeg segments (strftime)")
    MEDIAMTX = "mediamtx", _("MediaMTX recordings")
    FRIGATE = "frigate", _("Frigate recordings")


class Source(models.Model):
    """A watched folder. Its time zone belongs to it, not to the system."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="sources")
    name = models.CharField(_("name"), max_length=120)
    layout = models.CharField(_("layout"), max_length=20, choices=SourceLayout)
    folder = models.CharField(_("folder"), max_length=400, unique=True)
    # One camera for a folder without camera names in its paths; else names map to cameras by code.
    camera = models.ForeignKey(
        "cctv.Camera",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="sources",
        verbose_name=_("camera"),
    )
    # {"name in the path": "camera code"} for recorders that name cameras in their own way.
    camera_names = models.JSONField(_("camera names"), default=dict, blank=True)
    # strftime-like file pattern; empty means the layout's usual one.
    pattern = models.CharField(_("file name pattern"), max_length=200, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    settle_seconds = models.PositiveIntegerField(
        _("seconds without change before a file counts as closed"), default=4
    )
    skew_tolerance_seconds = models.PositiveIntegerField(_("clock tolerance in seconds"), default=120)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    last_swept_at = models.DateTimeField(null=True, editable=False)
    last_error_code = models.CharField(max_length=40, blank=True, default="", editable=False)
    last_error = models.CharField(max_length=400, blank=True, default="", editable=False)
    # When the marker file was written into the folder; a later folder without it is the wrong one.
    marked_at = models.DateTimeField(null=True, editable=False)
    last_segment_at = models.DateTimeField(null=True, editable=False)
    # From the end of the newest segment to its row, in milliseconds.
    last_lag_ms = models.IntegerField(null=True, editable=False)
    waiting_files = models.PositiveIntegerField(default=0, editable=False)
    foreign_files = models.PositiveIntegerField(default=0, editable=False)
    # One worker sweeps a folder at a time; a lease that ran out is free again.
    lease_until = models.DateTimeField(null=True, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Quarantined(models.Model):
    """Something that could not be admitted: sealed too, with its reason, and it expires like footage."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="quarantined")
    camera = models.ForeignKey("cctv.Camera", on_delete=models.PROTECT, null=True, related_name="quarantined")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, null=True, related_name="quarantined")
    epoch = models.ForeignKey("cctv.Epoch", on_delete=models.PROTECT, related_name="quarantined")
    original_name = models.CharField(max_length=400)
    reason_code = models.CharField(max_length=40)
    reason = models.CharField(max_length=400)
    received_at = models.DateTimeField(default=clock.now)
    claimed_start = models.DateTimeField(null=True)
    # When the recorder last wrote the file: settles a repeated hour, also at a later try.
    modified_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    size_bytes = models.PositiveBigIntegerField()
    sealed_name = models.CharField(max_length=80, unique=True)
    wrapped_key = models.BinaryField(max_length=64)
    ciphertext_sha256 = models.BinaryField(max_length=32)
    duplicate_tag = models.BinaryField(max_length=32)

    class Meta:
        ordering = ("-received_at",)
        indexes = (models.Index(fields=["expires_at"], name="quarantine_expiry"),)
        constraints = (models.UniqueConstraint(fields=["site", "duplicate_tag"], name="quarantined_once"),)

    def __str__(self) -> str:
        return self.original_name


class HourRoot(models.Model):
    """The Merkle root over what a camera's segments of one hour of ingest were; its entry is in the log.

    An export proves by it that its footage is what came in. `leaves` are the segments' `ingest_leaf`s in the
    tree's order, 32 bytes each; they say nothing once a segment's key is gone.
    """

    camera = models.ForeignKey("cctv.Camera", on_delete=models.PROTECT, related_name="hour_roots")
    hour = models.DateTimeField()
    root = models.BinaryField(max_length=32)
    leaves = models.BinaryField()
    entry = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["camera", "hour"], name="hour_root_once"),)
        indexes = (models.Index(fields=["hour"], name="hour_root_hour"),)

    def __str__(self) -> str:
        return f"{self.camera_id} {self.hour:%Y-%m-%dT%H}"
