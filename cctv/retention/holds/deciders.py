"""Who may decide on a hold, and who is asked when nobody did."""

from django.db.models import Q

from cctv.people.models import Account, Role, RoleGrant
from cctv.retention.holds.models import Hold

# In this order: the site's own approvers first, the privacy officer of everything last.
_ORDER = (Role.APPROVER, Role.PRIVACY_OFFICER)


def deciders(hold: Hold) -> list[Account]:
    """Everybody who may confirm the hold now, whoever placed it left out; the nearest to the site first."""
    grants = (
        RoleGrant.objects.in_force()
        .filter(Q(site_id=hold.site_id) | Q(site=None), role__in=_ORDER)
        .exclude(account=hold.placed_by)
        .filter(account__is_active=True, account__password_is_temporary=False)
        .select_related("account")
    )
    ranked = sorted(
        grants,
        key=lambda grant: (_ORDER.index(Role(grant.role)), grant.site_id is None, grant.granted_at),
    )
    return list({grant.account_id: grant.account for grant in ranked}.values())


def asked(hold: Hold) -> list[Account]:
    """Who is told at once that the hold waits: the approvers; without any, the first who may decide."""
    everybody = deciders(hold)
    approving = set(
        RoleGrant.objects.in_force()
        .filter(Q(site_id=hold.site_id) | Q(site=None), role=Role.APPROVER)
        .values_list("account_id", flat=True)
    )
    return [each for each in everybody if each.pk in approving] or everybody[:1]


def deputy(hold: Hold) -> Account | None:
    """Who is asked when those did not decide: the next who may, mostly the privacy officer."""
    first = asked(hold)
    told = {each.pk for each in first}
    others = [each for each in deciders(hold) if each.pk not in told]
    return next(iter(others), None) or next(iter(first[1:]), None) or next(iter(first), None)
