"""Pictures of documents: taken in memory, painted anew, sealed under the key of their check.

Stream → picture → scanner → seal → row. What a killed process leaves is an object without a row, which the
sweep of orphans takes, or a key without papers, which `tending` takes. Nothing is ever a file in clear.
"""

from collections.abc import Iterable
from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from accesslog import Receipt
from cctv.core import clock
from cctv.core.ids import new_id
from cctv.subjects import profiles
from cctv.subjects.identity import arriving, events, pictures, scanning, settling
from cctv.subjects.identity.errors import NotWaiting, TooManyPictures
from cctv.subjects.identity.models import CheckState, IdentityCheck, IdentityPaper
from cctv.subjects.requests.models import RequestState
from cctv.vault import services as vault
from cctv.vault.papers import Paper, open_paper, wrap_for_paper
from cctv.vault.sealing import SealedReader, sealed_size
from cctv.vault.steps import reached

LABEL = "identity/"
MOST_BYTES = 10 << 20
AN_HOUR = 40


def wanted(check: IdentityCheck) -> tuple[str, ...]:
    """The parts (`models.PaperPart`) that the check needs: for a lost secret just the requester's own."""
    if check.for_secret:
        return (profiles.DOCUMENT,)
    row = check.request
    return profiles.papers_of(check.method, about=row.about, claimant=row.claimant)


def waits(check: IdentityCheck) -> bool:
    """Whether its request, as it is now, still wants it."""
    row = check.request
    if check.for_secret:
        return row.state != RequestState.ENDED
    return settling.is_awaited(row)


@sensitive_variables()
def examine(chunks: Iterable[bytes], *, terminal: str = "") -> bytes:
    """The picture as it would be kept; reads MOST_BYTES and one at most. `terminal`: where it comes from.

    TooLarge, NotAPicture, CutOff, ScanRefused, ScanDown.
    """
    with arriving.place(terminal):
        sent = arriving.read(chunks, most=MOST_BYTES)
        painted = pictures.clean(sent)
        scanning.scan(sent)
    return painted


@sensitive_variables()
def take(check: IdentityCheck, part: str, chunks: Iterable[bytes], *, terminal: str) -> IdentityPaper:
    """Keep a picture of this part, in the place of an earlier one.

    NotWaiting, TooManyPictures, what `examine` raises, vault errors: then nothing is kept. `terminal` is
    where it came from; neither row nor log has it.
    """
    _require(check, part)
    _count(check.pk)
    return keep(check, part, examine(chunks, terminal=terminal))


@sensitive_variables()
def keep(check: IdentityCheck, part: str, data: bytes) -> IdentityPaper:
    """Seal a picture as `examine` has made it. NotWaiting, vault errors: then nothing is kept."""
    row = IdentityPaper(
        id=new_id(), check_row=check, part=part, media_type=pictures.MEDIA_TYPE, sent_at=clock.now(),
        sealed_name=vault.object_name(), scan=scanning.CLEAN if scanning.is_set() else "",
    )  # fmt: skip
    key = vault.new_object_key()
    with vault.writer(row.sealed_name, key, vault.context(row.pk, events.PAPER)) as writer:
        writer.write(data)
        row.size_bytes = writer.close().clear_bytes
    reached("identity.sealed")
    try:
        old = _keep(check, row, key)
    except BaseException:
        vault.delete_object(row.sealed_name)
        raise
    reached("identity.taken")
    vault.delete_objects(old)
    return row


@sensitive_variables()
def _keep(check: IdentityCheck, row: IdentityPaper, key: bytes) -> list[str]:
    """The row, if the check still waits; names of the objects that it takes the place of.

    The key is made while the check is ours: a verdict that has just destroyed it gets no new one.
    """
    with transaction.atomic():
        now = locked(check.pk)
        _require(now, row.part)
        now.key_id, row.wrapped_key = wrap_for_paper(label=f"{LABEL}{now.pk}", object_key=key)
        reached("identity.key")
        earlier = now.papers.filter(part=row.part)
        old = list(earlier.values_list("sealed_name", flat=True))
        earlier.delete()
        now.save(update_fields=["key_id"])
        row.save(force_insert=True)
    check.key_id = now.key_id
    return old


def remove(paper: IdentityPaper) -> None:
    """The requester takes a picture back. NotWaiting once it was shown."""
    with transaction.atomic():
        check = locked(paper.check_row_id)
        if check.state != CheckState.ASKED:
            raise NotWaiting
        IdentityPaper.objects.filter(pk=paper.pk).delete()
    vault.delete_object(paper.sealed_name)


def locked(pk: UUID) -> IdentityCheck:
    """The check for ourselves, with its request; in a transaction."""
    rows = IdentityCheck.objects.select_for_update(of=("self",))
    return rows.select_related("request__site", "request__hold").get(pk=pk)


def locked_with_request(check: IdentityCheck) -> IdentityCheck:
    """The request for ourselves and then the check, always in this order; in a transaction."""
    row = settling.locked(check.request)
    now = locked(check.pk)
    now.request = row
    return now


def opened(paper: IdentityPaper, receipt: Receipt, *, actor_id: UUID) -> SealedReader:
    """A reader for what the entry names. ReceiptMismatch, KeyMissing, SealBroken."""
    sealed = Paper(
        name=paper.sealed_name, size_bytes=sealed_size(paper.size_bytes),
        wrapped_key=bytes(paper.wrapped_key), key_id=paper.check_row.key_id, context_id=paper.pk,
        part=events.PAPER,
    )  # fmt: skip
    return open_paper(receipt, sealed, actor_id=actor_id)


def _require(check: IdentityCheck, part: str) -> None:
    check.refresh_from_db(fields=["state"])
    if check.state != CheckState.ASKED or part not in wanted(check) or not waits(check):
        raise NotWaiting


def _count(pk: UUID) -> None:
    key = f"identity/pictures/{pk}"
    if cache.add(key, 1, timeout=3600):
        return
    try:
        if int(cache.incr(key)) > AN_HOUR:
            raise TooManyPictures
    except ValueError:  # it has just run out
        cache.add(key, 1, timeout=3600)
