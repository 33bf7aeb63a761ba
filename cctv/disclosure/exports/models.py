"""Exports as rows: who asked for what, for whom, on which ground; who decided; what the package consists of.

Who exactly receives it is sealed in `details`. The package's files lie in the store, each sealed under a key
of its own, wrapped under the package's key in the records ring: destroying that one key ends the package in
every copy.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class ExportState(models.TextChoices):
    """Where an export stands. Footage leaves in READY only, urgent ones before they were approved."""

    DRAFT = "draft", _("being prepared")
    ASKED = "asked", _("waiting for approval")
    RETURNED = "returned", _("asked back")
    APPROVED = "approved", _("approved, being packaged")
    READY = "ready", _("ready to hand over")
    REJECTED = "rejected", _("rejected")
    WITHDRAWN = "withdrawn", _("withdrawn")
    ENDED = "ended", _("copy destroyed")


OVER = (ExportState.REJECTED, ExportState.WITHDRAWN, ExportState.ENDED)


class RecipientKind(models.TextChoices):
    """Who receives it: decides which grounds are offered."""

    POLICE = "police", _("police or another investigating authority")
    COURT = "court", _("court")
    AUTHORITY = "authority", _("other public authority")
    INSURER = "insurer", _("insurer")
    LAWYER = "lawyer", _("lawyer")
    SUBJECT = "subject", _("the person who was filmed")
    OWN = "own", _("our own organisation, for another purpose")
    OTHER = "other", _("other")


class Urgency(models.TextChoices):
    """Break-glass: an urgent threat to life; it goes out first and is approved within a day."""

    NONE = "", _("not urgent")
    WAITING = "waiting", _("urgent, waiting for approval")
    APPROVED = "approved", _("urgent, approved afterwards")
    REFUSED = "refused", _("urgent, not approved: a violation")
    LATE = "late", _("urgent, not approved in time: a violation")


class Export(models.Model):
    """One act of copying footage for one recipient, of any number of cameras of one site."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.CharField(max_length=20, unique=True)  # E-2026-0032
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="exports")
    case = models.ForeignKey("cctv.Case", on_delete=models.PROTECT, related_name="exports")
    state = models.CharField(max_length=10, choices=ExportState, default=ExportState.DRAFT)
    urgency = models.CharField(max_length=8, choices=Urgency, blank=True, default=Urgency.NONE)
    # Until when an urgent one has to be approved.
    approve_by = models.DateTimeField(null=True)
    recipient_kind = models.CharField(_("kind of recipient"), max_length=10, choices=RecipientKind)
    # The office, no person: it stands in the ledger.
    recipient = models.CharField(_("office or organisation"), max_length=200)
    ground = models.CharField(_("ground"), max_length=40)
    document = models.CharField(_("document"), max_length=60, blank=True)
    # A purpose of the cameras, or none: then it is another purpose, which the ledger is told of.
    purpose = models.ForeignKey("cctv.Purpose", on_delete=models.PROTECT, null=True, related_name="+")
    purpose_text = models.CharField(_("purpose in words"), max_length=200, blank=True)
    letter = models.ForeignKey("cctv.Letter", on_delete=models.PROTECT, null=True, related_name="exports")
    hold = models.ForeignKey("cctv.Hold", on_delete=models.PROTECT, null=True, related_name="exports")
    asked_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=clock.now)
    terminal = models.CharField(max_length=64, blank=True, default="")
    asked_entry = models.PositiveBigIntegerField(null=True)
    # {"person", "contact", "why_no_consent", "urgent_reason", "remark"} sealed under the key of its year.
    details_key_id = models.CharField(max_length=64, blank=True, default="")
    details = models.BinaryField(default=b"")
    language = models.CharField(max_length=8, default="en")  # of the PDF and the letters
    watermark = models.BooleanField(default=False)
    # When the package ends; None until it is ready.
    expires_at = models.DateTimeField(null=True)
    keep_days = models.PositiveSmallIntegerField(_("days that the copy is kept here"), default=7)
    # The package's key in the records ring ("" before packaging, and after its destruction).
    key_id = models.CharField(max_length=64, blank=True, default="")
    # Until it is ready: how much was recorded ("recorded"), and which results of redactions these are
    # ("results"); then of the manifest: {"sha256", "size", "files", "bytes", "seconds", "entry"}.
    package = models.JSONField(default=dict)
    # The job, as a redaction's: the row is the job, a lease says who does it.
    work_permille = models.PositiveSmallIntegerField(default=0)
    work_asked_at = models.DateTimeField(null=True)
    work_attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=40, blank=True, default="")
    error = models.CharField(max_length=400, blank=True, default="")
    ended_at = models.DateTimeField(null=True)
    ended_entry = models.PositiveBigIntegerField(null=True)
    # Once the package was destroyed: what was checked, per copy (keys, objects), as its certificate says.
    ending = models.JSONField(default=dict)

    class Meta:
        ordering = ("-asked_at",)
        constraints = (models.UniqueConstraint(fields=["year", "sequence"], name="export_numbered_once"),)
        indexes = (
            models.Index(fields=["site", "-asked_at"], name="export_by_site"),
            models.Index(
                fields=["work_asked_at"], condition=models.Q(work_asked_at__isnull=False), name="export_work"
            ),
            models.Index(fields=["state", "expires_at"], name="export_ends"),
        )

    def __str__(self) -> str:
        return self.number


