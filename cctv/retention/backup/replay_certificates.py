"""Certificates issued after the register's time: they go on to exist, and their numbers with them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from accesslog.canonical import encode
from cctv.core import clock
from cctv.retention.models import Certificate, CertificateCamera, PurgeItem, PurgeRun, RunState
from cctv.sites.models import Camera, Site


def certificate(facts: Mapping[str, Any], counts: "Counter[str]") -> None:
    """The certificate as it was issued, its run as far as it tells of it, and whom it concerns.

    Its entry went with the tail of the log that was lost; it keeps none rather than a wrong one.
    """
    told, number = facts["facts"], facts["number"]
    if Certificate.objects.filter(number=number).exists() or not _known_site(told):
        return
    issued_at = clock.parse_rfc3339(told["issued_at"])
    _prefix, year, sequence = number.split("-")
    row = Certificate.objects.create(
        year=int(year), sequence=int(sequence), number=number, run=_run(told, issued_at),
        site_id=told["site"]["id"], issued_at=issued_at, facts=told,
        facts_sha256=sha256(encode(told)).digest(),
        signature=facts.get("signature", ""),
    )  # fmt: skip
    _cameras(row, told["cameras"])
    keys = [epoch["key_id"] for epoch in told["epochs"]]
    PurgeItem.objects.filter(certificate=None, epoch__key_id__in=keys).update(certificate=row)
    counts["certificates"] += 1


def _known_site(told: Mapping[str, Any]) -> bool:
    return Site.objects.filter(pk=told["site"]["id"]).exists()


def _run(told: Mapping[str, Any], issued_at: Any) -> PurgeRun:
    """The last run that the certificate names, as done; a run has one certificate for each site."""
    named = told["runs"][-1]
    run = PurgeRun.objects.filter(pk=named["id"]).first()
    if run is None or run.certificates.filter(site_id=told["site"]["id"]).exists():
        run = PurgeRun(planned_at=issued_at, cutoff_at=issued_at)
        if not PurgeRun.objects.filter(pk=named["id"]).exists():
            run.pk = named["id"]
    if run._state.adding:
        run.state, run.is_open, run.finished_at = RunState.DONE, None, issued_at
        run.plan_sha256 = bytes.fromhex(named["digest"])
        run.trigger = told.get("trigger", "auto")
        run.generation_before, run.generation_after = told["generation_before"], told["generation_after"]
        run.destroyed_segments, run.destroyed_bytes = told["segments"], told["bytes"]
        run.destroyed_quarantined = told["quarantined"]
        run.save(force_insert=True)
    return run


def _cameras(row: Certificate, cameras: Sequence[Mapping[str, Any]]) -> None:
    known = {str(pk) for pk in Camera.objects.values_list("pk", flat=True)}
    CertificateCamera.objects.bulk_create(
        CertificateCamera(
            certificate=row, camera_id=camera["id"], starts_at=clock.parse_rfc3339(camera["from"]),
            ends_at=clock.parse_rfc3339(camera["to"]), segments=camera["segments"],
        )
        for camera in cameras
        if camera["id"] in known
    )  # fmt: skip
