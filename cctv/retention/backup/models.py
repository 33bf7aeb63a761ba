"""Backups made the documented way, so that certificates can say what they may still hold."""

from django.db import models

from cctv.core import clock
from cctv.core.ids import new_id


class Backup(models.Model):
    """One backup: when, where to, until when it may exist, and the generations of the keyrings in it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    made_at = models.DateTimeField(default=clock.now)
    place = models.CharField(max_length=400)
    # When whoever keeps it has promised to delete it.
    expires_at = models.DateTimeField()
    footage_generation = models.PositiveBigIntegerField()
    records_generation = models.PositiveBigIntegerField()
    log_size = models.PositiveBigIntegerField()
    held_objects = models.PositiveIntegerField(default=0)
    size_bytes = models.PositiveBigIntegerField(default=0)
    manifest_sha256 = models.BinaryField(max_length=32)
    # Somebody said that it no longer exists, or this installation deleted it.
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-made_at",)

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%dT%H:%M} {self.place}"


class Restore(models.Model):
    """That this register was put back from a backup, and what was replayed into it before it served."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    restored_at = models.DateTimeField(default=clock.now)
    backup_id = models.UUIDField()
    backup_made_at = models.DateTimeField()
    replayed = models.JSONField(default=dict)
    finished_at = models.DateTimeField(null=True)
    entry = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ("-restored_at",)

    def __str__(self) -> str:
        return f"{self.restored_at:%Y-%m-%dT%H:%M}"
