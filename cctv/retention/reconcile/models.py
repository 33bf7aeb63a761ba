"""What a reconciliation looked at and what it found."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id

# In `counts`: {site id: 0} of a check that looked at one site only.
ONLY_SITE = "only_site"


class Depth(models.TextChoices):
    """What a reconciliation costs: names only, names and sizes, or every byte read and hashed."""

    PRESENCE = "presence", _("presence")
    SIZE = "size", _("presence and size")
    HASH = "hash", _("every byte")


class FsckRunQuerySet(models.QuerySet["FsckRun"]):
    """Checks."""

    def whole(self) -> "FsckRunQuerySet":
        """Those that ended and looked at everything: only these say how the installation stands."""
        return self.filter(finished_at__isnull=False).exclude(counts__has_key=ONLY_SITE)


class FsckRun(models.Model):
    """One reconciliation of register, store and keyring."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    depth = models.CharField(max_length=10, choices=Depth, default=Depth.PRESENCE)
    started_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True)
    started_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    rows = models.PositiveIntegerField(default=0)
    stored = models.PositiveIntegerField(default=0)
    keys = models.PositiveIntegerField(default=0)
    foreign = models.PositiveIntegerField(default=0)
    # {finding code: {site id, or "" for what is no site's: how many}}
    counts = models.JSONField(default=dict)
    repaired = models.JSONField(default=dict)
    # Why it stopped or refused to repair ("" when it did neither).
    error_code = models.CharField(max_length=40, blank=True, default="")
    error = models.CharField(max_length=400, blank=True, default="")
    entry = models.PositiveBigIntegerField(null=True)

    objects = FsckRunQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at",)

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%dT%H:%M} {self.depth}"


class FsckFinding(models.Model):
    """One thing that does not fit; of many of a kind, the first ones."""

    run = models.ForeignKey(FsckRun, on_delete=models.CASCADE, related_name="findings")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, null=True, related_name="+")
    camera = models.ForeignKey("cctv.Camera", on_delete=models.PROTECT, null=True, related_name="+")
    facts = models.JSONField(default=dict)
    repaired_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """What was recorded, where it is about a recording."""
        if "from" not in self.facts:
            return None
        return clock.parse_rfc3339(self.facts["from"]), clock.parse_rfc3339(self.facts["to"])
