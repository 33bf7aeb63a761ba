"""Lines of the ledger (KR form 3): use, provision, reading and destruction of footage."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class LedgerKind(models.TextChoices):
    """The four acts that are written down (O13 to O16)."""

    USE = "USE", _("use for another purpose")
    PROVIDE = "PROVIDE", _("provision to a third party")
    READ = "READ", _("reading")
    DESTROY = "DESTROY", _("destruction")


class LedgerLine(models.Model):
    """One line, never changed and never deleted before its time; numbers have no gaps within a year."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=LedgerKind)
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="ledger_lines")
    at = models.DateTimeField(default=clock.now)
    # What it concerns ("K1 entrance, 3 cameras") and in which form ("sealed video", "print", "USB").
    item = models.CharField(max_length=300)
    form = models.CharField(max_length=80)
    handler = models.CharField(max_length=120)
    reason = models.CharField(max_length=300)
    recipient = models.CharField(max_length=200, blank=True, default="")
    ground = models.CharField(max_length=200, blank=True, default="")
    provided_as = models.CharField(max_length=120, blank=True, default="")
    footage_from = models.DateTimeField(null=True)
    footage_to = models.DateTimeField(null=True)
    # Of automatic destruction: the cycle, and the time it was checked.
    cycle = models.CharField(max_length=120, blank=True, default="")
    checked_at = models.DateTimeField(null=True)
    # What made it ("certificate DC-2026-0001", "medium M-2026-0003"): writing it again adds nothing.
    source = models.CharField(max_length=60, unique=True)
    entry = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ("-year", "-sequence")
        constraints = (models.UniqueConstraint(fields=["year", "sequence"], name="ledger_numbered_once"),)
        indexes = (models.Index(fields=["site", "-at"], name="ledger_site_at"),)

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """As it is cited: "L-2026-000001"."""
        return f"L-{self.year}-{self.sequence:06d}"
