"""A redaction's life outside the editor: begun in a viewing, cancelled, and asked to be worked on again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Q

from accesslog import IndexFields, Receipt
from accesslog.services import append
from cctv.core import clock
from cctv.core.ids import new_id
from cctv.core.numbering import create_numbered
from cctv.footage import viewing
from cctv.footage.derived import services as derived
from cctv.footage.derived.models import Derived
from cctv.footage.errors import OutsideViewing
from cctv.footage.models import Segment, ViewingSession
from cctv.footage.restrictions.services import require_free
from cctv.footage.viewings.entries import camera_fields, purpose_fields, write_entry
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.redaction import events
from cctv.redaction.editing.memory import MEMORY
from cctv.redaction.errors import (
    AlreadyApproved,
    ChangedSince,
    NothingRecorded,
    RedactionEnded,
    RedactionRefused,
    of_sizes,
)
from cctv.redaction.models import Act, Mode, Redaction, State, Style, SubjectKind, Work
from cctv.sites.models import Camera
from cctv.vault import past

EDIT = "redaction.edit"
LONGEST = timedelta(hours=1)
# What is kept for a redaction of the footage that it is made of.
PARTS = ("looked", "edit", "plate", "redacted")
# In a redaction's parameters: the revision that could not be rendered, while there is one.
FAILED = "failed_revision"
# And that the sharp scene could not be made, while that is so.
SCENE_FAILED = "failed_scene"


def begin(
    *,
    session: ViewingSession,
    camera: Camera,
    starts_at: datetime,
    ends_at: datetime,
    mode: str = Mode.REVEAL,
    style: str = Style.FILL,
    subject_kind: str = SubjectKind.PERSON,
) -> Redaction:
    """A new redaction of [starts_at, ends_at) of a camera of the viewing; a job looks for people at once.

    Raises ViewingClosed, Forbidden, OutsideViewing, RedactionRefused, NothingRecorded, MadeOfOther,
    FootageRestricted, LogUnavailable (then there is none).
    """
    _require_may_begin(session, camera, starts_at, ends_at)
    row = Redaction(
        id=new_id(), site=session.site, camera=camera, starts_at=starts_at, ends_at=ends_at, session=session,
        purpose=session.purpose, case=session.case, hold=session.hold, made_by=session.actor,
        mode=Mode(mode), style=Style(style), subject_kind=SubjectKind(subject_kind), work=Work.LOOK,
        work_asked_at=clock.now(),
    )  # fmt: skip
    with transaction.atomic():
        made = create_numbered(Redaction, year=clock.now().year, make=lambda number: _numbered(row, number))
        facts = {
            "redaction": made.number,
            "camera": camera_fields(camera),
            "from": clock.rfc3339(starts_at),
            "to": clock.rfc3339(ends_at, round_up=True),
            "mode": made.mode,
        }
        span = (starts_at, ends_at)
        receipt = write_entry(
            session, events.BEGUN, facts, cameras=[camera], span=span, event_id=uuid5(made.pk, events.BEGUN)
        )
        made.made_entry = receipt.index
        made.save(update_fields=["made_entry"])
        transaction.on_commit(wake, robust=True)
    return made


def _require_may_begin(
    session: ViewingSession, camera: Camera, starts_at: datetime, ends_at: datetime
) -> None:
    viewing.require_open(session)
    permissions_of(session.actor).require(EDIT, site_id=session.site_id)
    if not session.cameras.filter(pk=camera.pk).exists():
        raise OutsideViewing
    if not session.starts_at <= starts_at < ends_at <= session.ends_at:
        raise OutsideViewing
    if ends_at - starts_at > LONGEST:
        raise RedactionRefused
    require_free(camera, starts_at, ends_at)
    found = segments_of(camera, starts_at, ends_at, hold_id=session.hold_id)
    rows = list(found.values_list("starts_at", "width", "height"))
    if not rows:
        raise NothingRecorded
    # The recordings' rows say it; the job asks their packets again.
    changes = [now[0] for before, now in pairwise(rows) if before[1:] != now[1:]]
    if changes:
        raise of_sizes(camera, changes)


def _numbered(row: Redaction, sequence: int) -> Redaction:
    row.year, row.sequence = clock.now().year, sequence
    row.number = f"RD-{row.year}-{sequence:04}"
    return row


def wake() -> None:
    """Have the work looked for at once; without a broker the sweep does it some seconds later."""
    from cctv.redaction.tasks import work

    work.delay()


def segments_of(camera: Camera, starts_at: datetime, ends_at: datetime, *, hold_id: UUID | None) -> Any:
    """The segments that show something of the span and may still be opened, in order of time."""
    alive = Q(expires_at__gt=past.reached()) if hold_id is None else Q(held__hold_id=hold_id)
    found = Segment.objects.filter(alive, camera=camera, starts_at__lt=ends_at, ends_at__gt=starts_at)
    return found.select_related("epoch", "camera").order_by("starts_at", "pk").distinct()


def cancel(*, redaction: Redaction, actor: Account, terminal: str) -> Redaction:
    """End it: what was found, drawn and rendered is removed; the recording stays. Again: the same row.

    AlreadyApproved, Forbidden, LogUnavailable (then it goes on).
    """
    permissions_of(actor).require(EDIT, site_id=redaction.site_id)
    with transaction.atomic():
        row = Redaction.objects.select_for_update(of=("self",)).get(pk=redaction.pk)
        if row.state == State.CANCELLED:
            return row
        if row.state == State.APPROVED:
            raise AlreadyApproved
        event_id = uuid5(redaction.pk, events.CANCELLED)
        log_about(events.CANCELLED, redaction, actor, terminal, {}, event_id=event_id)
        row.state, row.work, row.error_code, row.error = State.CANCELLED, Work.NONE, "", ""
        row.lease_token = row.lease_until = None
        row.save()
    derived.remove(owner=redaction.pk)
    MEMORY.drop(redaction.pk)
    return row


def remove_cancelled() -> int:
    """Remove what cancelled redactions still have: whoever cancelled was killed in between, or a worker's
    last part came in afterwards. And what those had that went with the records of their viewing: on held
    footage it would lie there, nobody's, until the hold ends. Of how many."""
    made = Derived.objects.filter(part__in=PARTS)
    rows = Redaction.objects.filter(state=State.CANCELLED)
    left = rows.filter(pk__in=made.values("owner")).values_list("pk", flat=True)
    nobodys = made.exclude(owner__in=Redaction.objects.values("pk")).values_list("owner", flat=True)
    for pk in (found := [*left, *nobodys.distinct()]):
        derived.remove(owner=pk)
    return len(found)


