"""How a requester gets to see what was granted: over the portal with a code, or on site with a witness."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class DeliveryWay(models.TextChoices):
    """How it is shown."""

    PORTAL = "portal", _("through the portal")
    ON_SITE = "on_site", _("shown on site")


class Delivery(models.Model):
    """One redacted copy for the requester; it ends on its own."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    request = models.ForeignKey("cctv.SubjectRequest", on_delete=models.CASCADE, related_name="deliveries")
    decision = models.ForeignKey("cctv.Decision", on_delete=models.PROTECT, related_name="deliveries")
    redaction = models.ForeignKey("cctv.Redaction", on_delete=models.PROTECT, related_name="deliveries")
    result_sha256 = models.CharField(max_length=64)
    way = models.CharField(max_length=8, choices=DeliveryWay)
    made_at = models.DateTimeField(default=clock.now)
    made_entry = models.PositiveBigIntegerField(null=True)
    open_until = models.DateTimeField()
    code_salt = models.BinaryField(max_length=16, default=b"")
    code_hash = models.BinaryField(max_length=64, default=b"")
    # A code by mail is good for minutes, one from hand to hand as long as the copy.
    code_until = models.DateTimeField(null=True)
    attempts_left = models.PositiveSmallIntegerField(default=5)
    downloads_left = models.PositiveSmallIntegerField(default=3)
    fetched_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("made_at",)

    def __str__(self) -> str:
        return f"{self.request_id} {self.way}"


class DeliverySending(models.Model):
    """One beginning of a download, stream or showing; its entry was durable before its first byte."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="sendings")
    began_at = models.DateTimeField(default=clock.now)
    terminal = models.CharField(max_length=64, blank=True, default="")
    entry = models.PositiveBigIntegerField(null=True)
    sent_bytes = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ("began_at",)

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.began_at:%Y-%m-%dT%H:%M}"


class AppointmentState(models.TextChoices):
    """Where an appointment stands."""

    PROPOSED = "proposed", _("proposed")
    AGREED = "agreed", _("agreed")
    KEPT = "kept", _("kept")
    MISSED = "missed", _("missed")
    CANCELLED = "cancelled", _("cancelled")


class Appointment(models.Model):
    """A visit: to show who one is, or to be shown the footage (O23)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    request = models.ForeignKey("cctv.SubjectRequest", on_delete=models.CASCADE, related_name="appointments")
    at = models.DateTimeField(_("time"))
    place = models.CharField(_("place"), max_length=200)
    state = models.CharField(max_length=9, choices=AppointmentState, default=AppointmentState.PROPOSED)
    proposed_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    # Who supervised, when it was shown, and that the visitor signed for it.
    supervised_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    attended_at = models.DateTimeField(null=True)
    signed = models.BooleanField(default=False)
    entry = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ("at",)

    def __str__(self) -> str:
        return f"{self.request_id} {self.at:%Y-%m-%dT%H:%M}"
