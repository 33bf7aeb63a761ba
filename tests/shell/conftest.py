"""The cast of the shell's tests: one account per role, two sites."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from cctv.people.models import Account, RoleGrant
from cctv.sites.models import Organisation, Site


@pytest.fixture
def seoul(db: Any) -> Site:
    organisation = Organisation.objects.create(name="Saebyeok Freight")
    Site.objects.create(organisation=organisation, code="osaka", name="Osaka Depot", jurisdiction="JP",
                        storage_place="Osaka", time_zone="Asia/Tokyo")  # fmt: skip
    return Site.objects.create(organisation=organisation, code="seoul", name="Seoul Hub", jurisdiction="KR",
                               storage_place="Seoul", time_zone="Asia/Seoul")  # fmt: skip


@pytest.fixture
def signed_in(db: Any) -> Callable[..., Client]:
    """signed_in(role, site=…, language=…) gives a client whose account holds the role."""

    def client_for(role: str = "", site: Site | None = None, language: str = "") -> Client:
        account = Account.objects.create_user(
            f"{role or 'nobody'}@example.org",
            "pass-word-1",
            name="Kim Minji",
            employer="Guard Co",
            language=language,
        )
        if role:
            RoleGrant.objects.create(account=account, role=role, site=site)
        client = Client()
        client.force_login(account)
        return client

    return client_for
