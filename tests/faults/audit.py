"""Holds an installation against the ground truth of `world`, as the process after a kill finds it.

`now_safe` is for the moment after the kill, before anything has been mended: nothing that is over opens,
nothing that is to stay is missing. `settled` is for the end: what is there is what must be there, and each
certificate is worked out again from what vanished from the disk, with a hash tree of this module's own.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import permutations
from pathlib import Path
from typing import Any

PARTS = ("", ".index", ".thumb")
JOB = "test"


class Wrong(AssertionError):
    """The installation is not as it must be."""


def require(holds: bool, *what: object) -> None:
    """Wrong, unless it holds."""
    if not holds:
        raise Wrong(" ".join(map(str, what)))


# ------------------------------------------------------------------ the doors


def now_safe(truth: dict[str, Any]) -> None:
    """Every object of the world, by every key that any row names, through the vault's own doors."""
    from accesslog.services import append

    rows = {
        str(row.pk): row for model in _models() for row in model.objects.select_related("epoch", "camera")
    }
    held = _held_by_object()
    receipt = append(kind="vault.job", body={"job": JOB, "objects": tuple(sorted(rows))})
    for thing in truth["things"]:
        row, holders = rows.get(thing["id"]), held.get(thing["id"], [])
        require(row is not None or not holders, thing["fate"], "is held, and its row is gone")
        if row is not None:
            _check_row(receipt, thing, row, holders)


def _check_row(receipt: Any, thing: dict[str, Any], row: Any, holders: Sequence[Any]) -> None:
    from cctv.core import clock

    protecting = [each for each in holders if each.hold.protects]
    runs_on = row.expires_at > clock.now()
    by_epoch = opened(receipt, row)
    if runs_on:
        _is_clear(by_epoch, thing, "its time runs, and it does not open:")
    else:
        require(
            not isinstance(by_epoch, bytes), thing["fate"], thing["name"], "is over, and opens by its epoch"
        )
    for each in holders:
        by_hold = opened(receipt, row, held=each)
        if each.hold.protects and clock.now() < each.hold.opens_until:
            _is_clear(by_hold, thing, "is held, and does not open through its hold:")
        else:
            require(not isinstance(by_hold, bytes), thing["fate"], "opens through a hold that ended")
    if runs_on or protecting:
        for part in PARTS if thing["kind"] == "segment" else PARTS[:1]:
            require(_stored(thing["name"] + part), thing["fate"], "part of it is missing:", part or "media")


def _is_clear(opened_as: bytes | str, thing: dict[str, Any], otherwise: str) -> None:
    right = isinstance(opened_as, bytes) and sha256(opened_as).hexdigest() == thing["clear_sha256"]
    require(right, thing["fate"], thing["name"], otherwise, opened_as if isinstance(opened_as, str) else "")


def opened(receipt: Any, row: Any, *, held: Any = None) -> bytes | str:
    """What a door gives: the clear bytes, or why not. A hold that ended gives what the viewing says of it."""
    from accesslog.services import append
    from cctv.core.errors import LetheError
    from cctv.footage.models import Segment
    from cctv.footage.sealed import keyed
    from cctv.vault import services as vault

    if held is not None and not held.hold.protects:
        return "hold_ended"  # footage.sealed asks before it names a key to the vault
    if held is not None:
        body: Any = {"job": JOB, "object": str(row.pk), "hold": {"id": str(held.hold_id)}}
        receipt = append(kind="vault.job", body=body)
    if isinstance(row, Segment):
        obj = keyed(row, "media", held=held)
    else:
        obj = vault.KeyedObject(
            name=row.sealed_name, size_bytes=row.size_bytes,
            wrapped_key=bytes(held.wrapped_key if held else row.wrapped_key),
            key_id=held.hold.key_id if held else row.epoch.key_id, ring="records" if held else "footage",
            context_id=row.pk, camera_id=row.camera_id, site_id=row.site_id, starts_at=row.received_at,
            ends_at=row.received_at, expires_at=held.hold.opens_until if held else row.expires_at,
        )  # fmt: skip
    try:
        with vault.open_for_system(receipt, obj, job=JOB) as reader:
            return bytes(reader.read())
    except LetheError as error:
        return error.code


