"""Certificates: what they state of each copy, their signature, documents, look-up, and the public check."""

import json
import re
import subprocess
import sys
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import translation

from accesslog import canonical
from accesslog.selectors import load_receipt
from cctv.core.clock import rfc3339
from cctv.footage.models import Segment
from cctv.ingest.models import Recorder, Source
from cctv.ledger.models import LedgerLine
from cctv.retention import certificate_pdf, certificates, erase, purge
from cctv.retention.backup.models import Backup
from cctv.retention.holds import services
from cctv.retention.models import Certificate, CertificateCamera, Heartbeat, PurgeItem, PurgeRun
from cctv.vault import facts as vault_facts
from cctv.vault import journal, signing
from tests.core import pdftext
from tests.retention.holds.court import Court
from tests.retention.people import People, people
from tests.retention.yard import Yard

pytestmark = [pytest.mark.postgres_later, pytest.mark.django_db(databases=["default", "log"])]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def cast(yard: Yard) -> People:
    return people(yard.sites)


@pytest.fixture
def officer(client: Any, cast: People) -> Any:
    client.force_login(cast.officer)
    return client


def destroyed(yard: Yard, *, hours: int = 2) -> Certificate:
    """One segment of Seoul's first camera, destroyed and certified."""
    yard.segment(expires_in=-hours * HOUR)
    purge.purge_due()
    return Certificate.objects.latest("sequence")


def copy_results(certificate: Certificate) -> dict[str, str]:
    return {row["copy"]: row["result"] for row in certificate.facts["copies"]}


# ------------------------------------------------------------------ what it states


@pytest.mark.both_databases
def test_o18_the_facts_name_rule_medium_method_performer_and_verifier(yard: Yard) -> None:
    yard.rule(90, since=-400 * DAY)
    now = yard.rule(30, since=-200 * DAY)
    own = yard.rule(30, camera=yard.cameras[0], since=-100 * DAY)
    yard.rule(10, since=DAY)
    facts = destroyed(yard).facts

    assert facts["format"] == "lethe/certificate/2"
    assert {row["id"] for row in facts["rules"]} == {str(now.pk), str(own.pk)}, "in force, not past or future"
    assert facts["medium"] == {
        "type": "sealed_video", "storage": "file_system", "classification": "personal_data"
    }  # fmt: skip
    assert facts["method"]["method"] == "purge"
    assert facts["place"] == "Security office"
    assert facts["verification"]["title"] == "automatic_check"
    assert (facts["ground"], facts["performed_by"], facts["confirmed_by"]) == (
        "retention_ended", "automatic", None
    )  # fmt: skip
    assert facts["held"] == {"segments": 0, "quarantined": 0, "holds": []}


def test_without_a_rule_the_default_of_the_law_is_named(yard: Yard) -> None:
    (rule,) = destroyed(yard).facts["rules"]
    assert (rule["scope"], rule["days"]) == ("default", 30)


def test_no_personal_data_is_in_it(yard: Yard, cast: People) -> None:
    purge.purge_due(trigger="manual", actor=cast.officer)
    yard.segment(expires_in=-2 * HOUR)
    yard.move(timedelta(minutes=2))
    purge.purge_due(trigger="manual", actor=cast.officer)
    text = json.dumps(Certificate.objects.get().facts, ensure_ascii=False)
    assert cast.officer.name not in text
    assert cast.officer.email not in text


@pytest.mark.both_databases
def test_backups_are_named_with_their_end_only_if_they_saw_the_footage(yard: Yard) -> None:
    def backup(made_before: timedelta, **more: Any) -> Backup:
        made = yard.now - made_before
        return Backup.objects.create(
            made_at=made, place=f"nas/{made:%d}", expires_at=made + 90 * DAY, footage_generation=1,
            records_generation=1, log_size=1, manifest_sha256=b"m" * 32, **more,
        )  # fmt: skip

    backup(60 * DAY)  # before it was recorded
    backup(3 * DAY, deleted_at=yard.now - DAY)
    kept = backup(2 * DAY)
    certificate = destroyed(yard)
    (row,) = [row for row in certificate.facts["copies"] if row["copy"] == "backup"]
    assert (row["id"], row["result"], row["holds"]) == (str(kept.pk), "PASS", "wrapped_keys")
    assert row["until"] == rfc3339(kept.expires_at)


