"""The pages of people: what they show and do, beyond who may open them."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accesslog import selectors as log
from accesslog.models import LogEntry
from cctv.core import clock
from cctv.people.models import Account, RoleGrant
from cctv.people.policy import permissions_of
from tests.people.cast import Cast

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.usefixtures("vault_ready")]
SignIn = Callable[..., Client]


@pytest.fixture
def admin(cast: Cast, sign_in: SignIn) -> Client:
    return sign_in(cast.administrator, fresh=True)


def text(response: Any) -> str:
    return str(response.content.decode())


def test_the_list_shows_roles_per_site_and_employers(cast: Cast, admin: Client) -> None:
    page = text(admin.get("/people/"))
    for words in (
        "Kim Minji",
        "Hanguk Guard Co.",
        "Baram Hub",
        "佐藤 健",
        "Minato Depot",
        "Waits for a role",
    ):
        assert words in page
    assert "2 people can view footage now" in page


def test_a_chief_manager_sees_who_concerns_the_own_site_and_nobody_else(cast: Cast, sign_in: SignIn) -> None:
    page = text(sign_in(cast.approver).get("/people/"))
    assert "Kim Minji" in page
    assert "Mori Aya" in page  # an auditor of all sites
    assert "Han Sora" in page  # waits for a role
    assert "佐藤 健" not in page


def test_roles_at_foreign_sites_are_not_shown(cast: Cast, sign_in: SignIn) -> None:
    RoleGrant.objects.create(account=cast.operator, role="operator", site=cast.osaka)
    page = text(sign_in(cast.approver).get(reverse("person", args=[cast.operator.pk])))
    assert "Baram Hub" in page
    assert "Minato Depot" not in page


def test_a_new_account_shows_its_password_once(cast: Cast, admin: Client) -> None:
    data = {"name": "Jang Wonyoung", "email": "New@example.org", "employer": "Guard Co.", "language": "ko"}
    response = admin.post("/people/add/", data)
    found = re.search(r"data-password>([^<]+)<", text(response))
    assert found is not None
    account = Account.objects.get(email="new@example.org")
    assert account.check_password(found[1])
    assert account.password_is_temporary
    assert "no-store" in response.headers["Cache-Control"]
    page = text(admin.get(reverse("person", args=[account.pk])))
    assert found[1] not in page


def test_a_password_never_reaches_the_log(cast: Cast, admin: Client) -> None:
    response = admin.post(reverse("person-password", args=[cast.operator.pk]))
    found = re.search(r"data-password>([^<]+)<", text(response))
    assert found is not None
    bodies = [log.load_receipt(index).body for index in range(LogEntry.objects.count())]
    assert found[1] not in str(bodies)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"email": "operator@example.org"}, "There is an account with this address already."),
        ({"employer": ""}, "This field is required."),
        ({"name": " "}, "This field is required."),
    ],
)
def test_bad_input_is_said_beside_its_field(cast: Cast, admin: Client, change: Any, said: str) -> None:
    data = {"name": "N", "email": "n@example.org", "employer": "E", "title": "", "language": "", **change}
    response = admin.post("/people/add/", data)
    assert response.status_code == 400
    field = next(iter(change))
    block = text(response).split(f'for="id_{field}"')[1].split('<div class="field')[0]
    assert said in block


def test_a_role_with_a_last_day_ends_at_midnight_of_the_site(cast: Cast, admin: Client) -> None:
    day = (clock.now() + timedelta(days=3)).date()
    data = {"role": "operator", "site": "seoul", "last_day": day.isoformat()}
    response = admin.post(reverse("grant-add", args=[cast.outsider.pk]), data)
    assert response.status_code == 302
    until = cast.outsider.grants.get().valid_until
    assert until is not None
    assert until.isoformat() == f"{day.isoformat()}T15:00:00+00:00"


def test_a_role_that_is_held_already_is_refused_on_the_form(cast: Cast, admin: Client) -> None:
    response = admin.post(
        reverse("grant-add", args=[cast.operator.pk]), {"role": "operator", "site": "seoul"}
    )
    assert response.status_code == 400
    assert "Kim Minji holds this role there already." in text(response)


def test_an_approver_is_offered_own_sites_and_no_administrator(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.approver, fresh=True)
    address = reverse("grant-add", args=[cast.outsider.pk])
    page = text(client.get(address))
    assert 'value="seoul"' in page
    assert 'value="osaka"' not in page
    assert 'value="*"' not in page
    assert 'value="administrator"' not in page
    for data in ({"role": "operator", "site": "osaka"}, {"role": "administrator", "site": "seoul"}):
        assert client.post(address, data).status_code == 400
    assert not permissions_of(cast.outsider).roles


def test_taking_a_role_back_keeps_it_in_the_history(cast: Cast, admin: Client) -> None:
    grant = cast.operator.grants.get()
    address = reverse("grant-revoke", args=[cast.operator.pk, grant.pk])
    assert "Kim Minji stops being Operator" in text(admin.get(address))
    page = text(admin.post(address, follow=True))
    assert "Earlier roles" in page
    assert "Choi Doyun" in page
    assert not permissions_of(cast.operator).roles
    assert "over already" in text(admin.get(address))


def test_a_grant_of_somebody_else_is_not_found_under_this_person(cast: Cast, admin: Client) -> None:
    address = reverse("grant-revoke", args=[cast.operator.pk, cast.osaka_operator.grants.get().pk])
    assert admin.post(address).status_code == 404


def test_closing_an_account_says_what_it_takes(cast: Cast, admin: Client) -> None:
    page = text(admin.get(reverse("person-deactivate", args=[cast.operator.pk])))
    assert "Takes back <b>1 role</b> and ends every session, at once." in page
    own = admin.post(reverse("person-deactivate", args=[cast.administrator.pk]))
    assert own.status_code == 400
    assert "You cannot close your own account." in text(own)


def test_a_closed_account_stands_apart_and_can_be_opened_again(cast: Cast, admin: Client) -> None:
    admin.post(reverse("person-deactivate", args=[cast.operator.pk]))
    assert "Closed accounts" in text(admin.get("/people/"))
    response = admin.post(reverse("person-reactivate", args=[cast.operator.pk]))
    assert "data-password" in text(response)
    assert Account.objects.get(pk=cast.operator.pk).is_active


def test_everybody_sees_the_own_account_and_chooses_its_language(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.operator)
    page = text(client.get("/account/"))
    assert "Hanguk Guard Co." in page
    assert "Baram Hub" in page
    client.post("/language/", {"language": "ja", "next": "/account/"})
    assert Account.objects.get(pk=cast.operator.pk).language == "ja"
    assert 'lang="ja"' in text(client.get("/account/"))
