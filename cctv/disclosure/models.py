"""Prints and media that carry footage or personal data: who has them, and how they ended (O19, O22)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class MediumKind(models.TextChoices):
    """What it is."""

    PRINT = "print", _("print on paper")
    USB = "usb", _("USB stick")
    DISC = "disc", _("CD, DVD or Blu-ray")
    DISK = "disk", _("disk drive")
    CARD = "card", _("memory card")
    OTHER = "other", _("other")


class MediumState(models.TextChoices):
    """Where it is in its life."""

    KEPT = "kept", _("kept here")
    HANDED_OVER = "handed", _("handed over")
    RETURNED = "returned", _("returned")
    DESTROYED = "destroyed", _("destroyed")


class Destroyed(models.TextChoices):
    """How it was destroyed."""

    SHREDDED = "shredded", _("shredded")
    BURNT = "burnt", _("burnt")
    CRUSHED = "crushed", _("physically destroyed")
    ERASED = "erased", _("erased, and looked at afterwards")


class Medium(models.Model):
    """One print or medium; personal data about who has it is sealed (`details`)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.CharField(max_length=20, unique=True)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="media")
    kind = models.CharField(_("kind"), max_length=8, choices=MediumKind)
    serial = models.CharField(_("serial number or mark"), max_length=80, blank=True)
    copies = models.PositiveSmallIntegerField(_("copies"), default=1)
    description = models.CharField(_("what is on it"), max_length=300)
    case = models.CharField(_("case"), max_length=40, blank=True)
    camera = models.ForeignKey(
        "cctv.Camera", on_delete=models.PROTECT, null=True, blank=True, related_name="media",
        verbose_name=_("camera"),
    )  # fmt: skip
    footage_from = models.DateTimeField(null=True, blank=True)
    footage_to = models.DateTimeField(null=True, blank=True)
    purpose = models.CharField(_("purpose"), max_length=200)
    state = models.CharField(max_length=10, choices=MediumState, default=MediumState.KEPT)
    made_at = models.DateTimeField(default=clock.now)
    made_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, related_name="+")
    # When it has to be back or destroyed; overdue ones are shown.
    due_at = models.DateTimeField(null=True, blank=True)
    handed_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)
    destroyed_at = models.DateTimeField(null=True)
    destroyed_how = models.CharField(max_length=10, choices=Destroyed, blank=True, default="")
    destroyed_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    witness = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    # {"handed_to", "contact", "ground", "witness"} as canonical JSON, sealed under the key of its year.
    details_key_id = models.CharField(max_length=64, blank=True, default="")
    details = models.BinaryField(default=b"")

    class Meta:
        ordering = ("-made_at",)
        constraints = (models.UniqueConstraint(fields=["year", "sequence"], name="medium_numbered_once"),)

    def __str__(self) -> str:
        return self.number