@pytest.mark.both_databases
def test_a_source_on_a_disk_is_unknown_and_in_memory_is_a_pass(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = yard.home / "drop" / "nvr"
    folder.mkdir()
    Source.objects.create(
        site=yard.sites[0], name="NVR", layout="ffmpeg", folder=str(folder), marked_at=yard.now - 90 * DAY
    )
    Source.objects.create(
        site=yard.sites[0], camera=yard.cameras[1], name="Other camera", layout="ffmpeg",
        folder=str(folder / "x"), marked_at=yard.now - 90 * DAY,
    )  # fmt: skip
    recorder = Recorder.objects.create(
        site=yard.sites[0], name="Uploader", token_sha256=b"t" * 32, created_at=yard.now - 90 * DAY
    )
    recorder.cameras.add(yard.cameras[0])
    monkeypatch.setattr(vault_facts, "keeps_clear_remains", lambda _folder: "unknown")
    facts = destroyed(yard).facts
    rows = {(row["copy"], row.get("place")): row["result"] for row in facts["copies"]}
    assert rows["source", "NVR"] == "UNKNOWN"
    assert rows["upload", "Uploader"] == "PASS"
    assert ("source", "Other camera") not in rows

    monkeypatch.setattr(vault_facts, "keeps_clear_remains", lambda _folder: "no")
    yard.move(timedelta(minutes=2))
    assert copy_results(destroyed(yard, hours=3))["source"] == "PASS"


@pytest.mark.both_databases
def test_what_could_not_be_deleted_fails_only_the_certificate_it_belongs_to(yard: Yard) -> None:
    stuck = yard.segment(expires_in=-2 * HOUR)
    yard.segment(expires_in=-2 * HOUR)
    blocked = yard.home / "footage" / stuck.row.sealed_name
    blocked.unlink()
    blocked.mkdir()
    (blocked / "x").write_text("x")
    purge.purge_due()
    first = Certificate.objects.get()
    assert copy_results(first)["ciphertext"] == "FAIL"
    assert [row["object"] for row in first.facts["left"]] == [stuck.row.sealed_name]

    yard.move(timedelta(minutes=2))
    assert copy_results(destroyed(yard, hours=3))["ciphertext"] == "PASS", "another hour has nothing left"


@pytest.mark.both_databases
def test_footage_of_an_ended_hold_names_the_hold_its_keys_and_the_backups_that_hold_it_sealed(
    yard: Yard, cast: People
) -> None:
    court = Court(yard, cast)
    held, stays = yard.segment(expires_in=HOUR), yard.segment(yard.cameras[1], expires_in=HOUR)
    hold, other = court.place(held).hold, court.place(stays).hold
    Backup.objects.create(
        made_at=yard.now, place="nas", expires_at=yard.now + 90 * DAY, footage_generation=1,
        records_generation=1, log_size=1, held_objects=2, manifest_sha256=b"m" * 32,
    )  # fmt: skip
    court.expire(3 * HOUR)
    assert not Certificate.objects.filter(facts__segments__gt=0).exists(), "nothing of it has gone yet"

    services.release_hold(hold_id=hold.pk, actor=cast.approver, terminal="t", reason="the case is closed")
    court.purge(trigger="release")

    certificate = Certificate.objects.latest("sequence")
    facts = certificate.facts
    assert (facts["ground"], facts["trigger"], facts["segments"]) == ("hold_ended", "release", 1)
    assert [row["number"] for row in facts["holds_ended"]] == [hold.number]
    assert facts["held"] == {"segments": 1, "quarantined": 0, "holds": [other.number]}
    results = copy_results(certificate)
    assert results["hold_keys"] == "PASS"
    (backup,) = [row for row in facts["copies"] if row["copy"] == "backup"]
    assert (backup["result"], backup["holds"], backup["checked"]) == ("UNKNOWN", "sealed_copies", "none")


@pytest.mark.both_databases
def test_a_granted_request_is_named_by_its_number(yard: Yard, cast: People) -> None:
    sealed, stays = yard.segment(expires_in=5 * DAY), yard.segment(expires_in=5 * DAY - HOUR)
    erase.erase_segments(
        camera=sealed.row.camera, starts_at=sealed.row.starts_at, ends_at=sealed.row.ends_at,
        reference="DSR-2026-0007", ground="subject", actor=cast.officer, terminal="t",
    )  # fmt: skip
    purge.purge_due(trigger="request")
    facts = Certificate.objects.get().facts
    assert (facts["ground"], facts["segments"]) == ("erased_on_request", 1)
    (erasure,) = facts["erasures"]
    assert (erasure["reference"], erasure["decided_by"]) == ("DSR-2026-0007", "privacy_officer")
    assert "DSR-2026-0007" in LedgerLine.objects.get().reason
    assert Segment.objects.get().pk == stays.row.pk


# ------------------------------------------------------------------ signature, journal, ledger, numbers


@pytest.mark.both_databases
def test_invariant_6_it_is_signed_journalled_in_the_ledger_and_in_the_log(yard: Yard) -> None:
    certificate = destroyed(yard)
    digest = sha256(canonical.encode(certificate.facts)).hexdigest()
    assert signing.verify_note(certificate.signature, signing.public_key()) == [
        "lethe/certificate/2", certificate.number, digest
    ]  # fmt: skip
    (line,) = [line for line in journal.read() if line.kind == "certificate"]
    assert line.facts == {
        "number": certificate.number, "facts": certificate.facts, "signature": certificate.signature
    }  # fmt: skip
    ledger = LedgerLine.objects.get()
    assert (ledger.kind, ledger.source) == ("DESTROY", f"certificate {certificate.number}")
    assert "seoul-1" in ledger.item
    assert certificate.number in ledger.item
    assert ledger.checked_at == certificate.run.planned_at
    assert "20" in ledger.cycle
    assert certificate.entry is not None
    assert load_receipt(certificate.entry).body["sha256"] == digest


@pytest.mark.both_databases
@pytest.mark.parametrize("step", ["written", "signed", "journalled", "in-ledger"])
def test_killed_between_the_steps_the_next_tick_completes_it_once(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class Killed(BaseException):
        pass

    def reached(name: str) -> None:
        if name == f"purge.certificate-{step}":
            raise Killed

    yard.segment(expires_in=-2 * HOUR)
    with monkeypatch.context() as patch:
        patch.setattr(certificates, "reached", reached)
        with pytest.raises(Killed):
            purge.purge_due()
    yard.move(timedelta(minutes=3))
    purge.purge_due()

    certificate = Certificate.objects.get()
    assert certificate.signature
    assert certificate.entry is not None
    assert LedgerLine.objects.count() == 1
    assert {line.facts["number"] for line in journal.read() if line.kind == "certificate"} == {
        certificate.number
    }
    assert CertificateCamera.objects.count() == 1


@pytest.mark.both_databases
def test_a_number_that_only_the_journal_knows_is_never_used_again(yard: Yard) -> None:
    year = yard.now.year
    told = journal.append("certificate", {"number": f"DC-{year}-0041", "facts": {}, "signature": ""})
    Heartbeat.objects.update(journal_number=told)  # as a replay leaves it that found no site for it
    assert destroyed(yard).number == f"DC-{year}-0042"
    yard.move(timedelta(minutes=2))
    assert destroyed(yard, hours=3).number == f"DC-{year}-0043"


def test_the_check_in_the_documentation_works_as_it_is_written(yard: Yard, tmp_path: Path) -> None:
    certificate = destroyed(yard)
    text = (ROOT / "docs" / "formats-certificate.md").read_text()
    script = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0]
    (tmp_path / "check.py").write_text(script)
    package = certificate_pdf.package(certificate)

    def check(given: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        (tmp_path / "facts.json").write_text(json.dumps(given, ensure_ascii=False))
        command = [sys.executable, "-I", "check.py", "facts.json"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert f"{certificate.number} is genuine" in check(package).stdout
    altered = check(package | {"facts": certificate.facts | {"segments": 2}})
    assert "the facts were altered" in altered.stderr
    facts = certificate.facts | {"segments": 2}
    forged = sha256(canonical.encode(facts)).hexdigest()
    assert "signed for something else" in check(package | {"facts": facts, "sha256": forged}).stderr
    note = certificate.signature.replace(package["sha256"], forged)
    assert check(package | {"facts": facts, "sha256": forged, "signature": note}).returncode != 0


# ------------------------------------------------------------------ pages and documents


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Certificate of destruction"), ("ko", ""), ("ja", "")]
)
def test_the_document_states_the_facts_in_each_language_and_carries_them(
    yard: Yard, officer: Any, language: str, title: str
) -> None:
    certificate = destroyed(yard)
    answer = officer.get(reverse("certificate-pdf", args=[certificate.number, language]))
    assert answer["Content-Type"] == "application/pdf"
    shown = pdftext.text(answer.content)
    with translation.override(language):
        assert title in shown
    for fact in (
        certificate.number,
        "Saebyeok Freight",
        "Security office",
        "Gate 1 (seoul-1)",
        "NIST SP 800-88",
    ):
        assert fact in shown, fact
    assert bytes(certificate.facts_sha256).hex() in shown.replace("\n", "").replace(" ", "")
    assert f"/Lang ({language})".encode() in answer.content
    inside = json.loads(pdftext.attachments(answer.content)["facts.json"])
    assert inside == certificate_pdf.package(certificate)
    again = officer.get(reverse("certificate-pdf", args=[certificate.number, language]))
    assert again.content == answer.content, "the same facts, the same bytes"
    assert officer.get(f"/retention/certificates/{certificate.number}/certificate.fr.pdf").status_code == 404


@pytest.mark.both_databases
def test_found_by_camera_and_day_on_the_site_s_clocks(yard: Yard, officer: Any) -> None:
    certificate = destroyed(yard)
    row = CertificateCamera.objects.get()
    day = row.starts_at.astimezone(ZoneInfo("Asia/Seoul")).date()

    def numbers(**query: str) -> list[str]:
        page = officer.get(reverse("certificates"), query).content.decode()
        return re.findall(r"/retention/certificates/(DC-[0-9-]+)/", page)

    assert numbers(camera="seoul-1", day=day.isoformat()) == [certificate.number]
    assert numbers(camera="seoul-1") == [certificate.number]
    assert numbers(camera="seoul-2", day=day.isoformat()) == []
    assert numbers(camera="seoul-1", day=(day + 2 * DAY).isoformat()) == []
    assert officer.get(reverse("certificates"), {"number": certificate.number.lower()}).status_code == 302
    assert "This is not a day" in officer.get(reverse("certificates"), {"day": "x"}).content.decode()


@pytest.mark.both_databases
def test_cameras_of_other_sites_cannot_be_asked_for(yard: Yard, client: Any, cast: People) -> None:
    destroyed(yard)
    client.force_login(cast.osaka_auditor)
    answers = [
        client.get(reverse("certificates"), {"camera": code}).content.decode().replace(code, "-")
        for code in ("seoul-1", "nowhere")
    ]
    tokens = re.compile(r"[A-Za-z0-9]{64}")
    assert tokens.sub("", answers[0]) == tokens.sub("", answers[1])


FORMAT_1: dict[str, Any] = {
    "format": "lethe/certificate/1", "organisation": "Saebyeok Freight", "trigger": "auto",
    "ground": "retention_ended", "segments": 1, "quarantined": 0, "bytes": 10, "merkle_root": "ab" * 32,
    "cameras": [], "epochs": [{"key_id": "k1"}], "deleted_from": "2026-03-01T00:00:00.000Z",
    "deleted_until": "2026-03-01T00:00:00.000Z", "keys_destroyed_at": "2026-03-01T00:00:00.000Z",
    "generation_before": 1, "generation_after": 2, "left": [], "performed_by": "automatic",
    "method": {"standard": "NIST SP 800-88", "technique": "x", "tool": "Lethe", "version": "0.2.0"},
    "copies": [{"copy": "keys", "done": "root_overwritten", "checked": "read_back", "result": "PASS"}],
    "confirmed_by": None, "runs": [], "number": "DC-2025-0001", "issued_at": "2026-03-01T00:00:00.000Z",
}  # fmt: skip


def test_a_certificate_of_format_1_stays_readable(yard: Yard, officer: Any) -> None:
    site = yard.sites[0]
    facts = FORMAT_1 | {
        "site": {"id": str(site.pk), "name": site.name, "jurisdiction": "KR", "time_zone": site.time_zone,
                 "storage_place": "Security office"},
    }  # fmt: skip
    run = PurgeRun.objects.create(state="done", is_open=None, cutoff_at=yard.now, plan_sha256=b"p" * 32)
    Certificate.objects.create(
        year=2025, sequence=1, number="DC-2025-0001", run=run, site=site, facts=facts,
        facts_sha256=sha256(canonical.encode(facts)).digest(),
    )  # fmt: skip
    page = officer.get(reverse("certificate", args=["DC-2025-0001"])).content.decode()
    assert "Not signed" in page
    assert officer.get(reverse("certificate-pdf", args=["DC-2025-0001", "ja"])).content.startswith(b"%PDF")
    assert officer.get(reverse("certificate-json", args=["DC-2025-0001"])).json()["signature"] == ""
    assert not PurgeItem.objects.exists()
