"""Every model of the app, gathered from the areas."""

from cctv.disclosure.cases.models import Case, CaseSpan, Letter
from cctv.disclosure.exports.models import Export, ExportAct, ExportSpan, PackageFile
from cctv.disclosure.handing.models import HandOver, RecipientNotice, Sending
from cctv.disclosure.models import Medium
from cctv.footage.derived.models import Derived, DerivedSource
from cctv.footage.marks.models import Bookmark, Still
from cctv.footage.models import CoveredSpan, ErasedSpan, Segment, ViewedSpan, ViewingSession
from cctv.footage.restrictions.models import Restriction
from cctv.ingest.models import HourRoot, Quarantined, Recorder, Source
from cctv.ledger.models import LedgerLine
from cctv.people.models import Account, OutgoingMail, RoleGrant
from cctv.redaction.models import (
    Redaction,
    RedactionAct,
    RedactionEdit,
    RedactionPart,
    RedactionReview,
    RedactionScene,
)
from cctv.retention.backup.models import Backup, Restore
from cctv.retention.holds.models import HeldObject, Hold, HoldGate
from cctv.retention.models import (
    Certificate,
    CertificateCamera,
    Erasure,
    Heartbeat,
    PurgeFailure,
    PurgeItem,
    PurgeRun,
    RuleApplication,
)
from cctv.retention.reconcile.models import FsckFinding, FsckRun
from cctv.retention.records.models import RecordErasure, RecordRule
from cctv.sites.models import Camera, DutyHours, Organisation, Purpose, RetentionRule, Site, Zone
from cctv.subjects.deciding.models import Decision
from cctv.subjects.delivering.models import Appointment, Delivery, DeliverySending
from cctv.subjects.identity.models import IdentityCheck, IdentityPaper
from cctv.subjects.requests.models import Message, RequestAct, RequestMail, SubjectRequest
from cctv.vault.models import Epoch

__all__ = [
    "Account",
    "Appointment",
    "Backup",
    "Bookmark",
    "Camera",
    "Case",
    "CaseSpan",
    "Certificate",
    "CertificateCamera",
    "CoveredSpan",
    "Decision",
    "Delivery",
    "DeliverySending",
    "Derived",
    "DerivedSource",
    "DutyHours",
    "Epoch",
    "ErasedSpan",
    "Erasure",
    "Export",
    "ExportAct",
    "ExportSpan",
    "FsckFinding",
    "FsckRun",
    "HandOver",
    "Heartbeat",
    "HeldObject",
    "Hold",
    "HoldGate",
    "HourRoot",
    "IdentityCheck",
    "IdentityPaper",
    "LedgerLine",
    "Letter",
    "Medium",
    "Message",
    "Organisation",
    "OutgoingMail",
    "PackageFile",
    "PurgeFailure",
    "PurgeItem",
    "PurgeRun",
    "Purpose",
    "Quarantined",
    "RecipientNotice",
    "RecordErasure",
    "RecordRule",
    "Recorder",
    "Redaction",
    "RedactionAct",
    "RedactionEdit",
    "RedactionPart",
    "RedactionReview",
    "RedactionScene",
    "RequestAct",
    "RequestMail",
    "Restore",
    "Restriction",
    "RetentionRule",
    "RoleGrant",
    "RuleApplication",
    "Segment",
    "Sending",
    "Site",
    "Source",
    "Still",
    "SubjectRequest",
    "ViewedSpan",
    "ViewingSession",
    "Zone",
]
