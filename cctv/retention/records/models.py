"""How long records about footage are kept: the log's bodies, the ledger, certificates; and their ends."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class RecordClass(models.TextChoices):
    """What ends together (domain.md, section 6). The values are also the log's retention classes."""

    ACCESS = "access", _("Access log")
    PERMISSION = "permission", _("Accounts and permissions")
    LEDGER = "ledger", _("Ledger, destruction and provision")


class RecordRule(models.Model):
    """For how many months records of a class are kept, from a day on; the newest in force counts."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    record_class = models.CharField(max_length=12, choices=RecordClass)
    months = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=300)
    effective_from = models.DateTimeField()
    created_at = models.DateTimeField(default=clock.now, editable=False)
    created_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(months__gte=1), name="record_rule_some_time"),
        )
        indexes = (models.Index(fields=["record_class", "effective_from"], name="record_rule_in_force"),)

    def __str__(self) -> str:
        return f"{self.record_class} {self.months}"


class RecordErasure(models.Model):
    """An end of records: what the log said up to a month was erased; its certificate's facts."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    number = models.CharField(max_length=20, unique=True)
    record_class = models.CharField(max_length=12, choices=RecordClass)
    # The first month that is kept, "YYYY-MM" (UTC), and the log's size below which bodies of the class went.
    kept_from = models.CharField(max_length=7)
    below = models.PositiveBigIntegerField()
    state = models.CharField(max_length=12, default="started")
    started_at = models.DateTimeField(default=clock.now)
    issued_at = models.DateTimeField(null=True)
    facts = models.JSONField(default=dict)
    facts_sha256 = models.BinaryField(max_length=32, default=b"")
    signature = models.TextField(blank=True, default="")
    # Its entries of the log: `log.prune`, and the certificate's.
    prune_entry = models.PositiveBigIntegerField(null=True)
    entry = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ("-started_at",)
        constraints = (
            models.UniqueConstraint(fields=["year", "sequence"], name="record_erasure_numbered_once"),
            models.UniqueConstraint(fields=["record_class", "kept_from"], name="record_erasure_once"),
        )

    def __str__(self) -> str:
        return self.number
