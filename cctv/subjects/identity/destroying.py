"""What was shown is destroyed with the verdict: its key in every copy of the ring, and its objects (O35).

Key → objects → entry → rows. What stays says which papers there were, and that they are gone.
"""

import logging
from uuid import uuid5

from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet

from accesslog.errors import AccessLogError
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.subjects.identity import events, papers
from cctv.subjects.identity.models import CheckState, IdentityCheck, IdentityPaper
from cctv.subjects.requests import story
from cctv.subjects.requests.models import SubjectRequest
from cctv.vault import records
from cctv.vault import services as vault
from cctv.vault.steps import reached

log = logging.getLogger("lethe.subjects")

OPEN = (CheckState.ASKED, CheckState.SHOWN)
TROUBLE = (LetheError, AccessLogError, DatabaseError, OSError)


def close(check: IdentityCheck, why: str) -> bool:
    """End one that nobody has judged; False if somebody has meanwhile. What it has is destroyed next."""
    with transaction.atomic():
        now = papers.locked(check.pk)
        if now.state not in OPEN:
            return False
        decide(now, CheckState.EXPIRED, reason=why)
    return True


def decide(check: IdentityCheck, state: CheckState, *, reason: str = "") -> None:
    """The state of a check that was locked; a candidate for a new secret is forgotten with it."""
    check.state, check.reason = state, reason
    check.decided_at = check.decided_at or clock.now()
    check.code_salt, check.code_hash, check.code_until = b"", b"", None
    check.save(
        update_fields=[
            "state", "reason", "decided_at", "decided_by", "entry", "code_salt", "code_hash", "code_until"
        ]
    )  # fmt: skip


def end_others(request: SubjectRequest, *, for_secret: bool) -> None:
    """Close what else waits of this kind, and destroy it; what does not succeed is done by the next tick."""
    for each in request.checks.filter(state__in=OPEN, for_secret=for_secret):
        close(each, "settled")
        attempt(each)


def unfinished() -> "QuerySet[IdentityCheck]":
    """Checks that are over and still have something of what was shown."""
    has = Q(papers__isnull=False) | ~Q(key_id="")
    return IdentityCheck.objects.filter(has).exclude(state__in=OPEN).distinct()


def attempt(check: IdentityCheck) -> bool:
    """`destroy`, which the next tick repeats if there is trouble."""
    try:
        return destroy(check)
    except TROUBLE:
        log.exception("what was shown for check %s is still to be destroyed", check.pk)
        return False


def destroy(check: IdentityCheck) -> bool:
    """Destroy it, verify that it is gone, and say so; False while a mirror or the store still has something.

    Only of a check that is over. Safe to repeat. LogUnavailable, vault errors.
    """
    check = IdentityCheck.objects.select_related("request__site").get(pk=check.pk)
    rows = list(check.papers.order_by("part"))
    if check.state in OPEN or not (rows or check.key_id):
        return check.state not in OPEN
    label = f"{papers.LABEL}{check.pk}"
    keys = sorted({check.key_id, *records.labelled(label).values()} - {""})
    destruction = vault.destroy_record_keys(keys)
    reached("identity.key-destroyed")
    if not destruction.complete:
        log.warning("check %s: a mirror still has its key", check.pk)
        return False
    if vault.delete_objects([each.sealed_name for each in rows]):
        log.warning("check %s: a picture could not be deleted yet", check.pk)
        return False
    reached("identity.deleted")
    facts = {
        "papers": [each.part for each in rows], "objects": len(rows), "keys": len(keys),
        "generation": destruction.generation, "verdict": check.state,
    }  # fmt: skip
    _note(check, rows, facts)
    reached("identity.destroyed")
    return True


def _note(check: IdentityCheck, rows: list[IdentityPaper], facts: dict[str, object]) -> None:
    receipt = story.enter(
        check.request, events.DESTROYED,
        by_lethe=True, body={"check": named(check), "facts": facts}, event_id=uuid5(check.pk, "destroyed"),
    )  # fmt: skip
    reached("identity.destroyed-logged")
    told = dict(receipt.body["facts"])  # tried again after a kill, those of the first time
    with transaction.atomic():
        IdentityPaper.objects.filter(pk__in=[each.pk for each in rows]).delete()
        IdentityCheck.objects.filter(pk=check.pk).update(
            key_id="", destroyed_at=clock.now(), destruction={**told, "entry": receipt.index}
        )


def named(check: IdentityCheck) -> dict[str, str]:
    """The check, as entries name it."""
    return {"id": str(check.pk), "name": check.method}
