"""What cannot be admitted: kept sealed with its reason, expiring like footage, tried again on request.

The log has an entry before the row exists. Something whose retention had already ended when it came
is kept until the next purge and not a minute longer: the purge, with its guards against a wrong
clock, is the only thing in the house that destroys recordings, so ingest never does.
"""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from accesslog import IndexFields
from accesslog.canonical import JSON
from accesslog.services import append
from cctv.core import clock
from cctv.ingest import again, moments, tags
from cctv.ingest.epochs import under_live
from cctv.ingest.errors import AdmissionStalled
from cctv.ingest.files import PIECE_BYTES
from cctv.ingest.incoming import Admission, Incoming, Origin, Outcome
from cctv.ingest.models import Quarantined
from cctv.ingest.paths import PathReader
from cctv.ingest.provisional import Provisional, SealedObject
from cctv.ingest.reasons import Reason
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.sites.models import Camera
from cctv.sites.selectors import expiry_for
from cctv.vault import services as vault
from cctv.vault.errors import EpochRetired, FootageExpired
from cctv.vault.sealing import SealedReader
from cctv.vault.steps import reached

ACTION = "ingest.change"
NAME_LENGTH = 400


def keep(
    *,
    incoming: Incoming,
    provisional: Provisional,
    sealed: SealedObject,
    original_sha256: bytes,
    reason: Reason,
) -> Quarantined:
    """Register the sealed object as quarantined, or return the row that already holds the same bytes.

    Raises LogUnavailable, vault errors and database errors with nothing kept.
    """
    known = tags.find_quarantined(site_id=incoming.site.pk, clear_sha256=original_sha256)
    known = known or again.find_moved_quarantined(
        site_id=incoming.site.pk, name=incoming.original_name[-NAME_LENGTH:],
        original_sha256=original_sha256, stored=sealed.facts,
    )  # fmt: skip
    if known is not None:
        return known
    expires_at = _expiry(incoming, reason)
    return under_live(lambda: _register(incoming, provisional, sealed, original_sha256, reason, expires_at))


def _register(
    incoming: Incoming,
    provisional: Provisional,
    sealed: SealedObject,
    original_sha256: bytes,
    reason: Reason,
    expires_at: datetime,
) -> Quarantined:
    """The row under the epoch that is live now; EpochRetired when that changes meanwhile."""
    epoch = vault.ensure_epoch(incoming.site.pk, expires_at)
    row = Quarantined(
        id=sealed.id,
        site=incoming.site,
        camera=incoming.camera,
        source=incoming.source,
        epoch=epoch,
        original_name=incoming.original_name[-NAME_LENGTH:],
        reason_code=reason.code,
        reason=reason.detail[:NAME_LENGTH],
        claimed_start=moments.earliest(incoming.starts),
        modified_at=incoming.modified_at,
        expires_at=expires_at,
        size_bytes=sealed.facts.size_bytes,
        sealed_name=sealed.name,
        wrapped_key=vault.wrap(epoch, sealed.key),
        ciphertext_sha256=sealed.facts.ciphertext_sha256,
        duplicate_tag=vault.duplicate_tag(epoch, original_sha256),
    )
    _log(row, incoming)
    reached("ingest.logged")
    return _insert(row, provisional, original_sha256)


def _insert(row: Quarantined, provisional: Provisional, original_sha256: bytes) -> Quarantined:
    try:
        with transaction.atomic(durable=True):
            vault.lock_live(row.epoch)
            provisional.refuse_stalled()
            row.save(force_insert=True)
    except (AdmissionStalled, EpochRetired, FootageExpired):
        raise
    except IntegrityError:
        known = tags.find_quarantined(site_id=row.site_id, clear_sha256=original_sha256)
        if known is None:
            raise
        return known
    except BaseException:
        # The commit may have happened: the sweeper for orphans asks the rows.
        provisional.keep()
        raise
    provisional.keep_only(row.sealed_name)
    return row


def _expiry(incoming: Incoming, reason: Reason) -> datetime:
    """When it would expire as footage: by its own time where that can be believed, else by now."""
    now = clock.now()
    if reason.code == "already_expired":
        return now
    told = [] if reason.code in ("ancient_start", "future_start") else list(incoming.starts)
    # Where no camera is known, the rules of the site decide: those of a camera that has none of its own.
    basis = min([now, *told[-1:], *([incoming.modified_at] if incoming.modified_at else [])])
    expires_at = expiry_for(incoming.camera or Camera(site=incoming.site), basis)
    return max(now, expires_at)