class ExportForm(models.TextChoices):
    """What of a span goes out."""

    NATIVE = "native", _("as recorded")
    REDACTED = "redacted", _("redacted")
    BOTH = "both", _("as recorded, and redacted")


class ExportSpan(models.Model):
    """A stretch of one camera in an export; half-open."""

    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="spans")
    camera = models.ForeignKey("cctv.Camera", on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    form = models.CharField(max_length=8, choices=ExportForm, default=ExportForm.NATIVE)
    redaction = models.ForeignKey(
        "cctv.Redaction", on_delete=models.PROTECT, null=True, related_name="exported"
    )
    # What keeps its footage until the package has ended: spans of the same stretch share one.
    hold = models.ForeignKey("cctv.Hold", on_delete=models.PROTECT, null=True, related_name="export_spans")

    class Meta:
        ordering = ("camera_id", "starts_at")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="export_span_forward"
            ),
            models.CheckConstraint(
                condition=models.Q(form="native") | models.Q(redaction__isnull=False),
                name="export_redacted_by_what",
            ),
        )

    def __str__(self) -> str:
        return f"{self.export_id} {self.camera_id}"


class ActKind(models.TextChoices):
    """What somebody did with an export."""

    ASKED = "asked", _("asked for")
    RETURNED = "returned", _("asked back")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")
    WITHDRAWN = "withdrawn", _("withdrawn")
    BROKEN_GLASS = "urgent", _("released urgently")
    CONFIRMED = "confirmed", _("approved afterwards")
    VIOLATED = "violated", _("marked as a violation")


class ExportAct(models.Model):
    """One act of one person, in order; its entry was durable before the row."""

    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="acts")
    kind = models.CharField(max_length=9, choices=ActKind)
    by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=clock.now)
    remark = models.CharField(_("remark"), max_length=1000, blank=True)
    entry = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.export_id} {self.kind}"


class FileKind(models.TextChoices):
    """What a file of a package is."""

    CLIP = "clip", _("clip as recorded")
    REBUILD = "rebuild", _("what makes the recorder's file of a clip again")
    REDACTED = "redacted", _("redacted clip")
    STILL = "still", _("still")
    REPORT = "report", _("report")
    LETTER = "letter", _("letter")
    PROOF = "proof", _("proof")
    MANIFEST = "manifest", _("manifest")
    SIGNATURE = "signature", _("signature")
    VERIFIER = "verifier", _("verifier")


class PackageFile(models.Model):
    """One file of a package: an object in the store, sealed under its own key.

    Footage (CLIP, REBUILD, REDACTED, STILL) names its camera and span: nobody is sent it without an entry
    that covers them. `done_at` is None while the job is at it: a file that was begun is made again.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="files")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=9, choices=FileKind)
    name = models.CharField(max_length=240)  # its path in the package
    camera = models.ForeignKey("cctv.Camera", on_delete=models.PROTECT, null=True, related_name="+")
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    sealed_name = models.CharField(max_length=80, blank=True, default="")
    wrapped_key = models.BinaryField(max_length=64, default=b"")
    sealed_bytes = models.PositiveBigIntegerField(default=0)
    size_bytes = models.PositiveBigIntegerField(default=0)  # of the clear file
    sha256 = models.CharField(max_length=64, blank=True, default="")
    crc32 = models.PositiveBigIntegerField(default=0)  # a ZIP wants it
    # What the manifest says of it; of a clip: codec, frames, pre-roll, segments, gaps.
    facts = models.JSONField(default=dict)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=["export", "number"], name="package_file_once"),
            models.UniqueConstraint(fields=["export", "name"], name="package_name_once"),
            models.UniqueConstraint(
                fields=["sealed_name"], condition=~models.Q(sealed_name=""), name="package_object_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.export_id} {self.name}"
