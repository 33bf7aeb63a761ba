"""What a role gives, where, and for how long."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from hypothesis import given
from hypothesis import strategies as st

from cctv.core import clock
from cctv.people.models import Account, Role, RoleGrant
from cctv.people.policy import (
    EVERY_ACTION,
    Forbidden,
    NotFound,
    Permissions,
    log_scope,
    may_change_account,
    permissions_of,
    role_at,
)
from tests.people.cast import Cast

HERE, THERE = uuid4(), uuid4()
roles = st.sampled_from(Role.values)


def test_operators_view_and_nobody_else_does() -> None:
    assert [role for role in Role.values if Permissions([(role, None)]).may("footage.view")] == ["operator"]


def test_administrators_see_neither_footage_nor_log() -> None:
    administrator = Permissions([("administrator", None)])
    assert not any(administrator.may(action) for action in ("footage.browse", "footage.view", "log.read"))


def test_an_unknown_action_is_a_defect_and_not_a_refusal() -> None:
    with pytest.raises(ValueError, match=r"footage\.steal"):
        Permissions([]).may("footage.steal")


@given(roles, st.sampled_from(sorted(EVERY_ACTION)))
def test_a_role_at_one_site_gives_nothing_at_another(role: str, action: str) -> None:
    permissions = Permissions([(role, HERE)])
    assert not permissions.may(action, site_id=THERE)
    assert not permissions.everywhere(action)
    with pytest.raises(NotFound):
        permissions.require(action, site_id=THERE)


@given(roles, st.sampled_from(sorted(EVERY_ACTION)))
def test_a_role_everywhere_gives_the_same_at_every_site(role: str, action: str) -> None:
    everywhere, here = Permissions([(role, None)]), Permissions([(role, HERE)])
    assert everywhere.may(action, site_id=THERE) == here.may(action, site_id=HERE)
    assert (everywhere.sites(action) is None) == (here.sites(action) == frozenset({HERE}))


@given(st.lists(st.tuples(roles, st.sampled_from([HERE, THERE, None])), max_size=5))
def test_more_grants_never_take_anything_away(grants: list[tuple[str, Any]]) -> None:
    before, after = Permissions(grants[:-1]), Permissions(grants)
    for action in EVERY_ACTION:
        for site in (HERE, THERE, None):
            assert after.may(action, site_id=site) >= before.may(action, site_id=site)


def test_inside_the_scope_the_answer_is_forbidden_outside_it_is_not_found() -> None:
    operator = Permissions([("operator", HERE)])
    with pytest.raises(Forbidden):
        operator.require("register.change", site_id=HERE)
    with pytest.raises(NotFound):
        operator.require("footage.view", site_id=THERE)


@pytest.mark.parametrize(
    ("granter", "role", "site", "may"),
    [
        ("administrator", "administrator", None, True),
        ("approver", "operator", None, True),
        ("approver", "administrator", None, False),
        ("privacy_officer", "operator", None, False),
        ("auditor", "auditor", None, False),
    ],
)
def test_who_may_grant_everywhere(granter: str, role: str, site: Any, may: bool) -> None:
    assert Permissions([(granter, None)]).may_grant(role, site_id=site) is may


@pytest.mark.parametrize("granter", ["administrator", "approver"])
def test_who_grants_at_one_site_cannot_grant_everywhere(granter: str) -> None:
    permissions = Permissions([(granter, HERE)])
    assert permissions.may_grant("operator", site_id=HERE)
    assert not permissions.may_grant("operator", site_id=THERE)
    assert not permissions.may_grant("operator", site_id=None)


@pytest.mark.django_db
def test_grants_count_from_their_first_moment_to_their_last(cast: Cast) -> None:
    now = clock.now()
    RoleGrant.objects.create(
        account=cast.outsider, role="operator", site=cast.seoul,
        valid_from=now + timedelta(days=1), valid_until=now + timedelta(days=2),
    )  # fmt: skip
    seen = []
    for days in (0, 1.5, 2.5):
        with clock.pretend(now + timedelta(days=days)):
            seen.append(permissions_of(cast.outsider).may("footage.view", site_id=cast.seoul.pk))
    assert seen == [False, True, False]


@pytest.mark.django_db
def test_a_revoked_grant_gives_nothing(cast: Cast) -> None:
    RoleGrant.objects.filter(account=cast.operator).update(revoked_at=clock.now())
    assert not permissions_of(cast.operator).roles


@pytest.mark.django_db
def test_nobody_inactive_anonymous_or_with_a_temporary_password_may_anything(cast: Cast) -> None:
    assert not permissions_of(AnonymousUser()).roles
    Account.objects.filter(pk=cast.operator.pk).update(is_active=False)
    Account.objects.filter(pk=cast.auditor.pk).update(password_is_temporary=True)
    for account in Account.objects.filter(pk__in=[cast.operator.pk, cast.auditor.pk]):
        assert not permissions_of(account).roles
        assert log_scope(account) is None


@pytest.mark.django_db
def test_the_log_names_the_role_that_the_act_is_done_under(cast: Cast) -> None:
    RoleGrant.objects.create(account=cast.operator, role="administrator", site=cast.osaka)
    assert role_at(cast.operator, "footage.view", site_id=cast.seoul.pk) == "operator"
    assert role_at(cast.operator, "register.change", site_id=cast.osaka.pk) == "administrator"
    assert role_at(cast.operator, "register.change", site_id=cast.seoul.pk) == ""
    assert role_at(cast.operator, "people.change", site_id=None) == "administrator"


@pytest.mark.django_db
def test_the_log_is_read_at_the_sites_of_the_role(cast: Cast) -> None:
    assert log_scope(cast.operator) is None
    assert log_scope(cast.administrator) is None
    everywhere = log_scope(cast.auditor)
    assert everywhere is not None
    assert everywhere.all_sites
    RoleGrant.objects.create(account=cast.outsider, role="auditor", site=cast.osaka)
    here = log_scope(cast.outsider)
    assert here is not None
    assert not here.all_sites
    assert here.sites == {str(cast.osaka.pk)}


@pytest.mark.django_db
def test_an_account_is_changed_by_those_who_administrate_all_its_sites(cast: Cast) -> None:
    def may(who: Account, account: Account) -> bool:
        return may_change_account(permissions_of(who), account, actor_id=who.pk)

    assert may(cast.site_administrator, cast.osaka_operator)
    assert not may(cast.site_administrator, cast.operator)
    assert not may(cast.site_administrator, cast.auditor)
    assert may(cast.administrator, cast.auditor)
    assert not may(cast.approver, cast.operator)


@pytest.mark.django_db
def test_an_account_without_roles_is_its_makers_and_giving_it_a_role_makes_it_nobody_elses(
    cast: Cast,
) -> None:
    def may(who: Account) -> bool:
        return may_change_account(permissions_of(who), cast.outsider, actor_id=who.pk)

    assert may(cast.administrator)
    assert not may(cast.site_administrator)
    given = RoleGrant.objects.create(
        account=cast.outsider, role="operator", site=cast.osaka, granted_by=cast.site_administrator
    )
    assert not may(cast.site_administrator)
    given.granted_by = cast.administrator
    given.save()
    assert may(cast.site_administrator)
    given.delete()
    cast.outsider.created_by = cast.site_administrator
    assert may(cast.site_administrator)
    RoleGrant.objects.create(account=cast.outsider, role="operator", site=cast.seoul)
    assert not may(cast.site_administrator)
