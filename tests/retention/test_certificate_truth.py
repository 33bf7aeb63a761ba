"""Certificates claim nothing that nobody knows: of backups, of erasures that were not theirs, of days."""

import json
import re
import shutil
import subprocess
from base64 import b64encode
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cctv.ingest.models import Recorder, Source
from cctv.ledger.models import LedgerLine
from cctv.retention import certificate_pdf, certificate_words, erase, purge
from cctv.retention.backup.models import Backup
from cctv.retention.holds import services
from cctv.retention.models import Certificate, Erasure
from cctv.vault import facts as vault_facts
from tests.retention.holds.court import Court
from tests.retention.people import People, people
from tests.retention.yard import MINUTE, Sealed, Yard

pytestmark = [
    pytest.mark.postgres_later,
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "formats-certificate.md"


@pytest.fixture
def cast(yard: Yard) -> People:
    return people(yard.sites)


def backup(yard: Yard, **more: Any) -> Backup:
    values: dict[str, Any] = {
        "made_at": yard.now, "place": "nas", "expires_at": yard.now + 90 * DAY, "footage_generation": 1,
        "records_generation": 1, "log_size": 1, "manifest_sha256": b"m" * 32,
    }  # fmt: skip
    return Backup.objects.create(**(values | more))


def certified(**options: Any) -> dict[str, Any]:
    purge.purge_due(**options)
    return dict(Certificate.objects.latest("sequence").facts)


def backups_of(facts: dict[str, Any]) -> list[tuple[str, str, str]]:
    rows = [row for row in facts["copies"] if row["copy"] == "backup"]
    return [(row["result"], row["holds"], row["checked"]) for row in rows]


def erased(cast: People, *sealed: Sealed, reference: str = "R-1", until: datetime | None = None) -> Erasure:
    return erase.erase_segments(
        camera=sealed[0].row.camera, starts_at=min(each.row.starts_at for each in sealed),
        ends_at=until or max(each.row.ends_at for each in sealed), reference=reference, ground="subject",
        actor=cast.officer, terminal="t",
    )  # fmt: skip


# ------------------------------------------------------------------ copies


def test_a_backup_that_took_held_objects_along_is_no_pass_in_any_later_certificate(
    yard: Yard, cast: People
) -> None:
    court = Court(yard, cast)
    held = yard.segment(expires_in=5 * DAY)
    hold = court.place(held).hold
    backup(yard, held_objects=1)
    services.release_hold(hold_id=hold.pk, actor=cast.approver, terminal="t", reason="the case is closed")
    court.purge(trigger="release")
    hold.refresh_from_db()
    assert hold.key_destroyed_at is not None
    yard.move(2 * MINUTE)
    erased(cast, held)
    facts = certified(trigger="request")
    assert (facts["segments"], facts["holds_ended"]) == (1, []), "an earlier run destroyed the hold's key"
    assert backups_of(facts) == [("UNKNOWN", "sealed_copies", "none")]


def test_a_backup_that_was_never_finished_is_no_pass(yard: Yard) -> None:
    backup(yard, manifest_sha256=b"", made_at=yard.now - DAY)
    yard.segment(expires_in=-2 * HOUR)
    facts = certified()
    assert backups_of(facts) == [("UNKNOWN", "sealed_copies", "none")]
    (row,) = [row for row in certificate_words.copy_rows(facts) if row.place.startswith("nas")]
    assert row.word.startswith("Until")


def test_of_quarantined_objects_every_backup_source_and_recorder_of_the_site_is_named(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault_facts, "keeps_clear_remains", lambda _folder: "unknown")
    backup(yard, made_at=yard.now - DAY)
    Source.objects.create(
        site=yard.sites[0], camera=yard.cameras[1], name="NVR", layout="ffmpeg", folder="/x",
        marked_at=yard.now - 90 * DAY,
    )  # fmt: skip
    Recorder.objects.create(site=yard.sites[0], name="Uploader", token_sha256=b"t" * 32)
    Recorder.objects.create(site=yard.sites[1], name="Elsewhere", token_sha256=b"u" * 32)
    yard.quarantined(expires_in=-2 * HOUR)
    facts = certified()
    assert (facts["quarantined"], facts["cameras"]) == (1, [])
    assert [(row["copy"], row["place"]) for row in facts["copies"] if row.get("place")] == [
        ("backup", "nas"), ("source", "NVR"), ("upload", "Uploader")
    ]  # fmt: skip


def test_a_recorder_that_was_registered_later_may_have_sent_what_is_older(yard: Yard) -> None:
    recorder = Recorder.objects.create(
        site=yard.sites[0], name="Uploader", token_sha256=b"t" * 32, created_at=yard.now
    )
    recorder.cameras.add(yard.cameras[0])
    yard.segment(expires_in=-2 * HOUR)
    assert "upload" in {row["copy"] for row in certified()["copies"]}


# ------------------------------------------------------------------ grounds


@pytest.mark.parametrize("trigger", ["auto", "request"])
def test_what_was_erased_is_never_said_to_have_lasted_its_days(
    yard: Yard, cast: People, trigger: str
) -> None:
    yard.rule(30)
    young = yard.segment(expires_in=20 * DAY)
    erased(cast, young)
    yard.move(2 * MINUTE)
    facts = certified(trigger=trigger)
    assert facts["ground"] == "erased_on_request"
    assert certificate_words.why(facts) == "Erased because a request was granted (R-1)."
    assert "days" not in LedgerLine.objects.get().reason


def test_erased_footage_that_would_not_go_until_its_own_hour_was_over_was_still_erased(
    yard: Yard, cast: People
) -> None:
    young = yard.segment(expires_in=3 * DAY)
    yard.obstruct(young)
    erased(cast, young)
    purge.purge_due(trigger="request")
    assert not Certificate.objects.exists()
    yard.move(4 * DAY)
    yard.clear(young)
    facts = certified()
    assert (facts["segments"], facts["ground"]) == (1, "erased_on_request")
    assert [row["reference"] for row in facts["erasures"]] == ["R-1"]


def test_erased_and_expired_footage_in_one_certificate_says_both_and_no_days(
    yard: Yard, cast: People
) -> None:
    yard.segment(expires_in=-2 * HOUR)
    erased(cast, yard.segment(expires_in=5 * DAY))
    yard.move(2 * MINUTE)
    facts = certified(trigger="request")
    assert facts["segments"] == 2
    assert facts["ground"] == "retention_ended"
    assert certificate_words.why(facts) == (
        "Part of it was past its time; part was erased because a request was granted (R-1)."
    )


def test_an_erasure_is_named_only_where_it_took_something(yard: Yard, cast: People) -> None:
    """Not for another camera, not for what was left in a wide span, not for what a hold gives back later."""
    court = Court(yard, cast)
    gone, kept = yard.segment(expires_in=2 * DAY), yard.segment(expires_in=2 * DAY + 5 * MINUTE)
    yard.segment(yard.cameras[1], expires_in=2 * DAY)
    hold = court.place(kept).hold
    erasure = erased(cast, gone, kept, until=yard.now)
    assert erasure.held_back == 1
    assert [row["reference"] for row in certified(trigger="request")["erasures"]] == ["R-1"]
    services.release_hold(hold_id=hold.pk, actor=cast.approver, terminal="t", reason="the case is closed")
    late = yard.segment(expires_in=2 * DAY + 5 * MINUTE)
    assert late.row.starts_at < erasure.ends_at
    court.expire(3 * DAY)
    last = Certificate.objects.latest("sequence").facts
    assert {row["code"] for row in last["cameras"]} == {"seoul-1", "seoul-2"}
    assert (last["ground"], last["erasures"]) == ("retention_ended", [])
    assert certificate_words.why(last) == "Its 30 days were over."


# ------------------------------------------------------------------ checked with others' tools


@pytest.mark.skipif(not all(map(shutil.which, ("sh", "jq", "xxd", "openssl"))), reason="needs jq and xxd")
def test_the_shell_commands_of_the_documentation_work_with_any_key(yard: Yard, tmp_path: Path) -> None:
    """Base64 may have a plus sign in it, which also divides the verifier key."""
    yard.segment(expires_in=-2 * HOUR)
    certified()
    certificate = Certificate.objects.get()
    script = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)[0]

    def check(package: dict[str, Any]) -> str:
        (tmp_path / "facts.json").write_text(json.dumps(package, ensure_ascii=False))
        done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.stdout

    package = certificate_pdf.package(certificate)
    printed = check(package)
    assert "Signature Verified Successfully" in printed
    assert package["sha256"] in printed
    key, note = plus_signed(certificate.number, package["sha256"])
    assert key.count("+") > 2
    assert "Signature Verified Successfully" in check(package | {"public_key": key, "signature": note})


def plus_signed(number: str, digest: str) -> tuple[str, str]:
    """A verifier key with a plus sign in its base64, and a note signed with it."""
    text = f"lethe/certificate/2\n{number}\n{digest}\n".encode()
    while True:
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        encoded = b64encode(b"\1" + public).decode()
        if "+" in encoded:
            signature = b64encode(b"\0" * 4 + private.sign(text)).decode()
            return f"lethe+00000000+{encoded}", f"{text.decode()}\n— lethe {signature}\n"
