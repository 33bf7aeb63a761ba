"""Every model of the app, gathered from the areas."""

from cctv.disclosure.models import Medium
from cctv.footage.models import CoveredSpan, ErasedSpan, Segment, ViewedSpan, ViewingSession
from cctv.ingest.models import Quarantined, Recorder, Source
from cctv.ledger.models import LedgerLine
from cctv.people.models import Account, OutgoingMail, RoleGrant
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
from cctv.sites.models import Camera, Organisation, Purpose, RetentionRule, Site, Zone
from cctv.vault.models import Epoch

__all__ = [
    "Account",
    "Backup",
    "Camera",
    "Certificate",
    "CertificateCamera",
    "CoveredSpan",
    "Epoch",
    "ErasedSpan",
    "Erasure",
    "FsckFinding",
    "FsckRun",
    "Heartbeat",
    "HeldObject",
    "Hold",
    "HoldGate",
    "LedgerLine",
    "Medium",
    "Organisation",
    "OutgoingMail",
    "PurgeFailure",
    "PurgeItem",
    "PurgeRun",
    "Purpose",
    "Quarantined",
    "Recorder",
    "Restore",
    "RetentionRule",
    "RoleGrant",
    "RuleApplication",
    "Segment",
    "Site",
    "Source",
    "ViewedSpan",
    "ViewingSession",
    "Zone",
]