def retry(*, redaction: Redaction, actor: Account) -> Redaction:
    """Try again what stopped with an error; nothing where the computer is at work.

    RedactionEnded; ChangedSince, where what would be rendered is not what was sent to review.
    """
    permissions_of(actor).require(EDIT, site_id=redaction.site_id)
    with transaction.atomic():
        row = Redaction.objects.select_for_update(of=("self",)).get(pk=redaction.pk)
        if row.state == State.CANCELLED:
            raise RedactionEnded
        if row.work == Work.NONE and row.error_code:
            if not may_retry(row):
                raise ChangedSince
            row.work = _stopped_at(row)
            row.state = {Work.LOOK: State.LOOKING, Work.RENDER: State.RENDERING}.get(row.work, row.state)
            row.work_asked_at = clock.now()
        row.not_before, row.work_attempts, row.error_code, row.error = None, 0, "", ""
        row.save()
        row.acts.create(kind=Act.RETRY, made_by=actor)
        transaction.on_commit(wake, robust=True)
    return row


def may_retry(redaction: Redaction) -> bool:
    """Whether something stopped that can be tried again as it was: a look, or the render of what was sent."""
    if redaction.state == State.CANCELLED or not redaction.error_code:
        return False
    looks = redaction.state == State.LOOKING or bool(redaction.parameters.get(SCENE_FAILED))
    return bool(redaction.work) or looks or redaction.parameters.get(FAILED) == redaction.revision


def _stopped_at(row: Redaction) -> Work:
    """What has to be tried again; the row forgets that the sharp scene failed."""
    if row.state == State.LOOKING:
        return Work.LOOK
    return Work.SCENE if row.parameters.pop(SCENE_FAILED, False) else Work.RENDER


def log_about(
    kind: str,
    redaction: Redaction,
    actor: Account,
    terminal: str,
    facts: Mapping[str, Any],
    *,
    action: str = EDIT,
    event_id: UUID | None = None,
) -> Receipt:
    """One durable entry about the redaction in a person's name; `facts` come on top. LogUnavailable."""
    body: dict[str, Any] = {
        "actor": actor_fields(actor, action, site_id=redaction.site_id),
        "terminal": terminal,
        "site": redaction.site.logged(),
        "purpose": purpose_fields(redaction.purpose, ""),
        **about(redaction),
        **facts,
    }
    index = IndexFields(
        actor=str(actor.pk), camera=str(redaction.camera_id), site=str(redaction.site_id),
        purpose=redaction.purpose.code, case=redaction.case, terminal=terminal,
        footage_from=redaction.starts_at, footage_to=redaction.ends_at,
    )  # fmt: skip
    return append(kind=kind, body=body, index=[index], event_id=event_id)


def about(redaction: Redaction) -> dict[str, Any]:
    """Which redaction, of which footage, as every entry about it says."""
    said: dict[str, Any] = {
        "redaction": redaction.number,
        "camera": camera_fields(redaction.camera),
        "from": clock.rfc3339(redaction.starts_at),
        "to": clock.rfc3339(redaction.ends_at, round_up=True),
    }
    if redaction.case:
        said["case"] = redaction.case
    if redaction.hold is not None:
        said["hold"] = {"id": str(redaction.hold.pk), "name": redaction.hold.number}
    return said
