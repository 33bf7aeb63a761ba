"""Epochs: what ends together has one key. The keys themselves never lie in a database."""

from django.db import models

from cctv.core import clock
from cctv.core.ids import new_id


class EpochState(models.TextChoices):
    """`live` while its key is in the keyring, `destroyed` once a ratchet took the key."""

    LIVE = "live"
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

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["site", "expires_hour"],
                condition=models.Q(state="live"),
                name="epoch_one_live_per_site_hour",
            ),
        )
        indexes = (models.Index(fields=["state", "expires_hour"], name="epoch_state_hour"),)

    def __str__(self) -> str:
        return f"{self.site_id} {self.expires_hour:%Y-%m-%dT%H}"
