"""The checker looks at a picture: the entry first, and only while it waits for a verdict."""

from accesslog import Receipt
from cctv.people.models import Account
from cctv.people.policy import NotFound, permissions_of
from cctv.subjects.identity import events, papers
from cctv.subjects.identity.destroying import named
from cctv.subjects.identity.models import CheckState, IdentityCheck, IdentityPaper
from cctv.subjects.identity.settling import CHECK
from cctv.subjects.requests import story
from cctv.vault.errors import KeyMissing
from cctv.vault.steps import reached


def look(paper: IdentityPaper, *, actor: Account, terminal: str) -> bytes:
    """The picture, once the entry that names it and them is durable.

    NotFound (at another site, or judged already), Forbidden, LogUnavailable, SealBroken.
    """
    check = paper.check_row
    permissions_of(actor).require(CHECK, site_id=check.request.site_id)
    check.refresh_from_db(fields=["state", "key_id"])
    if check.state != CheckState.SHOWN or not papers.waits(check):
        raise NotFound
    receipt = enter(check, paper, actor=actor, terminal=terminal)
    reached("identity.opened")
    try:
        with papers.opened(paper, receipt, actor_id=actor.pk) as reader:
            return reader.read()
    except KeyMissing as error:  # judged in this very moment
        raise NotFound from error


def enter(check: IdentityCheck, paper: IdentityPaper, *, actor: Account, terminal: str) -> Receipt:
    """The entry that this person looks at this picture."""
    return story.enter(
        check.request, events.OPENED, actor=actor, terminal=terminal,
        body={"check": named(check), events.PAPER: {"id": str(paper.pk), "name": paper.part}},
    )  # fmt: skip
