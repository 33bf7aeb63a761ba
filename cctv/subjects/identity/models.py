"""Whether a requester is who they say. The verdict stays; what was shown is destroyed with it (O35)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class Method(models.TextChoices):
    """How identity is shown; which are offered is the jurisdiction's."""

    DOCUMENT = "document", _("a photo of a document, numbers covered")
    IN_PERSON = "in_person", _("in person")
    ACCOUNT = "account", _("an account that we know already")
    EMAIL_CODE = "email", _("a code by e-mail")
    REGISTRATION = "registration", _("the registration of the vehicle")


class CheckState(models.TextChoices):
    """Where a check stands."""

    ASKED = "asked", _("waiting for the requester")
    SHOWN = "shown", _("waiting for the checker")
    VERIFIED = "verified", _("verified")
    REFUSED = "refused", _("not verified")
    EXPIRED = "expired", _("not shown in time")


class IdentityCheck(models.Model):
    """One check of one person of a request: the claimant's, or (agents) the subject's mandate as well."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    request = models.ForeignKey("cctv.SubjectRequest", on_delete=models.CASCADE, related_name="checks")
    method = models.CharField(max_length=12, choices=Method)
    state = models.CharField(max_length=8, choices=CheckState, default=CheckState.ASKED)
    # Opened because a secret was lost: a new one is given when it succeeds.
    for_secret = models.BooleanField(default=False)
    asked_at = models.DateTimeField(default=clock.now)
    shown_at = models.DateTimeField(null=True)
    # The papers' key in the records ring (`identity/<id>`); "" before and after.
    key_id = models.CharField(max_length=64, blank=True, default="")
    code_salt = models.BinaryField(max_length=16, default=b"")
    code_hash = models.BinaryField(max_length=64, default=b"")
    code_until = models.DateTimeField(null=True)
    attempts_left = models.PositiveSmallIntegerField(default=5)
    decided_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=40, blank=True, default="")  # code of why it was not verified
    entry = models.PositiveBigIntegerField(null=True)
    # Once the papers are gone: what was checked, as a certificate says.
    destroyed_at = models.DateTimeField(null=True)
    destruction = models.JSONField(default=dict)

    class Meta:
        ordering = ("asked_at",)

    def __str__(self) -> str:
        return f"{self.request_id} {self.method}"


class PaperPart(models.TextChoices):
    """What a paper shows."""

    DOCUMENT = "document", _("document with name and photo")
    MANDATE = "mandate", _("mandate")
    KINSHIP = "kinship", _("proof of guardianship")
    REGISTRATION = "registration", _("vehicle registration")


class IdentityPaper(models.Model):
    """A sealed picture of a document: an object in the store under the check's key, gone at the verdict."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    check_row = models.ForeignKey(IdentityCheck, on_delete=models.CASCADE, related_name="papers")
    part = models.CharField(max_length=12, choices=PaperPart)
    sealed_name = models.CharField(max_length=80)
    wrapped_key = models.BinaryField(max_length=64)
    media_type = models.CharField(max_length=40)
    size_bytes = models.PositiveBigIntegerField()
    sent_at = models.DateTimeField(default=clock.now)
    # What the virus scanner said; "" where none is configured.
    scan = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        ordering = ("sent_at",)
        constraints = (models.UniqueConstraint(fields=["sealed_name"], name="identity_object_once"),)

    def __str__(self) -> str:
        return f"{self.check_row_id} {self.part}"
