"""One act on an installation in a process of its own, killed at a named step.

    python -m tests.faults.admission_child prepare|sweep|deliver|report|steps [STEP]

Prints one JSON object. With STEP, the process is killed (SIGKILL) when admission reaches that step.
"""

import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def main() -> None:
    """Set Django up and do what the arguments say."""
    import django

    django.setup()
    act, step = sys.argv[1], (sys.argv[2] if len(sys.argv) > 2 else "")
    if step:
        from cctv.vault import steps

        steps.listen(lambda reached: os.kill(os.getpid(), signal.SIGKILL) if reached == step else None)
    acts = {"prepare": prepare, "sweep": sweep, "deliver": deliver, "report": report, "steps": all_steps}
    result = acts[act]()
    sys.stdout.write(json.dumps(result) + "\n")


def prepare() -> dict[str, Any]:
    """Databases, keys, a site, a camera, a source over drop/recorder."""
    from django.conf import settings
    from django.core.management import call_command

    from cctv.ingest.models import Source
    from cctv.sites.models import Camera, Organisation, RetentionRule, Site, Zone
    from cctv.vault import services as vault

    for alias in ("default", "log"):
        call_command("migrate", database=alias, verbosity=0)
    vault.initialise()
    organisation = Organisation.objects.create(name="Saebyeok Freight")
    site = Site.objects.create(
        organisation=organisation,
        code="seoul",
        name="Seoul",
        time_zone="Asia/Seoul",
        jurisdiction="KR",
        storage_place="x",
    )
    RetentionRule.objects.create(
        organisation=organisation, days=30, effective_from=datetime(2020, 1, 1, tzinfo=UTC)
    )
    zone = Zone.objects.create(site=site, name="Gate", kind="entrance")
    for code in ("gate", "yard"):
        Camera.objects.create(
            site=site,
            zone=zone,
            code=code,
            name=code,
            location="gate",
            legal_basis="art25",
            scope_text="the gate",
        )
    folder = Path(str(settings.LETHE_DROP_ROOT)) / "recorder"
    folder.mkdir(parents=True)
    source = Source.objects.create(
        site=site, name="Drop", layout="ffmpeg", time_zone="UTC", folder=str(folder), settle_seconds=0
    )
    return {"folder": str(folder), "source": str(source.pk)}


def sweep() -> dict[str, Any]:
    """One sweep of the only source, as after a restart: nothing is remembered, the old lease has run out."""
    from cctv.ingest import sweep as sweeping
    from cctv.ingest.models import Source

    Source.objects.update(lease_until=None)
    swept = sweeping.sweep_source(source_id=Source.objects.get().pk, at_once=True)
    assert swept is not None
    return {"outcomes": swept.outcomes, "error": str(swept.error or "")}


def deliver() -> dict[str, Any]:
    """A recorder sends what lies beside the home, as often as it gets no answer; and what is there then."""
    from django.conf import settings

    from cctv.ingest import services
    from cctv.ingest.incoming import Origin
    from cctv.sites.models import Camera

    recording = Path(str(settings.LETHE_HOME)).parent / "recording.mp4"
    with recording.open("rb") as stream:
        admission = services.admit(
            camera=Camera.objects.get(code="gate"),
            starts_at=datetime.fromtimestamp(int(recording.stat().st_mtime), UTC),
            origin=Origin.UPLOAD,
            original_name="gate",
            stream=stream,
        )
    return {"outcome": str(admission.outcome.value), **report()}


def all_steps() -> dict[str, Any]:
    """A sweep that tells the steps that it passes."""
    from cctv.vault import steps

    passed: list[str] = []
    steps.listen(passed.append)
    return {**sweep(), "steps": passed}


def report() -> dict[str, Any]:
    """What is there after the orphans have been swept away at once."""
    from django.conf import settings

    from cctv.footage.models import Segment
    from cctv.ingest import orphans
    from cctv.ingest.models import Quarantined
    from cctv.vault import keyfile, rings
    from cctv.vault import services as vault

    settings.LETHE_ORPHAN_LEASE_S = -5
    deleted = orphans.sweep().deleted
    opened, expected = [], set()
    for row in Segment.objects.select_related("epoch"):
        expected |= {row.sealed_name, vault.part_name(row.sealed_name, "index")}
        key = keyfile.unwrap_key(rings.footage().get(row.epoch.key_id), bytes(row.wrapped_key))
        context = vault.context(row.pk, "media")
        opened.append(len(vault.provisional_reader(row.sealed_name, row.size_bytes, key, context).read()))
    expected |= set(Quarantined.objects.values_list("sealed_name", flat=True))
    return {
        "segments": len(opened),
        "opened": opened,
        "quarantined": Quarantined.objects.count(),
        "orphans": deleted,
        "objects_match": {stored.name for stored in vault.list_objects()} == expected,
    }


if __name__ == "__main__":
    main()
