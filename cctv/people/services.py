"""What changes accounts and roles. Each change is an entry of the access log before it is a row.

The acting account is explicit; None is set-up (`manage.py setup`, the demonstration). Who may do the act
is asked here as well as in the views, because imports and commands come this way too (O40, O41, O45).
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accesslog import IndexFields
from accesslog.services import append
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.people.actors import entry_actor
from cctv.people.models import Account, Role, RoleGrant
from cctv.people.policy import Forbidden, may_change_account, permissions_of

CHANGE, GRANT, OWN = "people.change", "people.grant", "account.own"
# Without letters and digits that are mistaken for each other on a slip of paper.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
CHANGEABLE = frozenset({"name", "employer", "title", "language"})


class PeopleRefused(LetheError):
    """The rules for accounts and roles do not allow this; `field` names the form field that it is about."""

    code = "people_refused"

    def __init__(self, code: str, field: str, message: Any, hint: Any = "") -> None:
        """A refusal with its own code."""
        super().__init__(message, hint=hint, code=code)
        self.field = field


def new_password() -> str:
    """A random password that can be read out: four groups of four, 79 bits."""
    groups = ["".join(secrets.choice(ALPHABET) for _unused in range(4)) for _unused in range(4)]
    return "-".join(groups)


def create_account(
    *,
    actor: Account | None,
    email: str,
    name: str,
    employer: str,
    password: str | None = None,
    title: str = "",
    language: str = "",
    password_is_temporary: bool = False,
    terminal: str = "",
) -> Account:
    """An account for one person, with no role yet. Without a password nobody can sign in to it.

    PeopleRefused with `email_invalid`, `email_taken`, `name`, `employer`, `language`, `password`.
    """
    _require(actor, CHANGE)
    account = Account(
        email=email.strip().lower(), password_is_temporary=password_is_temporary, created_by=actor
    )
    _assign(account, {"name": name, "employer": employer, "title": title, "language": language})
    _check_email(account.email)
    if password is not None:
        _check_password(password, account)
    account.set_password(password)
    _log("account.created", actor, account, {"employer": account.employer}, terminal=terminal)
    account.save(force_insert=True)
    return account


def change_account(
    *, actor: Account | None, account: Account, changes: Mapping[str, str], terminal: str = ""
) -> Account:
    """Change name, employer, title or language; the entry holds before and after."""
    if unknown := set(changes) - CHANGEABLE:
        raise ValueError(f"cannot change {sorted(unknown)}")
    own = actor is not None and actor.pk == account.pk and set(changes) == {"language"}
    if not own:
        _require_over(actor, account)
    before = {name: getattr(account, name) for name in changes}
    _assign(account, changes)
    after = {name: getattr(account, name) for name in changes}
    differing = sorted(name for name in after if before[name] != after[name])
    if differing:
        body = {
            "before": {name: before[name] for name in differing},
            "after": {name: after[name] for name in differing},
        }
        _log("account.changed", actor, account, body, action=OWN if own else CHANGE, terminal=terminal)
        account.save(update_fields=differing)
    return account


def set_language(*, account: Account, language: str, terminal: str = "") -> Account:
    """The person's own choice of language; "" follows the browser."""
    return change_account(actor=account, account=account, changes={"language": language}, terminal=terminal)


def change_own_password(*, account: Account, password: str, terminal: str = "") -> None:
    """The person chooses a password that nobody else knows."""
    _check_password(password, account)
    _log("account.password_set", account, account, {}, action=OWN, terminal=terminal)
    _save_password(account, password, temporary=False)


def reset_password(*, actor: Account | None, account: Account, terminal: str = "") -> str:
    """Set a temporary password, end the person's sessions, and return it: it is shown once."""
    _require_over(actor, account)
    if not account.is_active:
        raise PeopleRefused("inactive", "", _("This account is closed."), _("Open it again first."))
    password = new_password()
    _log("account.password_set", actor, account, {}, terminal=terminal)
    _save_password(account, password, temporary=True)
    end_sessions(account)
    return password