def _models() -> Sequence[Any]:
    from cctv.footage.models import Segment
    from cctv.ingest.models import Quarantined

    return (Segment, Quarantined)


def _held_by_object() -> dict[str, list[Any]]:
    from cctv.retention.holds.models import HeldObject

    found: dict[str, list[Any]] = {}
    for row in HeldObject.objects.select_related("hold"):
        found.setdefault(str(row.segment_id or row.quarantined_id), []).append(row)
    return found


def _stored(name: str) -> bool:
    return (_footage() / name).is_file()


def _footage() -> Path:
    from django.conf import settings

    return Path(settings.LETHE_FOOTAGE_ROOT)


# ------------------------------------------------------------------ the end


def settled(truth: dict[str, Any], *, restored: bool = False) -> None:
    """All is as it must be, and every certificate says what happened to the disk.

    `restored`: rows of runs and entries of the log that were made after the backup are lost with the machine.
    """
    from cctv.core import clock

    lives = survivors(truth, clock.now(), restored)
    things = truth["things"]
    staying = [thing for thing in things if thing["id"] in lives]
    gone = [thing for thing in things if thing["id"] not in lives]
    now_safe(truth)
    _rows_and_objects(staying, gone)
    _keys(truth, gone)
    if not restored:
        _runs(gone)
    _certificates(gone)
    _told(restored)


def _rows_and_objects(staying: Sequence[dict[str, Any]], gone: Sequence[dict[str, Any]]) -> None:
    fates = {thing["id"]: f"{thing['fate']} {thing['hold']}" for thing in (*staying, *gone)}
    rows = {str(pk) for model in _models() for pk in model.objects.values_list("pk", flat=True)}
    wanted = {thing["id"] for thing in staying}
    require(rows == wanted, "rows:", [fates[pk] for pk in rows - wanted], [fates[pk] for pk in wanted - rows])
    there = {str(path.relative_to(_footage())) for path in _footage().glob("??/*")}
    names = {
        thing["name"] + part
        for thing in staying
        for part in (PARTS if thing["kind"] == "segment" else PARTS[:1])
    }
    require(there == names, "objects: too many", there - names, "too few", names - there)


def _keys(truth: dict[str, Any], gone: Sequence[dict[str, Any]]) -> None:
    """The rings hold what lives and no more; no file of the home holds a clear key of anything."""
    from django.conf import settings

    from cctv.retention.holds.models import Hold
    from cctv.vault import rings
    from cctv.vault.models import Epoch

    states = dict(Epoch.objects.values_list("key_id", "state"))
    living = {key_id for key_id, state in states.items() if state == "live"}
    require(rings.footage().key_ids() == living, "the footage ring and the epochs that live differ")
    require("retired" not in states.values(), "a retired epoch keeps its key")
    due = Epoch.objects.filter(needs_new_key=True).values_list(
        "state", "expires_hour", "segments__expires_at"
    )
    require(not due, "epochs still need a new key:", list(due))
    kept = {str(hold.pk): hold for hold in Hold.objects.all()}
    held = {label for label in _labels() if label.startswith("hold/")}
    wanted = {f"hold/{pk}" for pk, hold in kept.items() if hold.protects}
    require(held == wanted, "the records ring has keys of holds:", held ^ wanted)
    require(
        all(bool(hold.key_id) == hold.protects for hold in kept.values()), "a hold's row and its key differ"
    )
    secrets = [bytes.fromhex(thing["object_key"]) for thing in truth["things"]]
    secrets += [bytes.fromhex(secret) for secret in truth["secrets"].values()]
    for path in Path(settings.LETHE_HOME).parent.rglob("*"):
        if path.is_file() and not path.is_relative_to(_footage()):
            data = path.read_bytes()
            require(not any(secret in data for secret in secrets), "a clear key lies in", path)
    orphans = {thing["epoch"] for thing in gone} - {
        thing["epoch"] for thing in truth["things"] if thing not in gone
    }
    require(not orphans & rings.footage().key_ids(), "keys of epochs in which nothing is left")


def _labels() -> Iterator[str]:
    from cctv.vault import rings

    ring = rings.records()
    return (ring.label(key_id) or "" for key_id in ring.key_ids())


