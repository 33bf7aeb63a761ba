"""Accounts and the roles they hold at sites. One account per person; nothing is shared."""

from datetime import datetime
from typing import ClassVar
from uuid import NAMESPACE_OID, UUID, uuid5

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from accesslog.types import to_us
from cctv.core import clock
from cctv.core.ids import new_id


class AccountManager(BaseUserManager["Account"]):
    """Makes accounts; the services in `people.services` are what pages and commands call."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "Account":
        """One account with a hashed password (unusable when none is given)."""
        account = self.model(email=self.normalize_email(email).lower(), **fields)
        account.set_password(password)
        account.save(using=self._db)
        return account

    def get_by_natural_key(self, username: str | None) -> "Account":
        """Look an account up by its e-mail address, whatever the case."""
        return self.get(email=(username or "").lower())


class Account(AbstractBaseUser):
    """One person. The employer is on it because guards are often contractors; the log shows it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    employer = models.CharField(_("employer"), max_length=120)
    title = models.CharField(_("title"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=5, blank=True, default="")
    is_active = models.BooleanField(_("active"), default=True)
    # Somebody else knows the password: the person has to choose their own before anything else.
    password_is_temporary = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    created_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    deactivated_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[AccountManager] = AccountManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name", "employer"]

    class Meta:
        ordering = ("name", "email")

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """The roles of architecture.md section 2 that a person can hold."""

    OPERATOR = "operator", _("Operator")
    APPROVER = "approver", _("Approver")
    PRIVACY_OFFICER = "privacy_officer", _("Privacy officer")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")


class GrantQuerySet(models.QuerySet["RoleGrant"]):
    """Grants by what they mean now."""

    def in_force(self, at: datetime | None = None) -> "GrantQuerySet":
        """Those that give their role at a moment (now): begun, not ended, not revoked."""
        moment = at or clock.now()
        return self.filter(
            models.Q(valid_until__isnull=True) | models.Q(valid_until__gt=moment),
            valid_from__lte=moment,
            revoked_at__isnull=True,
        )

    def not_over(self) -> "GrantQuerySet":
        """Those in force and those still to come."""
        open_ended = models.Q(valid_until__isnull=True) | models.Q(valid_until__gt=clock.now())
        return self.filter(open_ended, revoked_at__isnull=True)


class RoleGrant(models.Model):
    """A role of a person at one site, or at every site of the organisation (`site` empty)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(_("role"), max_length=20, choices=Role)
    site = models.ForeignKey(
        "cctv.Site", on_delete=models.PROTECT, null=True, blank=True, related_name="grants"
    )
    valid_from = models.DateTimeField(_("from"), default=clock.now)
    valid_until = models.DateTimeField(_("until"), null=True, blank=True)
    granted_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    granted_at = models.DateTimeField(default=clock.now, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_by = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")

    objects = GrantQuerySet.as_manager()

    class Meta:
        ordering = ("role", "valid_from")
        indexes = (models.Index(fields=["account", "role"], name="grant_account_role"),)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(valid_until__isnull=True)
                | models.Q(valid_until__gt=models.F("valid_from")),
                name="grant_span_forward",
            ),
        )

    def __str__(self) -> str:
        return f"{self.account}: {self.role}"

    @property
    def granted_event(self) -> UUID:
        """The id of the entry `role.granted` about it."""
        return uuid5(NAMESPACE_OID, f"lethe/role.granted/{self.pk}")

    @property
    def revoked_event(self) -> UUID:
        """The id of the entry `role.revoked` about it, once `revoked_at` is set.

        The moment belongs to it: a revocation that was logged and not saved is logged anew at the next try.
        """
        if self.revoked_at is None:
            raise ValueError("this role has not been taken back")
        return uuid5(NAMESPACE_OID, f"lethe/role.revoked/{self.pk}/{to_us(self.revoked_at)}")


class OutgoingMail(models.Model):
    """A message on its way to an account: the row is the job, and stays until it was sent or given up."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # "retention.weekly", "hold.expiring", "purge.alarm" …
    kind = models.CharField(max_length=40)
    # What it is about, so that nothing is said twice ("hold/<id>/expiring").
    about = models.CharField(max_length=120, unique=True)
    to = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    subject = models.CharField(max_length=200)
    text = models.TextField()
    made_at = models.DateTimeField(default=clock.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ("-made_at",)
        indexes = (
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(sent_at=None, given_up_at=None),
                name="mail_waiting",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"