def grant_role(
    *,
    actor: Account | None,
    account: Account,
    role: str,
    site: Any = None,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    terminal: str = "",
) -> RoleGrant:
    """Give a role at a site, or at every site (`site` None). Nobody gives one to themselves.

    PeopleRefused with `own_grant`, `inactive`, `already_granted`, `span`; Forbidden where the actor may not.
    """
    site_id = site.pk if site else None
    _require_grant(actor, account, role, site_id)
    if not account.is_active:
        raise PeopleRefused("inactive", "", _("This account is closed."), _("Open it again first."))
    starts = valid_from or clock.now()
    if valid_until is not None and valid_until <= max(starts, clock.now()):
        raise PeopleRefused("span", "valid_until", _("The role would end before it begins."))
    if RoleGrant.objects.filter(account=account, role=role, site=site).not_over().exists():
        raise PeopleRefused(
            "already_granted",
            "role",
            _("%(name)s holds this role there already.") % {"name": account.name},
            _("Take it back first if its dates shall change."),
        )
    grant = RoleGrant(
        account=account, role=role, site=site, valid_from=starts, valid_until=valid_until, granted_by=actor
    )
    body: dict[str, Any] = {**_grant_body(grant), "from": clock.rfc3339(starts)}
    if valid_until is not None:
        body["until"] = clock.rfc3339(valid_until)
    _log(
        "role.granted", actor, account, body, action=GRANT, site_id=site_id, terminal=terminal,
        event_id=grant.granted_event,
    )  # fmt: skip
    grant.save(force_insert=True)
    return grant


def revoke_grant(*, actor: Account | None, grant: RoleGrant, terminal: str = "") -> RoleGrant:
    """Take a role back, at once; a grant that is over stays as it is. `last_administrator` is refused."""
    if actor is not None and not permissions_of(actor).may_grant(grant.role, site_id=grant.site_id):
        raise Forbidden
    with transaction.atomic():
        _lock_administrators()
        locked = (
            RoleGrant.objects.select_for_update(of=("self",))
            .select_related("account", "site")
            .get(pk=grant.pk)
        )
        if locked.revoked_at is None:
            _keep_an_administrator(losing=[locked])
            _revoke(actor, locked, terminal)
    return locked


def deactivate_account(*, actor: Account | None, account: Account, terminal: str = "") -> Account:
    """Off-boarding: close the account, take back every role and end every session, at once (O45)."""
    if actor is not None and actor.pk == account.pk:
        raise PeopleRefused(
            "own_account", "", _("You cannot close your own account."), _("Ask another administrator.")
        )
    _require_over(actor, account)
    with transaction.atomic():
        _lock_administrators()
        held = list(
            RoleGrant.objects.select_for_update(of=("self",))
            .filter(account=account)
            .not_over()
            .select_related("account", "site")
        )
        _keep_an_administrator(losing=held)
        if account.is_active:
            roles = [f"{grant.role}@{grant.site.code if grant.site else '*'}" for grant in held]
            _log("account.deactivated", actor, account, {"roles": roles}, terminal=terminal)
        for grant in held:
            _revoke(actor, grant, terminal)
        account.is_active = False
        account.deactivated_at = account.deactivated_at or clock.now()
        account.set_unusable_password()
        account.save(update_fields=["is_active", "deactivated_at", "password"])
    end_sessions(account)
    return account


def reactivate_account(*, actor: Account | None, account: Account, terminal: str = "") -> str:
    """Open a closed account again, without roles; returns the temporary password, to be shown once."""
    _require_over(actor, account)
    if not account.is_active:
        _log("account.reactivated", actor, account, {}, terminal=terminal)
        account.is_active, account.deactivated_at = True, None
        account.save(update_fields=["is_active", "deactivated_at"])
    password = new_password()
    _save_password(account, password, temporary=True)
    return password


def end_sessions(account: Account) -> int:
    """Delete the person's sessions; how many there were. (A changed password makes them void as well.)"""
    mine = [
        session.pk
        for session in Session.objects.filter(expire_date__gt=clock.now()).iterator()
        if session.get_decoded().get("_auth_user_id") == str(account.pk)
    ]
    return Session.objects.filter(pk__in=mine).delete()[0] if mine else 0


def _require(actor: Account | None, action: str) -> None:
    if actor is not None:
        permissions_of(actor).require(action)


def _require_over(actor: Account | None, account: Account) -> None:
    if actor is not None and not may_change_account(permissions_of(actor), account, actor_id=actor.pk):
        raise Forbidden