def _runs(gone: Sequence[dict[str, Any]]) -> None:
    """Each run ended; all of them together counted each object that vanished once."""
    from accesslog.models import LogEntry
    from accesslog.selectors import load_receipt
    from cctv.retention.models import PurgeFailure, PurgeRun

    runs = list(PurgeRun.objects.exclude(state="abandoned"))
    require(
        {run.state for run in runs} <= {"done"},
        "runs:",
        [(run.state, run.error, run.pause_code) for run in runs],
    )
    require(not PurgeFailure.objects.exists(), "something could not be deleted")
    segments, others, size = _numbers(gone)
    require(sum(run.destroyed_segments for run in runs) == segments, "segments counted by the runs")
    require(sum(run.destroyed_quarantined for run in runs) == others, "quarantined counted by the runs")
    require(sum(run.destroyed_bytes for run in runs) == size, "bytes counted by the runs")
    said = [
        load_receipt(index).body
        for index in LogEntry.objects.filter(kind="purge.done").values_list("index", flat=True)
    ]
    require(sum(body["segments"] for body in said) == segments, "segments in purge.done")
    require(sum(body["bytes"] for body in said) == size, "bytes in purge.done")
    starts = LogEntry.objects.filter(kind="purge.start").count()
    require(starts >= len(said) >= len(runs), "entries of runs:", starts, len(said), len(runs))


def _numbers(things: Sequence[dict[str, Any]]) -> tuple[int, int, int]:
    segments = sum(thing["kind"] == "segment" for thing in things)
    return segments, len(things) - segments, sum(thing["size_bytes"] for thing in things)


# ------------------------------------------------------------------ certificates against the disk


def _certificates(gone: Sequence[dict[str, Any]]) -> None:
    """Numbers without gaps; each one states what vanished, and everything that vanished is stated once."""
    from accesslog.canonical import encode
    from cctv.retention.models import Certificate

    found = list(Certificate.objects.order_by("sequence").select_related("run"))
    require(bool(found), "there is no certificate at all")
    numbers = [certificate.number for certificate in found]
    require(numbers == [f"DC-2031-{n + 1:04d}" for n in range(len(found))], "numbers:", numbers)
    left = {thing["id"]: thing for thing in gone}
    for certificate in found:
        facts = certificate.facts
        digest = sha256(encode(facts)).digest()
        require(digest == bytes(certificate.facts_sha256), certificate.number, "its hash is not of its facts")
        require(certificate.run.state == "done", certificate.number, "is of a run that has not ended")
        _one(certificate.number, facts, left)
        _vouched_for(certificate)
    names = [(thing["fate"], thing["name"]) for thing in left.values()]
    require(not left, "vanished from the disk and certified by nobody:", names)


def _one(number: str, facts: dict[str, Any], left: dict[str, dict[str, Any]]) -> None:
    taken: list[dict[str, Any]] = []
    roots = []
    for epoch in facts["epochs"]:
        mine = _match(number, epoch, facts["site"]["id"], list(left.values()))
        require(
            _numbers(mine) == (epoch["segments"], epoch["quarantined"], epoch["bytes"]),
            number,
            "an epoch's sums",
        )
        for thing in mine:
            del left[thing["id"]]
        taken += mine
        roots.append(bytes.fromhex(epoch["root"]))
    said = (facts["segments"], facts["quarantined"], facts["bytes"])
    require(said == _numbers(taken), number, "states", said, "and the disk lost", _numbers(taken))
    require(tree(roots).hex() == facts["merkle_root"], number, "its hash tree is not that of its epochs")
    require(facts["left"] == [], number, "names something as left")


