"""Reads of accounts and roles."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Prefetch, Q, QuerySet

from cctv.core import clock
from cctv.people.models import Account, Role, RoleGrant
from cctv.people.policy import NotFound, Permissions

SEE, GRANT = "people.see", "people.grant"


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A role as a page shows it; `state` is now, later, ended or revoked."""

    grant: RoleGrant
    state: str
    may_revoke: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """An account with the roles that the reader may know of."""

    account: Account
    current: list[GrantRow]
    past: list[GrantRow]


def people(permissions: Permissions) -> list[Person]:
    """Everybody the reader may know: who has a role at a site of theirs, and who has none at all yet."""
    return [_person(account, permissions) for account in _known(permissions)]


def person_or_404(permissions: Permissions, pk: UUID) -> Person:
    """One of them. NotFound for everybody else."""
    account = _known(permissions).filter(pk=pk).first()
    if account is None:
        raise NotFound
    return _person(account, permissions)


def grants_of(account: Account) -> list[GrantRow]:
    """The person's own roles, those in force or to come."""
    grants = account.grants.select_related("site").order_by("role", "valid_from")
    return [row for row in (_row(grant, None) for grant in grants) if row.state in ("now", "later")]


def grantable_roles(permissions: Permissions) -> list[tuple[str, Any]]:
    """Value and label of the roles that the person may give somewhere."""
    sites = permissions.sites(GRANT)
    places: list[UUID | None] = [None] if sites is None else list(sites)
    return [
        (value, label)
        for value, label in Role.choices
        if any(permissions.may_grant(value, site_id=place) for place in places)
    ]


def grantable_sites(permissions: Permissions) -> QuerySet[Any]:
    """The sites in use at which the person may give roles."""
    sites: QuerySet[Any] = apps.get_model("cctv", "Site")._default_manager.filter(retired_at=None)
    allowed = permissions.sites(GRANT)
    return sites if allowed is None else sites.filter(pk__in=allowed)


def headcount(permissions: Permissions) -> int:
    """How many of the known people can view footage now (O40)."""
    viewing = Q(grants__in=RoleGrant.objects.in_force().filter(role=Role.OPERATOR))
    return _known(permissions).filter(viewing, is_active=True).distinct().count()


def _known(permissions: Permissions) -> QuerySet[Account]:
    grants = RoleGrant.objects.select_related("site", "revoked_by").order_by("role", "valid_from")
    accounts = Account.objects.prefetch_related(Prefetch("grants", queryset=grants))
    sites = permissions.sites(SEE)
    if sites is not None:
        here = RoleGrant.objects.filter(Q(site_id__in=sites) | Q(site=None)).values("account_id")
        roleless = ~Q(pk__in=RoleGrant.objects.not_over().values("account_id")) & Q(is_active=True)
        accounts = accounts.filter(Q(pk__in=here) | roleless)
    return accounts.order_by("-is_active", "name", "email")


def _person(account: Account, permissions: Permissions) -> Person:
    sites = permissions.sites(SEE)
    rows = [
        _row(grant, permissions)
        for grant in account.grants.all()
        if sites is None or grant.site_id is None or grant.site_id in sites
    ]
    return Person(
        account,
        [row for row in rows if row.state in ("now", "later")],
        [row for row in rows if row.state in ("ended", "revoked")],
    )


def _row(grant: RoleGrant, permissions: Permissions | None) -> GrantRow:
    now = clock.now()
    if grant.revoked_at is not None:
        return GrantRow(grant, "revoked")
    if grant.valid_until is not None and grant.valid_until <= now:
        return GrantRow(grant, "ended")
    may = permissions is not None and permissions.may_grant(grant.role, site_id=grant.site_id)
    return GrantRow(grant, "later" if grant.valid_from > now else "now", may)
