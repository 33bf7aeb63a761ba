"""The people of the retention tests: one officer of everything, one of Seoul, and who may less."""

from dataclasses import dataclass
from typing import Any

from cctv.people.models import Account, Role, RoleGrant
from cctv.sites.models import Site

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class People:
    """Accounts by what they may do."""

    officer: Account  # privacy officer of every site
    seoul_officer: Account
    auditor: Account  # of Seoul
    approver: Account  # of Seoul
    operator: Account  # of Seoul
    osaka_auditor: Account
    outsider: Account  # no role at all


def people(sites: list[Site]) -> People:
    """Make them."""
    seoul, osaka = sites

    def make(name: str, role: Role | None, site: Site | None) -> Account:
        account = Account.objects.create_user(
            f"{name}@example.org", PASSWORD, name=name.title(), employer="Hub"
        )
        if role is not None:
            RoleGrant.objects.create(account=account, role=role, site=site)
        return account

    return People(
        officer=make("officer", Role.PRIVACY_OFFICER, None),
        seoul_officer=make("seoul", Role.PRIVACY_OFFICER, seoul),
        auditor=make("auditor", Role.AUDITOR, seoul),
        approver=make("approver", Role.APPROVER, seoul),
        operator=make("operator", Role.OPERATOR, seoul),
        osaka_auditor=make("osaka", Role.AUDITOR, osaka),
        outsider=make("outsider", None, None),
    )


def step_up(client: Any, account: Account) -> None:
    """Confirm the password, as the step-up page does it."""
    answer = client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert answer.status_code == 302, answer.content[:500]
