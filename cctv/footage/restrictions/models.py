"""Footage that may be kept but not used for a while (O30; GDPR article 18)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class RestrictionGround(models.TextChoices):
    """Why footage may not be used."""

    CORRECTION = "correction", _("A correction is pending")
    SUSPENSION = "suspension", _("The person asked to suspend the use")
    OBJECTION = "objection", _("An objection is being looked at")
    DISPUTE = "dispute", _("It is disputed whether it may be kept")
    OTHER = "other", _("Another ground")


class Restriction(models.Model):
    """No picture of these cameras and this span is shown to anybody until it is lifted."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="restrictions")
    cameras = models.ManyToManyField("cctv.Camera", related_name="restrictions")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ground = models.CharField(_("ground"), max_length=20, choices=RestrictionGround)
    reference = models.CharField(_("reference"), max_length=40, blank=True)
    reason = models.CharField(_("reason"), max_length=300)
    placed_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(default=clock.now)
    placed_entry = models.PositiveBigIntegerField(null=True)
    lifted_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    lift_reason = models.CharField(_("reason"), max_length=300, blank=True)
    lifted_entry = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ("-placed_at",)
        indexes = (
            models.Index(
                fields=["site", "starts_at"],
                condition=models.Q(lifted_at__isnull=True),
                name="restriction_in_force",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="restriction_span_forward"
            ),
        )

    def __str__(self) -> str:
        return f"{self.site_id} {self.starts_at:%Y-%m-%dT%H:%M:%S}"
