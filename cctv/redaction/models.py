"""Redactions as rows: what is asked for, how far the work is, what people did to it and who approved it.

Nothing here shows where anybody walked: what was seen in the pictures, every correction and the result lie in
`footage.derived`, sealed under their segments' keys, and end with them.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class Mode(models.TextChoices):
    """What leaves: the subject alone, the scene with people covered, or what was drawn by hand."""

    REVEAL = "reveal", _("show only the subject")
    HIDE = "hide", _("cover everyone else")
    MANUAL = "manual", _("cover what is drawn by hand")


class Style(models.TextChoices):
    """How covers look."""

    FILL = "fill", _("solid")
    PIXELATE = "pixelate", _("pixels")
    BLUR = "blur", _("blur")


class SubjectKind(models.TextChoices):
    """Who or what stays visible."""

    PERSON = "person", _("a person")
    VEHICLE = "vehicle", _("a vehicle")
    BELONGING = "belonging", _("a belonging")
    NOBODY = "nobody", _("nobody")


class State(models.TextChoices):
    """Where a redaction stands."""

    LOOKING = "looking", _("looking for people")
    EDITING = "editing", _("being corrected")
    RENDERING = "rendering", _("being rendered")
    REVIEW = "review", _("waiting for review")
    APPROVED = "approved", _("approved")
    CANCELLED = "cancelled", _("cancelled")


class Work(models.TextChoices):
    """What a job has to do for it now; the row is the job."""

    NONE = "", _("nothing")
    LOOK = "look", _("look for people")
    RENDER = "render", _("render")
    SCENE = "scene", _("make the sharp scene")


class Redaction(models.Model):
    """A stretch of one camera, to be shown with everyone but its subject hidden."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.CharField(max_length=20, unique=True)  # RD-2026-0007
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="redactions")
    camera = models.ForeignKey("cctv.Camera", on_delete=models.PROTECT, related_name="redactions")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    # The viewing that it was begun in: its purpose and case are this one's. It ends with the records of that
    # (retention.records), years after the footage.
    session = models.ForeignKey("cctv.ViewingSession", on_delete=models.CASCADE, related_name="redactions")
    purpose = models.ForeignKey("cctv.Purpose", on_delete=models.PROTECT, related_name="+")
    case = models.CharField(_("case"), max_length=40, blank=True)
    # Of held footage: what opens it, also past its retention.
    hold = models.ForeignKey("cctv.Hold", on_delete=models.PROTECT, null=True, related_name="redactions")
    made_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    made_entry = models.PositiveBigIntegerField(null=True)
    mode = models.CharField(max_length=8, choices=Mode, default=Mode.REVEAL)
    style = models.CharField(max_length=8, choices=Style, default=Style.FILL)
    subject_kind = models.CharField(max_length=9, choices=SubjectKind, default=SubjectKind.PERSON)
    state = models.CharField(max_length=10, choices=State, default=State.LOOKING)
    # Counts every change that would change the result; the result is of `rendered_revision`.
    revision = models.PositiveIntegerField(default=0)
    rendered_revision = models.PositiveIntegerField(null=True)
    work = models.CharField(max_length=8, choices=Work, blank=True, default=Work.NONE)
    work_permille = models.PositiveSmallIntegerField(default=0)
    work_asked_at = models.DateTimeField(null=True)
    work_attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=40, blank=True, default="")
    error = models.CharField(max_length=400, blank=True, default="")
    # How the result was made: detector and its hash, thresholds, masks, encoder, covers, program.
    parameters = models.JSONField(default=dict)
    # Of the result: {"frames", "bytes", "seconds", "width", "height", "sha256"}; empty while there is none.
    result = models.JSONField(default=dict)

    class Meta:
        ordering = ("-made_at",)
        constraints = (
            models.UniqueConstraint(fields=["year", "sequence"], name="redaction_number"),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="redaction_span_forward"
            ),
        )
        indexes = (
            models.Index(fields=["site", "-made_at"], name="redaction_by_site"),
            models.Index(fields=["work_asked_at"], condition=~models.Q(work=""), name="redaction_work"),
        )

    def __str__(self) -> str:
        return self.number


class RedactionPart(models.Model):
    """A stretch of one segment, at most a minute: what is looked at and rendered in one go.

    Times are half-open. `segment` names a row that the purge may take away; this row stays.
    """

    redaction = models.ForeignKey(Redaction, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    segment = models.UUIDField()
    # Place of its first packet and after its last one in the segment's index.
    first = models.PositiveIntegerField()
    stop = models.PositiveIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    # How many pictures were found in it; null until somebody has looked.
    frames = models.PositiveIntegerField(null=True)
    # What the part was rendered for (a digest of all that its pictures depend on); "" if it was not.
    rendered = models.CharField(max_length=64, blank=True, default="")
    # Of what was rendered: the id of what is kept, its clear bytes and their SHA-256.
    kept = models.UUIDField(null=True)
    size_bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=["redaction", "number"], name="redaction_part_once"),)

    def __str__(self) -> str:
        return f"{self.redaction_id} {self.number}"


