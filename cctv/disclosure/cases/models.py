"""Cases: one incident or one question, with what was looked at, held, exported and written because of it.

Bookmarks, holds, viewings, redactions and media name a case by its number; exports and letters refer to
the row.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class CaseState(models.TextChoices):
    """Where a case stands. Closing it releases its holds and ends its copies."""

    OPEN = "open", _("open")
    CLOSING = "closing", _("being closed")
    CLOSED = "closed", _("closed")


class Case(models.Model):
    """What its acts have in common; who is concerned is sealed (`details`)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.CharField(max_length=20, unique=True)  # C-2026-0003
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="cases")
    # No names: lists, log and ledger show it.
    title = models.CharField(_("title"), max_length=160)
    # The number that an authority or an insurer gave it.
    reference = models.CharField(_("reference elsewhere"), max_length=80, blank=True)
    state = models.CharField(max_length=8, choices=CaseState, default=CaseState.OPEN)
    opened_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(default=clock.now)
    closed_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    # {"parties": [{"role", "name", "contact"}], "facts"} as canonical JSON, sealed under the key of its year.
    details_key_id = models.CharField(max_length=64, blank=True, default="")
    details = models.BinaryField(default=b"")

    class Meta:
        ordering = ("-opened_at",)
        constraints = (models.UniqueConstraint(fields=["year", "sequence"], name="case_numbered_once"),)
        indexes = (models.Index(fields=["site", "-opened_at"], name="case_by_site"),)

    def __str__(self) -> str:
        return self.number


class CaseSpan(models.Model):
    """A stretch of a camera that the case is about; half-open."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="spans")
    camera = models.ForeignKey("cctv.Camera", on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.CharField(_("note"), max_length=200, blank=True)
    added_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ("starts_at", "camera_id")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="case_span_forward"
            ),
        )

    def __str__(self) -> str:
        return f"{self.case_id} {self.camera_id} {self.starts_at:%Y-%m-%dT%H:%M:%S}"


class LetterKind(models.TextChoices):
    """What was written, and in which direction."""

    RECEIVED = "in", _("received")
    SENT = "out", _("sent")
    NOTE = "note", _("note")


class Letter(models.Model):
    """A letter, warrant, mail or note of a case; text and file are sealed under the key of its year."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="letters")
    kind = models.CharField(max_length=4, choices=LetterKind)
    # No names: "Warrant 2026-118", "Answer to the insurer".
    title = models.CharField(_("title"), max_length=160)
    document_number = models.CharField(_("number of the document"), max_length=60, blank=True)
    dated = models.DateField(_("date of the document"), null=True, blank=True)
    made_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    details_key_id = models.CharField(max_length=64, blank=True, default="")
    details = models.BinaryField(default=b"")  # {"text", "from", "to"}
    # The file: a sealed object in the store, or "" without one.
    file_name = models.CharField(max_length=160, blank=True, default="")
    media_type = models.CharField(max_length=80, blank=True, default="")
    size_bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    sealed_name = models.CharField(max_length=80, blank=True, default="")
    key_id = models.CharField(max_length=64, blank=True, default="")
    wrapped_key = models.BinaryField(max_length=64, default=b"")

    class Meta:
        ordering = ("made_at",)
        constraints = (
            models.UniqueConstraint(
                fields=["sealed_name"], condition=~models.Q(sealed_name=""), name="letter_object_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.case_id} {self.title}"