def _log(row: Quarantined, incoming: Incoming) -> None:
    """The entry; the id comes from the tag, so that a retry after a crash adds none."""
    body: dict[str, JSON] = {
        "site": incoming.site.logged(),
        "object": str(row.pk),
        "name": row.original_name,
        "reason": {"code": row.reason_code, "text": row.reason},
        "expires_at": clock.rfc3339(row.expires_at),
    }
    camera = incoming.camera
    if camera is not None:
        body["camera"] = {"id": str(camera.pk), "code": camera.code, "name": camera.name}
    if row.claimed_start is not None:
        body["from"] = clock.rfc3339(row.claimed_start)
    if incoming.source is not None:
        body["source"] = {"id": str(incoming.source.pk), "name": incoming.source.name}
    if incoming.recorder is not None:
        body["recorder"] = {"id": str(incoming.recorder.pk), "name": incoming.recorder.name}
    append(
        kind="ingest.quarantined",
        body=body,
        index=[IndexFields(site=str(row.site_id), camera=str(camera.pk) if camera else "")],
        event_id=UUID(bytes=bytes(row.duplicate_tag)[:16]),
    )


JOB = "quarantine-retry"


def retry(*, actor: Account, terminal: str, row: Quarantined) -> Admission:
    """Try again to admit what is in quarantine, with the source and the register as they are now.

    On success the quarantined copy goes; otherwise it stays, with the reason that holds now. Raises
    policy errors (404/403), FootageExpired, LogUnavailable, and what `admission.take_in` raises.
    """
    # Admission stands above quarantine: it is what puts things here.
    from cctv.ingest.admission import take_in
    from cctv.ingest.arrivals import Stream

    permissions_of(actor).require(ACTION, site_id=row.site_id)
    append(
        kind="ingest.retried",
        body={
            "actor": actor_fields(actor, ACTION, site_id=row.site_id),
            "terminal": terminal,
            "site": row.site.logged(),
            "object": str(row.pk),
            "name": row.original_name,
            "reason": row.reason_code,
        },
        index=[IndexFields(actor=str(actor.pk), site=str(row.site_id), terminal=terminal)],
    )
    with _reader(row) as reader:
        admission = take_in(as_incoming(row), Stream(iter(lambda: reader.read(PIECE_BYTES), b"")))
    if admission.outcome is Outcome.QUARANTINED:
        reason = admission.reason
        if reason is not None:
            Quarantined.objects.filter(pk=row.pk).update(
                reason_code=reason.code, reason=reason.detail[:NAME_LENGTH]
            )
        return admission
    if admission.outcome is Outcome.ERASED:
        # Destroying is the purge's business; from now on nothing opens it.
        Quarantined.objects.filter(pk=row.pk).update(expires_at=clock.now())
        return admission
    # The row first: an object without a row is the orphan sweeper's, a row without its object is nobody's.
    name = row.sealed_name
    try:
        row.delete()
    except (ProtectedError, IntegrityError):
        return admission  # under a hold: it stays beside what was admitted, until the hold ends
    vault.delete_object(name)
    return admission


def as_incoming(row: Quarantined) -> Incoming:
    """What is in quarantine as something to admit: its path is read anew where it came from a folder."""
    known = (row.claimed_start,) if row.claimed_start is not None else ()
    incoming = Incoming(
        site=row.site,
        camera=row.camera,
        starts=known,
        origin=Origin.QUARANTINE,
        original_name=row.original_name,
        source=row.source,
        modified_at=row.modified_at,
    )
    if row.source is None:
        return incoming
    reader = PathReader(row.source)
    return reader.incoming(row.original_name, modified_at=row.modified_at, origin=Origin.QUARANTINE)


def _reader(row: Quarantined) -> SealedReader:
    """The sealed bytes, through the door for jobs: the log says which object was opened and why."""
    receipt = append(
        kind="vault.job",
        body={"job": JOB, "object": str(row.pk), "site": row.site.logged()},
        index=[IndexFields(site=str(row.site_id))],
    )
    return vault.open_for_system(receipt, again.keyed(row), job=JOB)