class RedactionEdit(models.Model):
    """One decision of a person: every one can be undone, none is overwritten. What it says is sealed
    (`footage.derived`, label `edit/<number>`)."""

    redaction = models.ForeignKey(Redaction, on_delete=models.CASCADE, related_name="edits")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=20)
    made_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    # The decision it was made on top of (0: none): undoing goes back along these, and redoing takes the
    # newest branch, so that nothing that was undone is ever lost or mixed with what came after.
    after = models.PositiveIntegerField(default=0)
    undone = models.BooleanField(default=False)

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=["redaction", "number"], name="redaction_edit_once"),)

    def __str__(self) -> str:
        return f"{self.redaction_id} {self.number} {self.kind}"


class Act(models.TextChoices):
    """What a person did to a redaction."""

    DECIDE = "decide"
    UNDO = "undo"
    REDO = "redo"
    SUBMIT = "submit"
    RETRY = "retry"


class RedactionAct(models.Model):
    """One act of one person: whoever has done any has had a hand in it, and reviews it no more.

    Apart from the decisions, which somebody else than their maker may take back and take again: an act
    is never changed, so that the log is told of each in the name of whoever did it.
    """

    redaction = models.ForeignKey(Redaction, on_delete=models.CASCADE, related_name="acts")
    kind = models.CharField(max_length=6, choices=Act)
    # The decision that it is about.
    edit = models.ForeignKey(RedactionEdit, on_delete=models.CASCADE, null=True, related_name="acts")
    made_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=clock.now)
    # The entry that tells of it (of corrections with others of their stretch); null until it is written.
    entry_index = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.redaction_id} {self.kind}"


class Verdict(models.TextChoices):
    """What a reviewer said."""

    OPEN = "", _("not decided")
    APPROVED = "approved", _("approved")
    RETURNED = "returned", _("returned")


class RedactionReview(models.Model):
    """A second person's look at one rendered revision: which moments they stepped through, what they said."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    redaction = models.ForeignKey(Redaction, on_delete=models.CASCADE, related_name="reviews")
    revision = models.PositiveIntegerField()
    reviewer = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, related_name="+")
    terminal = models.CharField(max_length=64, blank=True)
    began_at = models.DateTimeField(default=clock.now)
    decided_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=8, choices=Verdict, blank=True, default=Verdict.OPEN)
    remark = models.CharField(_("remark"), max_length=1000, blank=True)
    # Of the doubtful moments that were looked at: their keys name tracks and frames, so they stand here only
    # as MACs under a key that is made of the sealed facts and ends with them (review.services.Drawn.mark):
    # what stays is how many. And numbers of the parts that were sent for it.
    moments = models.JSONField(default=list)
    sent = models.JSONField(default=list)
    # Of the result that was looked at; of an approval, the one that may be handed out.
    result_sha256 = models.CharField(max_length=64, blank=True, default="")
    # The entry that it was begun under, and the one of what was decided.
    entry_index = models.PositiveBigIntegerField(null=True)
    decided_entry = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ("-began_at",)
        constraints = (
            # A returned one may come back unchanged: then the same person looks again.
            models.UniqueConstraint(
                fields=["redaction", "revision", "reviewer"],
                condition=models.Q(decided_at=None),
                name="review_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.redaction_id} {self.revision} {self.verdict}"


class SceneVerdict(models.TextChoices):
    """What a second person said of a still of the empty scene."""

    OPEN = "", _("not decided")
    APPROVED = "approved", _("approved")
    REFUSED = "refused", _("refused")


class RedactionScene(models.Model):
    """A still of the empty scene in full sharpness, and what a second person said of it.

    Whoever stood still through most of the stretch is in it, so it is used once somebody has looked at this
    very one. The picture lies sealed (`footage.derived`, label `plate/sharp`) and is gone when another one is
    made; this row stays, and an approval counts for no other picture.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    redaction = models.ForeignKey(Redaction, on_delete=models.CASCADE, related_name="scenes")
    # The id of what is kept, and the SHA-256 of its clear bytes.
    kept = models.UUIDField()
    sha256 = models.CharField(max_length=64)
    # A digest of what was asked for: which decision, and which masks were to be drawn into it.
    made_of = models.CharField(max_length=64)
    made_at = models.DateTimeField(default=clock.now)
    # Of how many pictures, and how much of it was free in too few of them and is coarse.
    pictures = models.PositiveSmallIntegerField(default=0)
    coarse_permille = models.PositiveSmallIntegerField(default=0)
    # Ids of those whom it was sent to: nobody else decides on it.
    shown = models.JSONField(default=list)
    verdict = models.CharField(max_length=8, choices=SceneVerdict, blank=True, default=SceneVerdict.OPEN)
    decided_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_entry = models.PositiveBigIntegerField(null=True)
    remark = models.CharField(_("remark"), max_length=1000, blank=True)

    class Meta:
        ordering = ("-made_at",)
        constraints = (models.UniqueConstraint(fields=["kept"], name="scene_once"),)

    def __str__(self) -> str:
        return f"{self.redaction_id} {self.kept} {self.verdict}"
