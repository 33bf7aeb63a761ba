"""An export as rows, without footage, and what a package would say of it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from cctv.disclosure.cases.models import Case
from cctv.disclosure.exports.models import Export, ExportSpan, ExportState
from cctv.disclosure.handing.models import HandOver, Sending
from cctv.disclosure.packages.manifest import (
    CameraFacts,
    ExportFacts,
    FileFacts,
    GapFacts,
    GroundFacts,
    LogFacts,
    PackageFacts,
    PeopleFacts,
    ProofFacts,
    PurposeFacts,
    RecipientFacts,
    SpanFacts,
)  # fmt: skip
from tests.people.cast import Cast

AT = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def case_of(cast: Cast, number: int = 1, **more: Any) -> Case:
    values: dict[str, Any] = {"site": cast.seoul, "title": "Theft at the gate", **more}
    return Case.objects.create(
        number=f"C-2026-{number:04d}", year=2026, sequence=number, opened_by=cast.operator, **values
    )


def export_of(cast: Cast, number: int = 1, **more: Any) -> Export:
    """One of an hour of the gate, for the police, ready."""
    values: dict[str, Any] = {
        "site": cast.seoul, "recipient_kind": "police", "recipient": "Mapo police", "ground": "law",
        "document": "warrant 2026-118", "purpose": cast.crime, "purpose_text": "theft of pallets",
        "state": ExportState.READY, "asked_by": cast.operator, "asked_at": AT + 3 * HOUR, **more,
    }  # fmt: skip
    camera, span = values.pop("camera", cast.gate), values.pop("span", (AT, AT + HOUR))
    case = values.pop("case", None) or case_of(cast, number, site=values["site"])
    export = Export.objects.create(
        number=f"E-2026-{number:04d}", year=2026, sequence=number, case=case, **values
    )
    ExportSpan.objects.create(export=export, camera=camera, starts_at=span[0], ends_at=span[1])
    return export


def hand_over(export: Export, *, at: datetime = AT + 5 * HOUR, sent: bool = True) -> HandOver:
    """A link for it; `sent`: something was downloaded."""
    copy = export.handovers.count() + 1
    given = HandOver.objects.create(
        export=export, copy=copy, way="link", made_by=export.asked_by, made_at=at
    )  # fmt: skip
    if sent:
        Sending.objects.create(handover=given, at=at, first_entry=7, sent_bytes=1000, is_whole=True)
    return given


def facts_of(
    export: Export, cast: Cast, *, files: Mapping[str, bytes] | None = None, vkey: str, **more: Any
) -> PackageFacts:
    """What the package of `export_of` says: a clip with pre-roll, a gap, papers."""
    given = files or {
        "clips/정문/2026-06-01T10-00-00.mp4": b"clip", "checkpoint": b"cp", "proofs/3.tlog-proof": b"proof"
    }  # fmt: skip
    clip = {"frames": 72_000, "pre_roll_us": 1_480_000, "post_roll_us": 40_000}
    values: dict[str, Any] = {
        "export": ExportFacts(export.number, AT + 4 * HOUR, export.site.name, export.case.number, "en"),
        "key": vkey,
        "purpose": PurposeFacts(export.purpose_text),
        "ground": GroundFacts("law", "PIPA Art. 18(2)2", "warrant 2026-118"),
        "people": PeopleFacts("Kim Minji", "Park Jiho", AT + 4 * HOUR),
        "recipient": RecipientFacts(export.recipient_kind, export.recipient),
        "expires_at": AT + 100 * HOUR,
        "cameras": [
            CameraFacts(str(cast.gate.pk), cast.gate.code, cast.gate.name, "정문", "Asia/Seoul", "NVR", -2300)
        ],
        "spans": [
            SpanFacts(
                str(cast.gate.pk), AT, AT + HOUR, "native",
                [GapFacts(AT + HOUR / 2, AT + HOUR / 2 + timedelta(seconds=95), "no recording")],
            )
        ],
        "files": [
            FileFacts(
                name, "clip" if name.startswith("clips") else "proof", len(data), sha256(data).hexdigest(),
                str(cast.gate.pk) if name.startswith("clips") else None,
                AT - timedelta(seconds=1.48) if name.startswith("clips") else None,
                AT + HOUR if name.startswith("clips") else None, clip if name.startswith("clips") else {},
            )
            for name, data in given.items()
        ],
        "segments": iter([]),
        "log": LogFacts("lethe.example/log", vkey, "checkpoint", [
            ProofFacts(3, "export.key", "proofs/3.tlog-proof")
        ]),
        **more,
    }  # fmt: skip
    return PackageFacts(**values)
