"""Epochs: what ends together has one key. The keys themselves never lie in a database."""

from django.db import models

from cctv.core import clock
from cctv.core.ids import new_id


class EpochState(models.TextChoices):
    """`live` while objects are sealed under its key; `retired` once its survivors have moved to another key
    and its own waits for the next ratchet; `destroyed` once a ratchet took it."""

    LIVE = "live"
    RETIRED = "retired"
    DESTROYED = "destroyed"


class Epoch(models.Model):
    """A site and the UTC hour in which its footage expires; `key_id` names its key in the ring."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="epochs")
    expires_hour = models.DateTimeField()
    key_id = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=10, choices=EpochState, default=EpochState.LIVE)
    created_at = models.DateTimeField(default=clock.now)
    destroyed_at = models.DateTimeField(null=True)
    # Something has left before its hour (erased on request, or a shorter rule): old copies of the register
    # still wrap its key under this epoch's, so the survivors move to a new key and this one is destroyed.
    needs_new_key = models.BooleanField(default=False)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["site", "expires_hour"],
                condition=models.Q(state="live"),
                name="epoch_one_live_per_site_hour",
            ),
        )
        indexes = (
            models.Index(fields=["state", "expires_hour"], name="epoch_state_hour"),
            models.Index(
                fields=["expires_hour"], condition=models.Q(needs_new_key=True), name="epoch_needs_new_key"
            ),
        )

    def __str__(self) -> str:
        return f"{self.site_id} {self.expires_hour:%Y-%m-%dT%H}"
