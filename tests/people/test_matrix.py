"""Invariant 8 over every address of the project: 404 for who may not know, 403 for who may not do."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse

from tests.people import world as worlds
from tests.people.cast import Cast, give_password
from tests.people.matrix import MATRIX, Row
from tests.people.world import World

ROLES = ["operator", "approver", "privacy_officer", "auditor", "administrator"]
KINDS = {"open", "signed_in", "any", "site", "mine", "everywhere", "token"}
SIGN_IN = "sign-in"


def addresses() -> dict[str, str]:
    """Every pattern of the project and its name; a pattern that stands twice would hide one of its views."""

    def walk(resolver: Any, prefix: str) -> Iterator[tuple[str, str]]:
        for pattern in resolver.url_patterns:
            here = prefix + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                yield from walk(pattern, here)
            else:
                yield here, pattern.name

    return dict(walk(get_resolver("config.urls"), ""))


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    assert {pattern: row.name for pattern, row in MATRIX.items()} == addresses()


def test_every_row_is_of_a_known_kind() -> None:
    assert {row.kind for row in MATRIX.values()} <= KINDS
    assert {role for row in MATRIX.values() for role in row.roles} == set(ROLES)


@pytest.fixture
def world(cast: Cast) -> World:
    return worlds.make(cast)


def ask(client: Client, row: Row, address: str) -> int | str:
    """The status, or SIGN_IN for a redirect to the sign-in page."""
    response = getattr(client, row.method.lower())(address, row.data)
    if response.status_code == 302 and response.headers["Location"].startswith("/accounts/login/"):
        return SIGN_IN
    return int(response.status_code)


@pytest.fixture
def clients(world: World) -> dict[str, Client]:
    """Everybody's, with the password given a moment ago."""
    people = {**world.asking, "nobody": world.cast.outsider}
    people |= {f"{role} everywhere": each for role, each in world.everywhere.items()}
    clients: dict[str, Client] = {"anonymous": Client()}
    for who, account in people.items():
        clients[who] = Client()
        clients[who].force_login(account)
        give_password(clients[who], account)
    return clients


@contextmanager
def undone(clients: dict[str, Client]) -> Iterator[None]:
    """Whatever is done meanwhile, signing out included, is not done for who asks next."""
    cookies = {who: copy.deepcopy(client.cookies) for who, client in clients.items()}
    before = transaction.savepoint()
    cache.clear()  # the public pages count what one address asks for
    try:
        yield
    finally:
        transaction.savepoint_rollback(before)
        for who, client in clients.items():
            client.cookies = cookies[who]


def expected(row: Row, who: str, *, own: bool) -> int | str:
    """What invariant 8 demands."""
    role, _, everywhere = who.partition(" ")
    if row.kind == "open":
        return row.ok
    if row.kind == "token":
        return 401
    if who == "anonymous":
        return SIGN_IN
    if row.kind == "signed_in":
        return row.ok
    if role in row.knowing:
        return 403 if own or everywhere else 404
    if role not in row.roles:
        return row.refused
    if row.kind == "everywhere":
        return row.ok if everywhere else row.refused
    if row.kind == "any" or own or (everywhere and row.kind == "site"):
        return row.ok
    return 404


WHO = [*ROLES, *(f"{role} everywhere" for role in ROLES[2:]), "nobody", "anonymous"]
EXCEPTIONS: dict[tuple[str, str], int | str] = {
    # Somebody signed in is sent on from the sign-in page.
    **{("account_login", who): 302 for who in WHO if who != "anonymous"},
    # Approvers look at what they decide on, in viewings of their own: somebody else's are not there for them.
    **{
        (f"viewing{name}", "approver"): 404
        for name in (
            "",
            "-close",
            "-extend",
            "-alive",
            "-playlist",
            "-init",
            "-part",
            "-thumb",
            "-motion",
            "-search",
            "-bookmarks",
        )
    },
    # Without any role there is a page that says so.
    ("home", "nobody"): 200,
    # The sign-out page has nothing to ask a stranger.
    ("account_logout", "anonymous"): SIGN_IN,
}


# What the log has published is not undone: its public files come first, while there are none.
ORDERED = sorted(MATRIX, key=lambda pattern: not pattern.startswith("log/public/"))
# Each batch has one world: to make it costs as much as asking for an address.
BATCHES = [ORDERED[first : first + 8] for first in range(0, len(ORDERED), 8)]


@pytest.mark.django_db(databases=["default", "log"])
@pytest.mark.usefixtures("vault_ready")
@pytest.mark.slow  # every address × every person: half a minute
@pytest.mark.parametrize("patterns", BATCHES, ids=lambda patterns: patterns[0])
def test_invariant_8_who_may_not_know_gets_404_and_who_may_not_do_gets_403(
    patterns: list[str], world: World, clients: dict[str, Client]
) -> None:
    wrong = {}
    for pattern in patterns:
        with undone(clients):
            for case, (wanted, got) in answers(MATRIX[pattern], world, clients).items():
                if got != wanted:
                    wrong[f"{pattern}: {case}"] = f"{got}, not {wanted}"
    assert wrong == {}


def answers(row: Row, world: World, clients: dict[str, Client]) -> dict[str, tuple[int | str, int | str]]:
    """Everybody asks for the row's address, about their own site's things and another's: (wanted, got)."""
    found = {}
    for who in WHO:
        for place in (world.other, world.own) if row.kind in ("site", "mine") else (world.own,):
            own = place is world.own
            wanted = EXCEPTIONS.get((row.name, who), expected(row, who, own=own))
            address = reverse(row.name, kwargs=row.arguments(place, world))
            found[f"{who}, {'own' if own else 'other'}"] = (wanted, ask(clients[who], row, address))
    return found