def _require_grant(actor: Account | None, account: Account, role: str, site_id: UUID | None) -> None:
    if role not in Role.values:
        raise PeopleRefused("role", "role", _("Choose a role."))
    if actor is None:
        return
    if actor.pk == account.pk:
        raise PeopleRefused(
            "own_grant",
            "",
            _("Nobody gives a role to themselves."),
            _("Ask another administrator or approver."),
        )
    if not permissions_of(actor).may_grant(role, site_id=site_id):
        raise Forbidden


def _lock_administrators() -> None:
    """One change at a time to who administrates all sites: else two could take each other's role."""
    grants = RoleGrant.objects.select_for_update().filter(role=Role.ADMINISTRATOR, site=None)
    list(grants.order_by("pk").values_list("pk"))


def _keep_an_administrator(*, losing: list[RoleGrant]) -> None:
    """The installation cannot be left with nobody who could give a role."""
    if not any(grant.role == Role.ADMINISTRATOR and grant.site_id is None for grant in losing):
        return
    others = RoleGrant.objects.in_force().filter(
        role=Role.ADMINISTRATOR, site=None, valid_until__isnull=True, account__is_active=True
    )
    if not others.exclude(pk__in=[grant.pk for grant in losing]).exists():
        raise PeopleRefused(
            "last_administrator",
            "",
            _("This is the last administrator of all sites."),
            _("Make somebody else an administrator of all sites first."),
        )


def _revoke(actor: Account | None, grant: RoleGrant, terminal: str) -> None:
    grant.revoked_at, grant.revoked_by = clock.now(), actor
    _log(
        "role.revoked", actor, grant.account, _grant_body(grant), action=GRANT, site_id=grant.site_id,
        terminal=terminal, event_id=grant.revoked_event,
    )  # fmt: skip
    grant.save(update_fields=["revoked_at", "revoked_by"])


def _assign(account: Account, values: Mapping[str, str]) -> None:
    """Set and check what is written on an account."""
    for name, value in values.items():
        setattr(account, name, value.strip())
    if not account.name:
        raise PeopleRefused("name", "name", _("Give the person's name; the log shows it."))
    if not account.employer:
        raise PeopleRefused(
            "employer", "employer", _("Give the employer, for guards the contractor; the log shows it.")
        )
    if account.language and account.language not in dict(settings.LANGUAGES):
        raise PeopleRefused("language", "language", _("Choose one of the languages."))


def _check_email(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError as error:
        raise PeopleRefused("email_invalid", "email", _("This is no e-mail address.")) from error
    if Account.objects.filter(email=email).exists():
        raise PeopleRefused(
            "email_taken",
            "email",
            _("There is an account with this address already."),
            _("One person has one account; closed ones can be opened again."),
        )


def _check_password(password: str, account: Account) -> None:
    try:
        validate_password(password, account)
    except ValidationError as error:
        raise PeopleRefused("password", "password", " ".join(error.messages)) from error


def _save_password(account: Account, password: str, *, temporary: bool) -> None:
    account.set_password(password)
    account.password_is_temporary = temporary
    account.save(update_fields=["password", "password_is_temporary"])


def _grant_body(grant: RoleGrant) -> dict[str, Any]:
    """Role and place; the words are English, because the log speaks to every reader."""
    with translation.override("en"):
        role = {"code": grant.role, "text": str(Role(grant.role).label)}
    if grant.site is None:
        return {"role": role, "where": {"id": "", "name": "all sites"}}
    site = grant.site.logged()
    return {"role": role, "where": site, "site": site}


def _log(
    kind: str,
    actor: Account | None,
    account: Account,
    body: dict[str, Any],
    *,
    action: str = CHANGE,
    site_id: UUID | None = None,
    terminal: str = "",
    event_id: UUID | None = None,
) -> None:
    who = entry_actor(actor, action, site_id=site_id)
    full = {"actor": who, "object": {"id": str(account.pk), "name": account.name}, **body}
    if terminal:
        full["terminal"] = terminal
    fields = IndexFields(
        actor=str(actor.pk) if actor else "", site=str(site_id) if site_id else "", terminal=terminal
    )
    append(kind=kind, body=full, index=[fields], event_id=event_id)
