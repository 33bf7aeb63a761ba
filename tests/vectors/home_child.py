"""One act on a copy of a kept installation, in a process of its own: `look`, `purge` or `late`, [MOMENT].

`look` reads everything that may be read and checks that each row has its objects, `purge` lets the purge do
its work, `late` does so by the machine's own clock, years later, as somebody would who finds an old disk.
Prints one JSON object. With MOMENT the clock of the process stands then.
"""

import io
import json
import sys
from datetime import datetime
from typing import Any

import av

from tests.media.clips import number_of
from tests.vectors.then import then


def main() -> None:
    """Set Django up and do what the arguments say."""
    import django

    django.setup()
    from accesslog import services

    act = {"look": look, "purge": purge, "late": late}[sys.argv[1]]
    try:
        if len(sys.argv) > 2:
            with then(datetime.fromisoformat(sys.argv[2])):
                result = act()
        else:
            result = act()
    finally:
        services.close()
    sys.stdout.write(json.dumps(result) + "\n")


def look() -> dict[str, Any]:
    """Sign in, open a viewing, play each segment, take its small picture and a still."""
    from django.contrib.auth import authenticate

    from cctv.footage.models import Segment

    signed_in = authenticate(login="operator@example.org", email="operator@example.org", password=sys.argv[3])
    seen = {str(segment.pk): _played(segment) for segment in Segment.objects.order_by("starts_at")}
    return {"signed_in": signed_in is not None, "seen": seen, **inventory()}


def _played(segment: Any) -> Any:
    """The numbers painted on the part's frames, how large the pictures are; or the code of the refusal."""
    from datetime import timedelta

    from cctv.core.errors import LetheError
    from cctv.footage import playback, viewing
    from cctv.people.models import Account
    from cctv.sites.models import Purpose

    session = viewing.open_viewing(
        actor=Account.objects.get(email="operator@example.org"), terminal="10.0.0.8",
        cameras=[segment.camera], purpose=Purpose.objects.get(), starts_at=segment.starts_at,
        ends_at=segment.ends_at, minutes=15,
    )  # fmt: skip
    where: Any = {"camera": segment.camera, "segment_id": segment.pk}
    try:
        init = playback.init(session, **where, plays_hevc=True)
        part = playback.part(session, **where, number=0, base_ms=0, plays_hevc=True)
        small = playback.thumbnail(session, **where)
        still = playback.still(session, camera=segment.camera, at=segment.starts_at + timedelta(seconds=1))
    except LetheError as refusal:
        return refusal.code
    container: Any
    with av.open(io.BytesIO(init + part.data)) as container:
        numbers = [number_of(frame.to_ndarray(format="gray8")) for frame in container.decode(video=0)]
    return {"numbers": numbers, "small": _size(small.data), "still": _size(still.data)}


def _size(jpeg: bytes) -> list[int]:
    container: Any
    with av.open(io.BytesIO(jpeg)) as container:
        frame = next(container.decode(video=0))
    return [frame.width, frame.height]


def inventory() -> dict[str, Any]:
    """Rows and objects: what each row names is there with its size, and nothing else is."""
    from cctv.footage.models import Segment
    from cctv.ingest.models import Quarantined
    from cctv.retention.models import Certificate, PurgeRun
    from cctv.vault import rings
    from cctv.vault import services as vault
    from cctv.vault.models import Epoch, EpochState

    expected: dict[str, int] = {}
    for row in Segment.objects.all():
        expected[row.sealed_name] = row.size_bytes
        expected[vault.part_name(row.sealed_name, "index")] = row.index_size_bytes
        if row.thumb_size_bytes > 0:
            expected[vault.part_name(row.sealed_name, "thumb")] = row.thumb_size_bytes
    expected |= dict(Quarantined.objects.values_list("sealed_name", "size_bytes"))
    live = set(Epoch.objects.filter(state=EpochState.LIVE).values_list("key_id", flat=True))
    return {
        "objects_match": {stored.name: stored.size_bytes for stored in vault.list_objects()} == expected,
        "keys_match": all(rings.footage().has(key_id) for key_id in live),
        "live_keys": len(live),
        "segments": [str(pk) for pk in Segment.objects.order_by("starts_at").values_list("pk", flat=True)],
        "quarantined": Quarantined.objects.count(),
        "certificates": list(Certificate.objects.order_by("sequence").values_list("number", flat=True)),
        "certified_segments": [row.facts["segments"] for row in Certificate.objects.order_by("sequence")],
        "runs": list(PurgeRun.objects.order_by("planned_at").values_list("state", "pause_code")),
    }


def purge() -> dict[str, Any]:
    """One tick of the purge."""
    from cctv.retention import purge as purging

    purging.purge_due()
    return inventory()


def late() -> dict[str, Any]:
    """The clock is years ahead of what was last seen: the purge pauses, and a privacy officer decides."""
    from cctv.people.models import Account
    from cctv.retention import confirm
    from cctv.retention.models import PurgeRun, RunState

    paused = purge()
    run = PurgeRun.objects.get(state=RunState.PAUSED)
    officer = Account.objects.get(email="privacy_officer@example.org")
    confirm.confirm_run(run_id=run.pk, actor=officer, digest_prefix=run.digest[:8])
    return {"paused": paused, "confirmed": purge()}


if __name__ == "__main__":
    main()