def _match(number: str, epoch: dict[str, Any], site: str, left: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What of all that vanished at the site, in some order, has this root: nobody tells the order."""
    mine = sorted(
        (t for t in left if t["site"] == site), key=lambda t: (t["kind"] != "segment", t["expires_at"])
    )
    first = [thing for thing in mine if thing["epoch"] == epoch["key_id"]]
    size = epoch["tree_size"]
    for several in (permutations(first, size), permutations(mine, size)):
        for order in several:
            if tree([bytes.fromhex(thing["ciphertext_sha256"]) for thing in order]).hex() == epoch["root"]:
                return list(order)
    named = [(thing["fate"], thing["epoch"][:6]) for thing in mine]
    raise Wrong(f"{number}: its epoch {epoch['key_id'][:6]} has a root that no {size} of these give: {named}")


def tree(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962, section 2.1, as the text has it."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + tree(leaves[:half]) + tree(leaves[half:])).digest()


def _vouched_for(certificate: Any) -> None:
    """Signature, log entry, line of the journal, line of the ledger."""
    from accesslog.selectors import load_receipt
    from cctv.ledger.models import LedgerKind, LedgerLine
    from cctv.vault import journal, signing

    lines = signing.verify_note(certificate.signature, signing.public_key())
    digest = bytes(certificate.facts_sha256).hex()
    require(certificate.number in lines and digest in lines, certificate.number, "signed", lines)
    receipt = load_receipt(certificate.entry)
    said = (receipt.kind, receipt.body["number"], receipt.body["sha256"])
    require(said == ("certificate.issued", certificate.number, digest), certificate.number, "logged", said)
    told = [line.facts for line in journal.read() if line.kind == "certificate"]
    told = [facts for facts in told if facts["number"] == certificate.number]
    same = all(facts["facts"] == certificate.facts for facts in told)
    require(bool(told) and same, certificate.number, "the journal does not have it as it is")
    lines_of = LedgerLine.objects.filter(
        source=f"certificate {certificate.number}", kind=LedgerKind.DESTROY
    ).count()
    require(lines_of == 1, certificate.number, "has", lines_of, "lines in the ledger")


def _told(restored: bool) -> None:
    """Log and journal verify; nothing was said twice."""
    from accesslog.models import LogEntry
    from accesslog.verify import verify
    from cctv.ledger.models import LedgerKind, LedgerLine
    from cctv.retention.holds.models import Hold
    from cctv.retention.models import Certificate
    from cctv.vault import journal

    report = verify()
    require(report.finding is None, "the log:", report.finding)
    journal.verify()
    certificates = Certificate.objects.count()
    kinds = list(LogEntry.objects.values_list("kind", flat=True))
    require(kinds.count("certificate.issued") == certificates, "entries of certificates")
    require(LedgerLine.objects.filter(kind=LedgerKind.DESTROY).count() == certificates, "lines of the ledger")
    holds = Hold.objects.all()
    if restored:
        return
    require(
        kinds.count("hold.placed") == len(holds), "entries of holds", len(holds), kinds.count("hold.placed")
    )
    require(
        all(hold.pending == [] and hold.placed_entry is not None for hold in holds),
        "something is still to be told",
    )
    ended = [hold for hold in holds if not hold.protects]
    for hold in ended:
        require(hold.ended_entry is not None, hold.number, "ended without an entry")
    ends = [kind for kind in kinds if kind in ("hold.released", "hold.lapsed", "hold.refused", "hold.ended")]
    require(len(ends) == len(ended), "entries of ended holds:", ends)
    told = {line.facts["hold"] for line in journal.read() if line.kind == "hold_ended"}
    require(told == {str(hold.pk) for hold in ended}, "the journal's ended holds")


def survivors(truth: dict[str, Any], now: datetime, restored: bool) -> set[str]:
    """The ids of what must be there by then: its time runs, or a hold that stands was to keep it.

    An erasure made after the backup has left no row: the journal alone tells of it.
    """
    from cctv.retention.holds.models import Hold
    from cctv.retention.models import Erasure

    names = {pk: name for name, pk in truth["holds"].items()}
    standing = {names.get(str(hold.pk), "wanted") for hold in Hold.objects.all() if hold.protects}
    erased = {"erased"} | ({"unwanted"} if restored or Erasure.objects.count() > 1 else set())
    return {
        thing["id"]
        for thing in truth["things"]
        if (thing["hold"] or thing["fate"]) in standing
        or (thing["fate"] not in erased and _ends(thing, now) > now)
    }


def _ends(thing: dict[str, Any], now: datetime) -> datetime:
    """When it is over, the shorter rule in mind once that has begun."""
    from tests.faults.world import DAY, NOW, RULE_BEGINS

    shortened = {"short": NOW + RULE_BEGINS, "shorter": NOW + 8 * DAY}
    if now >= NOW + RULE_BEGINS and thing["fate"] in shortened:
        return shortened[thing["fate"]]
    return datetime.fromisoformat(thing["expires_at"])
