"""How a package reaches its recipient: links and media, each sending, and what recipients are told."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class Way(models.TextChoices):
    """How it is handed over."""

    LINK = "link", _("one-time link with a code")
    MEDIUM = "medium", _("registered medium")


class Sealing(models.TextChoices):
    """How the handed-over copy is encrypted."""

    PLAIN = "plain", _("not encrypted: a plain ZIP")
    AGE_KEY = "age", _("to the recipient's age key")
    PASS_PHRASE = "phrase", _("with a pass-phrase that is told separately")


class HandOver(models.Model):
    """One copy for one recipient. The link's token and its code are kept as hashes only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    export = models.ForeignKey("cctv.Export", on_delete=models.PROTECT, related_name="handovers")
    copy = models.PositiveSmallIntegerField()  # copy number, from 1
    way = models.CharField(max_length=8, choices=Way)
    sealing = models.CharField(max_length=8, choices=Sealing, default=Sealing.PLAIN)
    # An age recipient (public): the recipient's own, or that of a key made for this copy, which is enclosed
    # sealed by the pass-phrase (`details`). The pass-phrase itself is kept nowhere.
    age_recipient = models.CharField(max_length=120, blank=True, default="")
    medium = models.ForeignKey("cctv.Medium", on_delete=models.PROTECT, null=True, related_name="handovers")
    made_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    made_entry = models.PositiveBigIntegerField(null=True)
    token_sha256 = models.CharField(max_length=64, blank=True, default="", db_index=True)
    code_salt = models.BinaryField(max_length=16, default=b"")
    code_hash = models.BinaryField(max_length=64, default=b"")
    open_until = models.DateTimeField(null=True)
    attempts_left = models.PositiveSmallIntegerField(default=5)
    downloads_left = models.PositiveSmallIntegerField(default=1)
    ended_at = models.DateTimeField(null=True)
    # When the recipient has signed for it, and when they said that it was destroyed or gave it back.
    received_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)
    # {"person", "contact", "key"} sealed under the package's key: gone with it.
    details = models.BinaryField(default=b"")

    class Meta:
        ordering = ("made_at",)
        constraints = (models.UniqueConstraint(fields=["export", "copy"], name="handover_copy_once"),)

    def __str__(self) -> str:
        return f"{self.export_id} {self.copy}"


class Sending(models.Model):
    """One download or writing of a copy, or another beginning of one that broke: its entries were durable
    before the first byte."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    handover = models.ForeignKey(HandOver, on_delete=models.PROTECT, related_name="sendings")
    at = models.DateTimeField(default=clock.now)
    terminal = models.CharField(max_length=64, blank=True, default="")
    first_entry = models.PositiveBigIntegerField(null=True)
    # Whose it is: what a browser got for the right code, or the account that writes a medium. They may go on
    # with it when it broke; nobody else may.
    grant = models.UUIDField(null=True)
    # The request that sends it now; a newer one takes over, and the older one stops. None: no byte left.
    part = models.UUIDField(null=True)
    # How far it got, without a gap.
    sent_bytes = models.PositiveBigIntegerField(default=0)
    # Set before its last piece leaves.
    is_whole = models.BooleanField(default=False)

    class Meta:
        ordering = ("at",)

    def __str__(self) -> str:
        return f"{self.handover_id} {self.at:%Y-%m-%dT%H:%M:%S}"


class RecipientNotice(models.Model):
    """A recipient has to be told that footage they hold must be erased or was corrected (O31)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.CharField(max_length=20, unique=True)  # N-2026-0004
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    export = models.ForeignKey("cctv.Export", on_delete=models.PROTECT, related_name="notices")
    # No names: "erasure ER-2026-0001", "correction".
    reason = models.CharField(_("reason"), max_length=200)
    camera = models.ForeignKey("cctv.Camera", on_delete=models.PROTECT, null=True, related_name="+")
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(default=clock.now)
    told_at = models.DateTimeField(null=True)
    told_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    told_how = models.CharField(_("how they were told"), max_length=120, blank=True)
    answered_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=80, unique=True)

    class Meta:
        ordering = ("-made_at",)
        constraints = (models.UniqueConstraint(fields=["year", "sequence"], name="notice_numbered_once"),)

    def __str__(self) -> str:
        return self.number
