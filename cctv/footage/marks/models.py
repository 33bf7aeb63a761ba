"""What people keep of footage while it lasts: stills, sealed, and bookmarks with a note."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class Still(models.Model):
    """A picture taken in a viewing and kept, sealed under its segment's own key: it dies with the segment."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    segment = models.ForeignKey("cctv.Segment", on_delete=models.CASCADE, related_name="stills")
    session = models.ForeignKey("cctv.ViewingSession", on_delete=models.PROTECT, related_name="stills")
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="+")
    camera = models.ForeignKey("cctv.Camera", on_delete=models.PROTECT, related_name="stills")
    taken_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    case = models.CharField(_("case"), max_length=40, blank=True)
    reason = models.CharField(_("reason"), max_length=300)
    taken_at = models.DateTimeField(default=clock.now)
    entry_index = models.PositiveBigIntegerField()
    # The JPEG, sealed (vault.seal_fact, part "still"): there are few, and they are small.
    sealed = models.BinaryField()

    class Meta:
        ordering = ("-taken_at",)
        indexes = (models.Index(fields=["site", "-taken_at"], name="still_by_site"),)

    def __str__(self) -> str:
        return f"{self.camera_id} {self.at:%Y-%m-%dT%H:%M:%S}"


class Bookmark(models.Model):
    """A moment, or a stretch, of one camera that somebody noted; it goes when the footage has gone."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="bookmarks")
    camera = models.ForeignKey("cctv.Camera", on_delete=models.PROTECT, related_name="bookmarks")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()  # of a moment: one millisecond later
    note = models.CharField(_("note"), max_length=300)
    case = models.CharField(_("case"), max_length=40, blank=True)
    made_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, related_name="bookmarks")
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("starts_at",)
        indexes = (models.Index(fields=["camera", "starts_at"], name="bookmark_by_camera"),)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="bookmark_span_forward"
            ),
        )

    def __str__(self) -> str:
        return f"{self.camera_id} {self.starts_at:%Y-%m-%dT%H:%M:%S}"

    @property
    def is_moment(self) -> bool:
        """Whether it is of one moment, not of a stretch."""
        return self.ends_at - self.starts_at <= timedelta(milliseconds=1)
