"""Who may do what, where: the one module that decides (invariant 8).

Two questions, always in this order. Does the person hold any role at this site that lets them know
the thing exists? If not: NotFound, as if it were not there. May one of those roles do the act?
If not: Forbidden. Nothing else in the house compares roles.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError
from cctv.people.models import Account, Role, RoleGrant

if TYPE_CHECKING:
    from accesslog import Scope

# What each role may do at the sites it is granted for (architecture.md, section 2).
ACTIONS: dict[str, frozenset[str]] = {
    Role.OPERATOR: frozenset(
        {
            "request.work",
            "case.see",
            "case.change",
            "export.see",
            "export.ask",
            "export.urgent",
            "export.hand",
            "footage.browse",
            "health.camera",
            "footage.view",
            "footage.watch",
            "viewings.own",
            "redaction.see",
            "redaction.edit",
            "redaction.review",
            "masks.keep",
            "still.see",
            "bookmark.see",
            "bookmark.make",
            "hold.see",
            "hold.place",
            "medium.see",
            "medium.change",
        }
    ),
    Role.APPROVER: frozenset(
        {
            "request.see",
            "request.work",
            "request.decide",
            "case.see",
            "case.change",
            "export.see",
            "export.ask",
            "export.urgent",
            "export.decide",
            "export.hand",
            "provision.see",
            "footage.browse",
            "footage.watch",
            "health.camera",
            "still.see",
            "bookmark.see",
            "people.see",
            "people.grant",
            "retention.see",
            "hold.see",
            "hold.place",
            "hold.decide",
            "redaction.see",
            "redaction.review",
            "restriction.see",
            "ledger.see",
            "medium.see",
            "medium.change",
        }
    ),
    Role.PRIVACY_OFFICER: frozenset(
        {
            "request.see",
            "request.work",
            "request.handle",
            "request.identity",
            "request.decide",
            "case.see",
            "case.change",
            "export.see",
            "export.ask",
            "export.decide",
            "export.hand",
            "provision.see",
            "notice.tell",
            "log.read",
            "log.bodies",
            "log.review",
            "duty.change",
            "still.see",
            "still.remove",
            "bookmark.see",
            "bookmark.remove",
            "retention.see",
            "retention.rule",
            "retention.confirm",
            "retention.erase",
            "register.see",
            "hold.see",
            "hold.place",
            "hold.decide",
            "redaction.see",
            "redaction.review",
            "restriction.see",
            "restriction.change",
            "ledger.see",
            "medium.see",
            "medium.change",
            "fsck.see",
        }
    ),
    Role.AUDITOR: frozenset(
        {
            "case.see",
            "export.see",
            "provision.see",
            "log.read",
            "log.bodies",
            "log.review_others",
            "retention.see",
            "hold.see",
            "restriction.see",
            "ledger.see",
            "medium.see",
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            "register.see",
            "register.change",
            "duty.change",
            "ingest.see",
            "ingest.change",
            "health.camera",
            "people.see",
            "people.change",
            "people.grant",
            "people.grant_any",
            "health.see",
            "fsck.see",
        }
    ),
}
EVERY_ACTION = frozenset().union(*ACTIONS.values())


class NotFound(LetheError):
    """The thing does not exist, or this person may not know that it does."""

    code = "not_found"
    status = 404
    message = _("There is nothing here.")
    hint = _("The address may be mistyped, or it belongs to a site that you have no role at.")


class Forbidden(LetheError):
    """The person may know of the thing, but not do this."""

    code = "forbidden"
    status = 403
    message = _("Your role does not allow this.")
    hint = _("Ask the chief manager of the site for the role that does.")


class Permissions:
    """What one person may do now: their grants, read once per request."""

    def __init__(self, grants: Iterable[tuple[str, UUID | None]]) -> None:
        """`grants` are (role, site id or None for every site) in force now."""
        self.roles: frozenset[str] = frozenset()
        self._everywhere: frozenset[str] = frozenset()
        self._at: dict[UUID, frozenset[str]] = {}
        for role, site_id in grants:
            self.roles |= {role}
            actions = ACTIONS[role]
            if site_id is None:
                self._everywhere |= actions
            else:
                self._at[site_id] = self._at.get(site_id, frozenset()) | actions

    def may(self, action: str, *, site_id: UUID | None = None) -> bool:
        """Whether the act is allowed at the site (or, without one, at any site at all)."""
        if action not in EVERY_ACTION:
            raise ValueError(f"unknown action {action!r}")
        if action in self._everywhere:
            return True
        if site_id is None:
            return any(action in actions for actions in self._at.values())
        return action in self._at.get(site_id, frozenset())

    def knows(self, site_id: UUID) -> bool:
        """Whether the person may know that the site exists."""
        return bool(self._everywhere) or site_id in self._at

    def everywhere(self, action: str) -> bool:
        """Whether the act is allowed at every site, present and future."""
        return action in self._everywhere

    def sites(self, action: str) -> frozenset[UUID] | None:
        """The sites where the act is allowed; None means every site."""
        if action in self._everywhere:
            return None
        return frozenset(site for site, actions in self._at.items() if action in actions)

    def may_grant(self, role: str, *, site_id: UUID | None) -> bool:
        """Whether the person may give or take this role there; `site_id` None means at every site."""
        action = "people.grant_any" if role == Role.ADMINISTRATOR else "people.grant"
        return self.everywhere(action) if site_id is None else self.may(action, site_id=site_id)

    def require_everywhere(self, action: str) -> None:
        """Raise Forbidden unless the act is allowed at every site: what concerns the whole organisation."""
        if not self.everywhere(action):
            raise Forbidden

    def require(self, action: str, *, site_id: UUID | None = None) -> None:
        """Raise NotFound or Forbidden unless the act is allowed (404 before 403)."""
        if self.may(action, site_id=site_id):
            return
        if site_id is not None and not self.knows(site_id):
            raise NotFound
        raise Forbidden


def permissions_of(account: Any) -> Permissions:
    """The permissions of an account now; anonymous and inactive ones hold none.

    Neither does one whose password somebody else has set: it could not be said who acted.
    """
    if not getattr(account, "is_authenticated", False) or not account.is_active:
        return Permissions([])
    if account.password_is_temporary:
        return Permissions([])
    grants = RoleGrant.objects.in_force().filter(account=account)
    return Permissions(grants.values_list("role", "site_id"))


def role_at(account: Account, action: str, *, site_id: UUID | None) -> str:
    """The role under which the person does this act here: what the log says of them."""
    here = Q(site_id=site_id) | Q(site_id__isnull=True) if site_id else Q()
    grants = RoleGrant.objects.in_force().filter(here, account=account).values_list("role", flat=True)
    return next((role for role in sorted(grants) if action in ACTIONS[role]), "")


def who_may(action: str) -> list[tuple[UUID, UUID | None]]:
    """(account, site; None for every site) of all whose roles allow the act now."""
    if action not in EVERY_ACTION:
        raise ValueError(f"unknown action {action!r}")
    roles = [role for role, actions in ACTIONS.items() if action in actions]
    grants = RoleGrant.objects.in_force().filter(role__in=roles, account__is_active=True)
    return list(grants.values_list("account_id", "site_id"))


def may_change_account(permissions: Permissions, account: Account, *, actor_id: UUID) -> bool:
    """Whether somebody may change or close an account: everywhere, or at each site where it holds a role.

    A new password is a way into an account, so at a single site it also has to be theirs: they made
    it, or somebody else gave it a role there. Giving a role to a stranger does not make it theirs.
    """
    allowed = permissions.sites("people.change")
    if allowed is None:
        return True
    grants = RoleGrant.objects.filter(account=account).not_over().values_list("site_id", "granted_by_id")
    if not allowed or not {site_id for site_id, _giver in grants} <= allowed:
        return False
    return account.created_by_id == actor_id or any(giver != actor_id for _site, giver in grants)


def log_scope(account: Any) -> "Scope | None":
    """What of the access log the person may read (accesslog's injection); None hides the log."""
    from accesslog import Scope

    permissions = permissions_of(account)
    if not permissions.may("log.read"):
        return None
    sites = permissions.sites("log.read")
    return Scope(
        all_sites=sites is None,
        sites=frozenset(str(site) for site in sites or ()),
        bodies=permissions.may("log.bodies"),
    )
