"""Decisions on requests: proposed by one person, approved by another, told in a letter."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class Outcome(models.TextChoices):
    """What is answered."""

    GRANTED = "granted", _("granted")
    PARTLY = "partly", _("granted in part")
    REFUSED = "refused", _("refused")
    POSTPONED = "postponed", _("postponed")
    NONE_HELD = "none_held", _("we hold no such footage")


class DecisionState(models.TextChoices):
    """Where a decision stands; SENT is final."""

    PROPOSED = "proposed", _("waiting for the second person")
    RETURNED = "returned", _("given back")
    SENT = "sent", _("sent")


class Decision(models.Model):
    """One answer. Its text is sealed under the request's key; grounds are codes of the jurisdiction."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    request = models.ForeignKey("cctv.SubjectRequest", on_delete=models.CASCADE, related_name="decisions")
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    grounds = models.JSONField(default=list)  # codes (O28, O32)
    # {"text", "searched", "remark"}, sealed.
    details = models.BinaryField(default=b"")
    # The letter as it was sent: a PDF, sealed under the request's key.
    letter = models.BinaryField(default=b"")
    postponed_until = models.DateTimeField(null=True)
    state = models.CharField(max_length=8, choices=DecisionState, default=DecisionState.PROPOSED)
    proposed_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=clock.now)
    approved_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField(null=True)
    entry = models.PositiveBigIntegerField(null=True)
    # The redacted copies that are granted; their results are pinned when it is proposed: {"<pk>": sha256}.
    redactions = models.ManyToManyField("cctv.Redaction", related_name="decisions")
    results = models.JSONField(default=dict)
    # What was carried out with it: {"erasure": id, "restriction": id, "watched": {...}}; ids and numbers.
    done = models.JSONField(default=dict)

    class Meta:
        ordering = ("proposed_at",)

    def __str__(self) -> str:
        return f"{self.request_id} {self.outcome}"
