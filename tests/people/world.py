"""One thing of every kind at each of two sites, for asking every address about own and foreign things."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from accesslog import IndexFields
from accesslog.models import Review
from accesslog.review.services import review_id
from accesslog.services import append
from cctv.core import clock
from cctv.core.ids import new_id
from cctv.disclosure.cases.models import Case, CaseSpan, Letter
from cctv.disclosure.exports.models import Export, ExportSpan, ExportState
from cctv.disclosure.handing.models import RecipientNotice
from cctv.disclosure.models import Medium
from cctv.footage.models import ViewingSession
from cctv.footage.restrictions.models import Restriction
from cctv.ingest.models import Quarantined, Recorder, Source
from cctv.people.models import Account, Role, RoleGrant
from cctv.redaction.models import Redaction, State
from cctv.retention.holds.models import Hold, HoldState
from cctv.retention.models import Certificate, Erasure, PurgeItem, PurgeRun, RunState
from cctv.sites.models import Camera, Site
from cctv.subjects.deciding.models import Decision
from cctv.subjects.delivering.models import Appointment
from cctv.subjects.requests.models import RequestState, SubjectRequest
from cctv.vault.models import Epoch
from tests.people.cast import LONG_AGO, PASSWORD, Cast


@dataclass(frozen=True)
class Place:
    """A site and one of each of its things."""

    site: Site
    camera: Camera
    guard: Account
    grant: RoleGrant
    viewing: ViewingSession
    source: Source
    recorder: Recorder
    quarantined: Quarantined
    run: PurgeRun
    certificate: Certificate
    entry: int
    hold: Hold
    erasure: Erasure
    medium: Medium
    restriction: Restriction
    redaction: Redaction
    case: Case
    case_span: CaseSpan
    letter: Letter
    export: Export
    notice: RecipientNotice
    request: SubjectRequest
    decision: Decision
    appointment: Appointment
    month: str = "2026-02"  # whose review has begun


@dataclass(frozen=True)
class World:
    """Both places, and who asks: one person per role, each at `own`; two more everywhere; one without."""

    cast: Cast
    own: Place
    other: Place
    asking: dict[str, Account]
    everywhere: dict[str, Account]
    closed: Account
    no_segment: UUID
    day: date


def make(cast: Cast) -> World:
    """The world around the cast; the asking people are at Seoul."""
    asking = {Role.OPERATOR.value: cast.operator, Role.APPROVER.value: cast.approver}
    for role in (Role.PRIVACY_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR):
        asking[role.value] = _person(f"seoul-{role.value}", role.value, cast.seoul)
    return World(
        cast=cast,
        own=_place(1, cast.seoul, cast.gate, cast.operator),
        other=_place(2, cast.osaka, cast.mon, cast.osaka_operator),
        asking=asking,
        everywhere={
            Role.PRIVACY_OFFICER.value: cast.privacy_officer,
            Role.AUDITOR.value: cast.auditor,
            Role.ADMINISTRATOR.value: cast.administrator,
        },
        closed=_person("closed", "", None),
        no_segment=new_id(),
        day=date(2026, 3, 1),
    )


def _person(mailbox: str, role: str, site: Site | None) -> Account:
    account = Account.objects.create_user(
        f"{mailbox}@example.org", PASSWORD, name=mailbox, employer="Guard Co."
    )
    if role:
        RoleGrant.objects.create(account=account, role=role, site=site, valid_from=LONG_AGO)
    return account


def _place(number: int, site: Site, camera: Camera, viewer: Account) -> Place:
    now = clock.now()
    guard = _person(f"guard-{site.code}", "operator", site)
    viewing = ViewingSession.objects.create(
        actor=viewer, site=site, purpose=camera.purposes.all()[0], starts_at=now - timedelta(hours=2),
        ends_at=now - timedelta(hours=1), valid_until=now + timedelta(hours=1), terminal="127.0.0.1",
    )  # fmt: skip
    viewing.cameras.add(camera)
    source = Source.objects.create(
        site=site, camera=camera, name="Folder", layout="ffmpeg", folder=f"/nowhere/{site.code}"
    )
    token = sha256(site.code.encode()).digest()
    recorder = Recorder.objects.create(site=site, name="Recorder", token_sha256=token)
    epoch = Epoch.objects.create(site=site, expires_hour=LONG_AGO, key_id=f"gone-{number}", state="destroyed")
    quarantined = _quarantined(number, camera, epoch, token)
    run = PurgeRun.objects.create(state=RunState.DONE, is_open=None, cutoff_at=now, plan_sha256=b"p" * 32)
    PurgeItem.objects.create(run=run, epoch=epoch, site=site)
    receipt = append(kind="site.created", index=[IndexFields(site=str(site.pk))], body={
        "actor": {"id": "", "name": "Lethe", "role": "setup"}, "object": {"name": site.name},
        "site": {"id": str(site.pk), "name": site.name},
    })  # fmt: skip
    Review.objects.create(
        pk=review_id(str(site.pk), Place.month), site=str(site.pk), month=Place.month, opened_us=0, first=0,
        end=0, entries=0, opened_by="",
    )  # fmt: skip
    case = _case(number, site, guard)
    export = _export(number, case, camera, guard)
    request = _request(number, site, camera)
    return Place(
        site=site, camera=camera, guard=guard, grant=guard.grants.get(), viewing=viewing, source=source,
        recorder=recorder, quarantined=quarantined, run=run, certificate=_certificate(number, run, site),
        entry=receipt.index, hold=_hold(number, site, camera, guard), erasure=_erasure(camera, viewer),
        medium=_medium(number, site, viewer), restriction=_restriction(site, camera, guard),
        redaction=_redaction(number, viewing, camera, guard),
        case=case, case_span=_case_span(case, camera, guard), letter=_letter(case, guard), export=export,
        notice=_notice(number, export, camera, viewer), request=request,
        decision=_decision(request, guard), appointment=_appointment(request),
    )  # fmt: skip


def _quarantined(number: int, camera: Camera, epoch: Epoch, token: bytes) -> Quarantined:
    return Quarantined.objects.create(
        site=camera.site, camera=camera, epoch=epoch, original_name="x.mp4", reason_code="garbage",
        reason="none", expires_at=LONG_AGO, size_bytes=1, sealed_name=f"gone/{number}", wrapped_key=b"x",
        ciphertext_sha256=b"x" * 32, duplicate_tag=token,
    )  # fmt: skip


def _request(number: int, site: Site, camera: Camera) -> SubjectRequest:
    """Being worked on, with nothing held, and nothing sealed that could be opened."""
    row = SubjectRequest.objects.create(
        reference=f"R-2026-WORLD{number}", kind="copy", site=site, jurisdiction=site.jurisdiction,
        starts_at=LONG_AGO, ends_at=LONG_AGO + timedelta(minutes=1), state=RequestState.OPEN,
    )  # fmt: skip
    row.cameras.add(camera)
    return row


def _decision(request: SubjectRequest, guard: Account) -> Decision:
    return Decision.objects.create(request=request, outcome="refused", proposed_by=guard)


def _appointment(request: SubjectRequest) -> Appointment:
    return Appointment.objects.create(request=request, at=clock.now() + timedelta(days=1), place="office")


def _case(number: int, site: Site, guard: Account) -> Case:
    return Case.objects.create(
        number=f"C-2026-{number:04}", year=2026, sequence=number, site=site, title="theft", opened_by=guard
    )


def _case_span(case: Case, camera: Camera, guard: Account) -> CaseSpan:
    return CaseSpan.objects.create(
        case=case, camera=camera, starts_at=LONG_AGO, ends_at=LONG_AGO + timedelta(minutes=1), added_by=guard
    )


def _letter(case: Case, guard: Account) -> Letter:
    """Without a file."""
    return Letter.objects.create(case=case, kind="note", title="note", made_by=guard)


def _notice(number: int, export: Export, camera: Camera, viewer: Account) -> RecipientNotice:
    """Told and answered, so that nobody can do it again."""
    now = clock.now()
    return RecipientNotice.objects.create(
        number=f"N-2026-{number:04}", year=2026, sequence=number, export=export, reason="erasure",
        camera=camera, told_at=now, told_by=viewer, told_how="letter", answered_at=now, source=f"x{number}",
    )  # fmt: skip


def _export(number: int, case: Case, camera: Camera, guard: Account) -> Export:
    """Withdrawn, and asked for by nobody who asks here, since nobody decides on their own."""
    row = Export.objects.create(
        number=f"E-2026-{number:04}", year=2026, sequence=number, site=case.site, case=case,
        state=ExportState.WITHDRAWN, recipient_kind="police", recipient="Mapo police", ground="law",
        purpose_text="theft", asked_by=guard,
    )  # fmt: skip
    ExportSpan.objects.create(
        export=row, camera=camera, starts_at=LONG_AGO, ends_at=LONG_AGO + timedelta(minutes=1)
    )
    return row


def _redaction(number: int, viewing: ViewingSession, camera: Camera, guard: Account) -> Redaction:
    """Of footage that is gone; made by nobody who asks, since nobody reviews their own."""
    return Redaction.objects.create(
        number=f"RD-2026-{number:04}", year=2026, sequence=number, site=viewing.site, camera=camera,
        starts_at=viewing.starts_at, ends_at=viewing.ends_at, session=viewing, purpose=viewing.purpose,
        made_by=guard, state=State.EDITING,
    )  # fmt: skip


def _erasure(camera: Camera, decided_by: Account) -> Erasure:
    return Erasure.objects.create(
        site=camera.site, camera=camera, starts_at=LONG_AGO, ends_at=LONG_AGO + timedelta(minutes=1),
        reference="DSR-1", ground="subject", decided_by=decided_by,
    )  # fmt: skip


def _medium(number: int, site: Site, made_by: Account) -> Medium:
    return Medium.objects.create(
        number=f"M-2026-{number:04}", year=2026, sequence=number, site=site, kind="print", made_by=made_by,
        description="a still", purpose="claim",
    )  # fmt: skip


def _hold(number: int, site: Site, camera: Camera, guard: Account) -> Hold:
    """One in force that holds nothing: its key is not needed."""
    now = clock.now()
    hold = Hold.objects.create(
        number=f"H-2026-{number:04}", year=2026, sequence=number, site=site, case="2026-118",
        ground="incident", starts_at=now - timedelta(hours=2), ends_at=now - timedelta(hours=1),
        until=now + timedelta(days=90), state=HoldState.ACTIVE, key_id="", placed_by=guard, placed_entry=0,
    )  # fmt: skip
    hold.cameras.add(camera)
    return hold


def _restriction(site: Site, camera: Camera, guard: Account) -> Restriction:
    row = Restriction.objects.create(
        site=site, starts_at=LONG_AGO, ends_at=LONG_AGO + timedelta(minutes=1), ground="objection",
        reason="R-2026-047", placed_by=guard,
    )  # fmt: skip
    row.cameras.add(camera)
    return row


def _certificate(number: int, run: PurgeRun, site: Site) -> Certificate:
    moment = clock.rfc3339(datetime(2026, 3, 1, tzinfo=UTC))
    facts = {
        "site": {"name": site.name, "time_zone": site.time_zone}, "organisation": "Saebyeok Freight",
        "trigger": "auto", "segments": 1, "quarantined": 0, "bytes": 1, "copies": [], "left": [],
        "cameras": [], "epochs": [], "runs": [], "generation_before": 1, "generation_after": 2,
        "method": {"standard": "NIST SP 800-88", "tool": "Lethe", "version": "0.2.0"}, "merkle_root": "ab",
        **dict.fromkeys(("deleted_from", "deleted_until", "keys_destroyed_at", "issued_at"), moment),
    }  # fmt: skip
    return Certificate.objects.create(
        year=2026, sequence=number, number=f"DC-2026-{number:04}", run=run, site=site, facts=facts,
        facts_sha256=b"f" * 32,
    )  # fmt: skip
