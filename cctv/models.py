"""Every model of the app, gathered from the areas."""

from cctv.footage.models import CoveredSpan, Segment, ViewedSpan, ViewingSession
from cctv.ingest.models import Quarantined, Recorder, Source
from cctv.people.models import Account, RoleGrant
from cctv.retention.models import Certificate, Heartbeat, PurgeFailure, PurgeItem, PurgeRun, RuleApplication
from cctv.sites.models import Camera, Organisation, Purpose, RetentionRule, Site, Zone
from cctv.vault.models import Epoch

__all__ = [
    "Account",
    "Camera",
    "Certificate",
    "CoveredSpan",
    "Epoch",
    "Heartbeat",
    "Organisation",
    "PurgeFailure",
    "PurgeItem",
    "PurgeRun",
    "Purpose",
    "Quarantined",
    "Recorder",
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
