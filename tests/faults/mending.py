"""Damage of every kind that `fsck` mends, done to the world from outside Lethe; and what must come of it."""

from pathlib import Path
from typing import Any

from tests.faults.audit import require

ORPHAN, LOST_PART = "aa" + "5" * 30, "00" + "7" * 30 + ".index"


def done_for(truth: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The segment whose object is gone, and the one whose key is."""
    living = [thing for thing in truth["things"] if thing["fate"] == "lives" and thing["kind"] == "segment"]
    return living[0], living[-1]


def kept(truth: dict[str, Any]) -> dict[str, Any]:
    """The truth about everything else."""
    return {**truth, "things": [thing for thing in truth["things"] if thing not in done_for(truth)]}


def damage(truth: dict[str, Any]) -> None:
    """Objects of nobody, a lost object, a row without a key, a key without an hour."""
    from django.conf import settings

    from cctv.core import clock
    from cctv.retention import guards
    from cctv.vault import rings
    from cctv.vault.models import Epoch, EpochState

    footage = Path(settings.LETHE_FOOTAGE_ROOT)
    lost, dead = done_for(truth)
    (footage / lost["name"]).unlink()
    for name in (ORPHAN, ORPHAN[:-1] + "6", LOST_PART):
        (footage / name[:2]).mkdir(exist_ok=True)
        (footage / name[:2] / name).write_bytes(b"left over")
    rings.footage().remove_and_ratchet([dead["epoch"]])
    Epoch.objects.filter(key_id=dead["epoch"]).update(state=EpochState.DESTROYED)
    guards.beat(clock.now())  # else the register would pass for an older copy, and nothing would be mended
    rings.footage().add(f"epoch/{lost['site']}/2030-01-01T00")


def mend() -> None:
    """Everything that a check may mend."""
    from cctv.retention.reconcile import codes, services

    run = services.check(repair=codes.REPAIRABLE)
    require(not run.error_code, "the check:", run.error)


def told(truth: dict[str, Any]) -> None:
    """At any moment: what has gone by a repair stands in an entry that was durable before."""
    from accesslog.models import LogEntry
    from accesslog.selectors import load_receipt
    from cctv.footage.models import Segment

    entries = LogEntry.objects.filter(kind="fsck.repaired").values_list("index", flat=True)
    named = {name for index in entries for name in load_receipt(index).body["names"]}
    for thing in done_for(truth):
        there = Segment.objects.filter(pk=thing["id"]).exists()
        require(there or thing["name"] in named, thing["name"], "went off the register, and no entry says so")
    for name in _strangers():
        require(name in named, name, "is gone, and no entry says so")


def _strangers() -> list[str]:
    """Of the objects of nobody those that have gone."""
    from django.conf import settings

    footage = Path(settings.LETHE_FOOTAGE_ROOT)
    names = [f"{name[:2]}/{name}" for name in (ORPHAN, ORPHAN[:-1] + "6", LOST_PART)]
    return [name for name in names if not (footage / name).exists()]


def mended(truth: dict[str, Any]) -> None:
    """At the end: all that was damaged has gone, all that was named is done, and a check finds nothing."""
    from cctv.retention.reconcile import services
    from cctv.retention.reconcile.models import FsckFinding, FsckRun

    require(len(_strangers()) == 3, "an object of nobody is still there")
    told(truth)
    last = services.check(depth="hash")
    require(not last.error_code and not last.counts, "a check still finds", last.error, last.counts)
    require(not FsckRun.objects.filter(finished_at=None).exists(), "a check has no end")
    require(FsckFinding.objects.exclude(repaired_at=None).exists(), "no finding was ever repaired")
