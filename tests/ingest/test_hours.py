"""Each hour's root in the log proves what came in, and says nothing once the footage is gone."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from accesslog import merkle
from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from accesslog.services import append
from accesslog.types import to_us
from cctv.core import clock
from cctv.core.clock import HOUR
from cctv.core.doctor import Severity
from cctv.footage import sealed
from cctv.footage.models import Segment
from cctv.ingest import doctor, hours, leaves
from cctv.ingest.errors import NotProvable, NotProvableYet
from cctv.ingest.models import HourRoot
from cctv.sites.models import Camera
from cctv.vault import services as vault
from cctv.vault.commitments import ingest_salt
from cctv.vault.errors import KeyMissing, ReceiptMismatch
from cctv.vault.models import Epoch
from tests.house.files import ROOT
from tests.retention.attacker import keys_of, roots_among, unwrapped, windows

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]
JOB = "evidence"
EXAMPLE = ROOT / "docs" / "formats-evidence.md"


def opened(segment: Segment) -> sealed.Opened:
    """Through the door for jobs."""
    receipt = append(kind="vault.job", body={"job": JOB, "objects": [str(segment.pk)]})
    return sealed.for_system(receipt, segment, job=JOB)


def evidence_of(segment: Segment) -> dict[str, Any]:
    return hours.evidence(segment, opened(segment))


def roots() -> list[dict[str, Any]]:
    """What the log says of hours."""
    indexes = LogEntry.objects.filter(kind="ingest.hour").order_by("pk").values_list("pk", flat=True)
    return [dict(load_receipt(index).body) for index in indexes]


def later(when: timedelta = 2 * HOUR) -> Any:
    return clock.pretend(clock.now() + when)


def moved(segment: Segment, hour: datetime) -> Segment:
    """As if it had come in then."""
    segment.ingested_at = hour
    segment.save(update_fields=["ingested_at"])
    return segment


@pytest.mark.both_databases
def test_the_root_of_an_hour_proves_a_recording_and_no_other(office, variant):
    files = [variant(number) for number in range(3)]
    rows = [office.admit(data, start=office.began(10 + n)).segment for n, data in enumerate(files)]
    office.admit(variant(9), camera=office.yard)
    hour = clock.floor_hour(clock.now() - 3 * HOUR)
    for row in rows:
        moved(row, hour + timedelta(minutes=59, seconds=59))
    with pytest.raises(NotProvableYet):
        evidence_of(rows[0])

    assert hours.close_hours() == 1, "the yard's hour has not ended"

    (said,) = roots()
    assert (said["camera"]["code"], said["hour"], said["segments"]) == ("gate", clock.rfc3339(hour), 3)
    for row, data in zip(rows, files, strict=True):
        proof = json.loads(json.dumps(evidence_of(row)))
        file_sha256 = hashlib.sha256(data).hexdigest()
        leaves.verify(proof, file_sha256=file_sha256, root=said["root"])
        changed = hashlib.sha256(data[:-1] + bytes([data[-1] ^ 1])).hexdigest()
        with pytest.raises(leaves.EvidenceBroken, match="calculated"):
            leaves.verify(proof, file_sha256=changed, root=said["root"])
        with pytest.raises(leaves.EvidenceBroken, match="expected root"):
            leaves.verify(proof | {"clear_sha256": changed}, file_sha256=changed, root=said["root"])
        with pytest.raises(leaves.EvidenceBroken):
            leaves.verify(proof | {"to_us": proof["to_us"] + 1}, file_sha256=file_sha256, root=said["root"])
        with pytest.raises(leaves.EvidenceBroken, match="expected root"):
            leaves.verify(proof, file_sha256=file_sha256, root="00" * 32)
        assert load_receipt(proof["entry"]).body["root"] == proof["root"]


def test_a_run_that_was_killed_or_missed_is_made_up_for_and_writes_nothing_twice(
    office, variant, monkeypatch
):
    # In an hour's first minute the hour before it is still in its grace.
    now = clock.floor_hour(clock.now() - hours.GRACE)
    gate = [office.admit(variant(n), start=office.began(10 + n)).segment for n in range(3)]
    yard = office.admit(variant(9), camera=office.yard).segment
    for number, row in enumerate(gate):
        moved(row, now - (5 - 2 * number) * HOUR)
    moved(yard, now - 5 * HOUR + timedelta(minutes=30))
    # Killed between the entry and the row.
    monkeypatch.setattr(HourRoot.objects, "bulk_create", lambda *_a, **_k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        hours.close_hours()
    monkeypatch.undo()
    assert (len(roots()), HourRoot.objects.count()) == (1, 0)

    assert hours.close_hours() == 4
    assert hours.close_hours() == 0

    found = sorted((each["hour"], each["camera"]["code"]) for each in roots())
    expected = [(5, "gate"), (5, "yard"), (3, "gate"), (1, "gate")]
    assert found == sorted((clock.rfc3339(now - n * HOUR), code) for n, code in expected)
    assert set(HourRoot.objects.values_list("entry", flat=True)) == set(
        LogEntry.objects.filter(kind="ingest.hour").values_list("pk", flat=True)
    )


def test_an_hour_ends_after_its_grace_and_an_empty_one_has_no_root(office, variant):
    segment = office.admit(variant()).segment
    end = clock.floor_hour(segment.ingested_at) + HOUR
    with clock.pretend(end + hours.GRACE - timedelta(seconds=2)):
        assert hours.close_hours() == 0
    with clock.pretend(end + hours.GRACE + timedelta(seconds=2)):
        assert hours.close_hours() == 1
    with clock.pretend(end + 20 * HOUR):
        assert hours.close_hours() == 0
    assert len(roots()) == 1


def test_the_doctor_says_when_roots_are_missing(office, variant):
    assert [each.severity for each in doctor.hour_roots()] == [Severity.OK]
    office.admit(variant())
    with later(2 * HOUR):
        assert [each.severity for each in doctor.hour_roots()] == [Severity.OK]
    with later(4 * HOUR):
        assert [each.severity for each in doctor.hour_roots()] == [Severity.BAD]
        hours.close_hours()
        assert [each.severity for each in doctor.hour_roots()] == [Severity.OK]


def test_a_file_that_came_in_while_the_clock_was_ahead_does_not_stop_the_roots(office, variant):
    now = clock.floor_hour(clock.now())
    rows = [office.admit(variant(n), start=office.began(10 + n)).segment for n in range(2)]
    moved(rows[0], now - 10 * HOUR)
    ahead = now + timedelta(days=400)
    moved(rows[1], ahead)
    with clock.pretend(ahead + 2 * HOUR):
        assert hours.close_hours() == 2, "also without a walk through 9600 hours in which nothing came in"
    # The clock was put right.
    rows += [office.admit(variant(n), start=office.began(10 + n)).segment for n in (2, 3)]
    moved(rows[2], now - 5 * HOUR)
    assert [each.severity for each in doctor.hour_roots()] == [Severity.BAD]
    assert hours.overdue() == now - 5 * HOUR

    assert hours.close_hours() == 1
    assert evidence_of(rows[2])["hour"] == clock.rfc3339(now - 5 * HOUR)
    assert hours.overdue() is None

    # Where hours after it have roots already, it is found in turns.
    moved(rows[3], now - 8 * HOUR)
    assert sum(hours.close_hours() for _camera in Camera.objects.all()) == 1
    assert evidence_of(rows[3])["size"] == 1


def test_a_long_gap_is_made_up_for_oldest_hour_first_and_in_several_runs(office, variant):
    now = clock.floor_hour(clock.now())
    for number, camera in enumerate([office.gate, office.yard] * 2):
        row = office.admit(variant(number), camera=camera, start=office.began(10 + number)).segment
        moved(row, now - (9 - number) * HOUR)
    assert [hours.close_hours(most=3), hours.close_hours(most=3)] == [3, 1]
    assert [each["hour"] for each in roots()] == [clock.rfc3339(now - n * HOUR) for n in (9, 8, 7, 6)]


def test_while_the_log_is_down_no_root_is_kept(office, variant, monkeypatch):
    office.admit(variant())

    def refuse(**_fields: Any) -> Any:
        raise LogUnavailable

    monkeypatch.setattr(hours, "append", refuse)
    with later(), pytest.raises(LogUnavailable):
        hours.close_hours()
    assert not HourRoot.objects.exists()


def test_a_dense_hour_is_one_tree(office):
    hashes = [hashlib.sha256(bytes([n % 251, n // 251])).digest() for n in range(3600)]
    hours._write(office.gate, clock.floor_hour(clock.now()), hashes)
    row = HourRoot.objects.get()
    path = leaves.inclusion(3599, hashes)
    merkle.verify_inclusion(index=3599, size=3600, leaf=hashes[3599], proof=path, root=bytes(row.root))
    assert roots()[0]["segments"] == 3600


def test_a_recording_without_leaf_or_after_its_hour_has_no_proof(office, variant):
    first = office.admit(variant()).segment
    with later():
        hours.close_hours()
    late = moved(office.admit(variant(1), start=office.began(20)).segment, first.ingested_at)
    with pytest.raises(NotProvable):
        evidence_of(late)
    Segment.objects.filter(pk=first.pk).update(ingest_leaf=None)
    with pytest.raises(NotProvable):
        evidence_of(Segment.objects.get(pk=first.pk))


def test_the_salt_leaves_the_vault_only_by_a_receipt_for_this_recording(office, variant):
    first, second = (office.admit(variant(n), start=office.began(10 + n)).segment for n in range(2))
    receipt = append(kind="vault.job", body={"job": JOB, "objects": [str(first.pk)]})
    assert len(sealed.for_system(receipt, first, job=JOB).ingest_salt()) == 32
    span = (first.starts_at, first.ends_at)
    for door in (
        lambda: sealed.for_system(receipt, second, job=JOB).ingest_salt(),
        lambda: sealed.for_system(receipt, first, job="other").ingest_salt(),
        lambda: vault.salt_for_person(
            receipt, sealed.keyed(first, "media"), actor_id=office.admin.pk, span=span
        ),
    ):
        with pytest.raises(ReceiptMismatch):
            door()


def recomputed(row: Segment, copied: list[bytes], keys: set[bytes], file_sha256: str) -> bool:
    """Whether somebody with these keys can tell that a leaf is that of the file."""
    for key in keys | unwrapped(keys, bytes(row.wrapped_key)):
        said = leaves.Leaf(
            segment=str(row.pk), camera=str(row.camera_id), from_us=to_us(row.starts_at),
            to_us=to_us(row.ends_at), clear_sha256=file_sha256, salt=ingest_salt(key, row.pk).hex(),
        )  # fmt: skip
        if said.hash() in copied:
            return True
    return False


def test_invariant_4_once_the_footage_is_gone_its_leaf_tells_nobody_which_file_it_was(office, variant):
    """The attacker has the file itself, the tables of before, the keyring of before, and all that is left."""
    data = variant()
    segment = office.admit(data).segment
    with later():
        hours.close_hours()
    keyring = (office.home / "keys" / "footage" / "keyring").read_bytes()
    kept = bytes(HourRoot.objects.get().leaves)
    copied = [kept[at : at + 32] for at in range(0, len(kept), 32)]
    row = Segment.objects.get(pk=segment.pk)
    file_sha256 = hashlib.sha256(data).hexdigest()

    def known_keys() -> set[bytes]:
        keys = windows(office.home / "keys")
        for root in roots_among(list(keys), keyring):
            keys.update(keys_of(keyring, root))
        return keys

    assert recomputed(row, copied, known_keys(), file_sha256), "before, the attacker wins"

    doors = opened(segment)
    old = segment.epoch
    vault.rekey_epoch(old)
    segment.delete()
    vault.destroy_epochs([old.key_id])

    assert not recomputed(row, copied, known_keys(), file_sha256)
    with pytest.raises(KeyMissing):
        doors.ingest_salt()
    assert copied[0] in bytes(HourRoot.objects.get().leaves), "what is left is what was tried"


def test_a_row_goes_with_the_last_recording_of_its_hour_and_the_entry_stays(office, variant, monkeypatch):
    now = clock.floor_hour(clock.now())
    rows = [office.admit(variant(n), start=office.began(10 + n)).segment for n in range(3)]
    for number, row in enumerate(rows):
        moved(row, now - (4 - number) * HOUR)
    hours.close_hours()
    assert hours.sweep_rows() == 0
    rows[0].delete()
    monkeypatch.setattr(hours, "_swept_to", 0)
    assert sum(hours.sweep_rows(most=1) for _ in range(4)) == 1
    assert set(HourRoot.objects.values_list("hour", flat=True)) == {now - 3 * HOUR, now - 2 * HOUR}
    Segment.objects.all().delete()
    hours.sweep_rows()
    assert not HourRoot.objects.exists()
    assert hours.close_hours() == 0
    assert len(roots()) == 3
    assert Epoch.objects.exists()


@pytest.mark.parametrize(("name", "value"), [
    ("segment", "é"), ("camera", "\ud800"), ("salt", "né"), ("segment", 7), ("from_us", None),
    ("from_us", "1\n2"), ("leaf", -1), ("leaf", 10**30), ("leaf", float("inf")), ("size", 0),
    ("path", ["zz"]), ("path", [1]), ("path", ["00"]), ("path", None),
])  # fmt: skip
def test_evidence_that_somebody_made_up_is_refused_as_such(name, value):
    example = json.loads(EXAMPLE.read_text().split("```json")[1].split("```")[0])
    with pytest.raises(leaves.EvidenceBroken):
        leaves.verify(example | {name: value}, file_sha256=example["clear_sha256"], root=example["root"])


def test_the_worked_example_of_the_document_holds():
    """By hand, with hashlib alone, as a reader would do it."""
    example = json.loads(EXAMPLE.read_text().split("```json")[1].split("```")[0])
    lines = ("lethe/1/ingest-leaf", *(str(example[name]) for name in leaves.Leaf.__slots__))
    value = hashlib.sha256(b"\x00" + "".join(f"{line}\n" for line in lines).encode()).digest()
    left, right = (bytes.fromhex(each) for each in example["path"])
    value = hashlib.sha256(b"\x01" + left + value).digest()  # leaf 1: its neighbour stands on the left
    value = hashlib.sha256(b"\x01" + value + right).digest()
    assert (example["leaf"], example["size"], value.hex()) == (1, 3, example["root"])
    leaves.verify(example, file_sha256=hashlib.sha256(b"footage").hexdigest(), root=example["root"])
