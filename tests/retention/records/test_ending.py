"""Records end: what is old enough and nothing else, with its keys and a certificate, through every kill."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from accesslog import pruning
from accesslog.errors import BodyGone, LogUnavailable
from accesslog.models import LogBody, LogEntry, LogPrune
from accesslog.selectors import load_receipt
from accesslog.services import append
from accesslog.verify import verify
from cctv.core.ids import new_id
from cctv.footage.marks.models import Still
from cctv.footage.models import ViewingSession
from cctv.ledger.models import LedgerLine
from cctv.people.models import RoleGrant
from cctv.redaction.models import Redaction, RedactionEdit
from cctv.retention.records import ending, facts, services
from cctv.retention.records.extent import extent
from cctv.retention.records.models import RecordErasure
from cctv.vault import journal, rings, signing, steps
from cctv.vault import services as vault
from tests.retention.people import people
from tests.retention.records.archive import KINDS, Archive

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


def readable(archive: Archive) -> set[tuple[str, str]]:
    """Class and month of what can still be read."""
    found = set()
    for key, receipt in archive.made.items():
        try:
            load_receipt(receipt.index)
        except BodyGone:
            continue
        found.add(key)
    return found


def periods() -> set[str]:
    """Periods that have a key."""
    return set(vault.log_keys().values())


def all_but(archive: Archive, record_class: str, *months: str) -> set[tuple[str, str]]:
    return set(archive.made) - {(record_class, month) for month in months}


@pytest.mark.both_databases
def test_o20_o21_each_class_ends_after_its_own_months_with_rows_keys_and_a_certificate(
    archive: Archive,
) -> None:
    archive.fill(61, 60, 37, 36, 35, 1)
    m61, m60, m37, m36, m35, m1 = (archive.month(ago) for ago in (61, 60, 37, 36, 35, 1))

    done = services.end_due()

    assert [(row.record_class, row.kept_from, row.state) for row in done] == [
        ("access", m36, "done"), ("permission", m36, "done"), ("ledger", m60, "done")
    ]  # fmt: skip
    gone = {(each, month) for each in ("access", "permission") for month in (m61, m60, m37)} | {
        ("ledger", m61)
    }
    assert readable(archive) == set(archive.made) - gone
    assert periods() & {m61, m60, m37, f"{m61}.permission", f"{m37}.permission", f"{m61}.ledger"} == set()
    assert {m36, m1, f"{m36}.permission", f"{m60}.ledger", f"{m37}.ledger"} <= periods()
    assert {line.item for line in LedgerLine.objects.all()} == {m60, m37, m36, m35, m1}
    assert {f"{each.closed_at:%Y-%m}" for each in ViewingSession.objects.all()} == {m36, m35, m1}
    assert {f"{each.revoked_at:%Y-%m}" for each in RoleGrant.objects.exclude(revoked_at=None)} == {
        m36,
        m35,
        m1,
    }
    assert [row.number for row in done] == [f"LC-{archive.yard.now.year}-{n:04d}" for n in (1, 2, 3)]
    assert verify(open_bodies=True).finding is None
    assert services.end_due() == [], "nothing more is due"


def test_the_certificate_is_signed_journalled_logged_and_without_personal_data(archive: Archive) -> None:
    archive.fill(37, 36)
    row = services.end_due()[0]
    assert (row.facts["kinds"][KINDS["access"]], row.facts["rows"]) == (1, 1)
    assert archive.month(37) in row.facts["keys"].values()
    assert row.facts["generation_after"] == row.facts["generation_before"] + 1
    assert "Minji" not in str(row.facts)
    lines = signing.verify_note(row.signature, signing.public_key())
    assert lines == [facts.FORMAT, row.number, bytes(row.facts_sha256).hex()]
    told = [line.facts for line in journal.read() if line.kind == ending.JOURNALLED]
    assert [each["number"] for each in told] == [f"LC-{row.year}-0001", f"LC-{row.year}-0002"]
    assert row.entry is not None
    assert load_receipt(row.entry).body["sha256"] == bytes(row.facts_sha256).hex()
    results = {(copy["copy"], copy["result"]) for copy in row.facts["copies"]}
    assert {("log_records", "PASS"), ("keys", "PASS"), ("below_file_system", "UNKNOWN")} <= results


def test_a_key_that_a_longer_kept_class_still_needs_stays_and_the_certificate_says_so(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accesslog import records, writer

    archive.ticking = False
    monkeypatch.setattr(services, "SILENCE", timedelta.max)
    with monkeypatch.context() as before_there_were_classes:
        for module in (records, writer):
            before_there_were_classes.setattr(module, "period_of", lambda at_us, _: records.month_of(at_us))
        archive.fill(61, 37)
    old, older = archive.month(37), archive.month(61)
    access, permission, ledger = services.end_due()
    assert [each["period"] for each in permission.facts["keys_left"]] == [older, old]
    assert permission.facts["keys_left"][0]["kinds"] == [KINDS["ledger"]]
    assert {old, older}.isdisjoint(access.facts["keys"].values())
    assert older in ledger.facts["keys"].values(), "the last class that used a key takes it along"
    assert periods() >= {old}
    assert readable(archive) == {("ledger", old)}
    assert ("keys_left", "UNKNOWN") in {(copy["copy"], copy["result"]) for copy in permission.facts["copies"]}


def no_disk() -> None:
    raise OSError("no disk")


@pytest.mark.parametrize("doubt", ["jumped", "behind", "restore", "journal", "doubted"])
def test_invariant_7_a_wrong_clock_or_an_older_register_ends_nothing(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, doubt: str
) -> None:
    archive.fill(20, 1)
    archive.yard.move(timedelta())
    if doubt == "jumped":
        archive.yard.jump(timedelta(days=3000))
    else:
        archive.fill(0)
        archive.made.clear()
        archive.yard.move(timedelta(days=3000))
        if doubt == "behind":
            archive.yard.jump(-timedelta(days=1))
        elif doubt == "restore":
            monkeypatch.setattr("cctv.retention.guards.progress.unfinished", lambda: True)
        elif doubt == "journal":
            monkeypatch.setattr("cctv.retention.guards.witnesses.put_back", no_disk)
        else:
            archive.yard.off(timedelta(days=30))
    before = LogBody.objects.count()
    assert services.end_due() == []
    assert LogBody.objects.count() == before
    assert not RecordErasure.objects.exists()


def test_control_with_a_trusted_clock_the_same_records_end(archive: Archive) -> None:
    archive.fill(20, 1)
    archive.yard.move(timedelta(days=3000))
    assert {row.state for row in services.end_due()} == {"done"}
    assert readable(archive) == set()


def test_invariant_7_what_was_logged_before_a_clock_was_mended_does_not_end_early(archive: Archive) -> None:
    archive.ticking = False  # a clock that stood years behind, until it was set: nothing was logged between
    archive.fill(61)
    archive.ticking = True
    archive.ran = archive.yard.now
    archive.fill(0)
    assert services.end_due() == []
    assert readable(archive) == set(archive.made)
    archive.yard.move(timedelta(days=36 * 31))
    archive.fill(0)
    assert {row.record_class for row in services.end_due()} == {"access", "permission"}
    assert ("access", archive.month(36 + 61)) not in readable(archive)


def test_invariant_7_rows_dated_by_a_clock_that_stood_behind_wait_for_the_log_s_own_time(
    archive: Archive,
) -> None:
    """The register's host stood six years back today, and was mended; the log's times did not fall."""
    archive.fill(62, 1)
    archive.write("today", archive.yard.now - timedelta(days=6 * 365))
    (today,) = LedgerLine.objects.filter(item="today")
    for of_class, month in (("ledger", 60), ("access", 36), ("permission", 36)):
        assert today.at < pruning.month_start(archive.month(month)), "past its time by its own date"
        assert extent(of_class, archive.month(month)).rows == 1

    assert {row.facts["rows"] for row in services.end_due()} == {1}

    assert {line.item for line in LedgerLine.objects.all()} == {"today", archive.month(1)}
    assert ViewingSession.objects.count() == RoleGrant.objects.exclude(revoked_at=None).count() == 2
    # They go when the log itself says that it is time.
    archive.yard.move(timedelta(days=61 * 31))
    archive.fill(0)
    services.end_due()
    assert not LedgerLine.objects.filter(item="today").exists()
    assert ViewingSession.objects.count() == RoleGrant.objects.exclude(revoked_at=None).count() == 1


def test_a_role_that_ran_out_ends_by_the_entry_that_gave_it(archive: Archive) -> None:
    officer = people(archive.yard.sites).officer
    archive.officer = officer
    kept = {}
    for name in ("before", "today"):
        until = pruning.month_start(archive.month(40))
        kept[name] = role = RoleGrant(
            account=officer, role="auditor", valid_from=until - timedelta(days=1), valid_until=until
        )
        append(kind=KINDS["permission"], body={"text": name}, event_id=role.granted_event)
        role.save(force_insert=True)
        archive.fill(39, 1) if name == "before" else None
    assert services.end_due()
    assert list(RoleGrant.objects.filter(role="auditor", account=officer)) == [kept["today"]]


def test_invariant_7_rows_of_which_the_log_knows_nothing_wait(archive: Archive) -> None:
    archive.fill(62)
    ViewingSession.objects.update(closed_entry=None)
    line = LedgerLine.objects.get()
    line.pk, line.sequence, line.source, line.entry = new_id(), line.sequence + 1, "torn", None
    line.save(force_insert=True)
    revoked = RoleGrant.objects.exclude(revoked_at=None)
    revoked.update(revoked_at=F("revoked_at") - timedelta(days=1))  # not the moment that was logged
    assert services.end_due()
    assert ViewingSession.objects.exists()
    assert [each.source for each in LedgerLine.objects.all()] == ["torn"]
    assert revoked.exists()


def test_a_still_that_a_hold_kept_for_years_ends_with_the_record_of_its_taking(archive: Archive) -> None:
    archive.fill(62)
    session = ViewingSession.objects.get()
    segment = archive.yard.segment(expires_in=timedelta(days=-1)).row
    Still.objects.create(
        segment=segment, session=session, site=session.site, camera=segment.camera, taken_by=session.actor,
        at=segment.starts_at, width=1, height=1, reason="r", entry_index=1, sealed=b"sealed",
    )  # fmt: skip
    assert services.end_due()
    assert not ViewingSession.objects.exists()
    assert not Still.objects.exists()


def test_a_redaction_ends_with_the_record_of_the_viewing_that_it_was_begun_in(archive: Archive) -> None:
    archive.fill(62)
    session = ViewingSession.objects.get()
    redaction = Redaction.objects.create(
        number="RD-2020-0001", year=2020, sequence=1, site=session.site, camera=archive.yard.cameras[0],
        starts_at=session.starts_at, ends_at=session.ends_at, session=session, purpose=session.purpose,
        made_by=session.actor,
    )  # fmt: skip
    RedactionEdit.objects.create(redaction=redaction, number=1, kind="mode", made_by=session.actor)
    assert services.end_due()
    assert not Redaction.objects.exists()


class Killed(BaseException):
    """The process dies here."""


def points(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Listen to the steps of this process; the list fills."""
    heard: list[str] = []
    monkeypatch.setattr(steps, "_listeners", [heard.append])
    return heard


@pytest.mark.both_databases
def test_an_end_that_was_killed_at_any_step_is_carried_to_the_same_end(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.fill(61, 37, 36)
    died: list[str] = []

    def die_once_at_each(step: str) -> None:
        if step.startswith(("records.", "ratchet.")) and step not in died:
            died.append(step)
            raise Killed

    monkeypatch.setattr(steps, "_listeners", [die_once_at_each])
    for _attempt in range(60):
        try:
            services.end_due()
            break
        except Killed:
            found = verify(open_bodies=True).finding
            assert found is None, f"after {died[-1]} the log verifies: {found}"
    assert {
        "records.started", "records.prune.logged", "records.prune.marked", "records.prune.log_body-batch",
        "records.pruned", "records.cut-batch", "records.cut", "records.keys", "records.ratcheted",
        "records.keyless", "records.issued", "records.signed", "records.journalled", "records.logged",
        "records.done", "ratchet.root", "ratchet.keyring",
    } <= set(died)  # fmt: skip
    rows = list(RecordErasure.objects.order_by("sequence"))
    assert [(row.record_class, row.state, row.sequence) for row in rows] == [
        ("access", "done", 1), ("permission", "done", 2), ("ledger", "done", 3)
    ]  # fmt: skip
    assert rows[0].facts["kinds"][KINDS["access"]] == 2
    assert LogEntry.objects.filter(kind="records.erased").count() == 3
    assert LogEntry.objects.filter(kind="log.prune").count() == 3
    assert periods().isdisjoint(rows[0].facts["keys"].values())
    month = archive.month(36)
    assert readable(archive) == {("ledger", archive.month(37)), *((each, month) for each in KINDS)}


def test_with_the_log_away_nothing_ends_and_the_row_says_why(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.fill(37)

    def down(**_fields: Any) -> None:
        raise LogUnavailable

    with monkeypatch.context() as patch:
        patch.setattr("accesslog.pruning.append", down)
        services.end_due()
    row = RecordErasure.objects.order_by("sequence")[0]
    assert row.state == ending.STARTED
    assert "cannot be reached" in row.facts["stands_still"]
    assert ("access", archive.month(37)) in readable(archive)
    assert {row.state for row in services.end_due()} == {"done"}


def test_a_rule_made_longer_before_anything_was_logged_keeps_the_records(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.fill(37)
    with monkeypatch.context() as patch:
        patch.setattr(ending, "STEPS", {})
        services.end_due()
    monkeypatch.setattr("cctv.retention.records.rules.DEFAULT_MONTHS", dict.fromkeys(KINDS, 60))
    services.end_due()
    assert {row.state for row in RecordErasure.objects.all()} == {ending.STARTED}
    assert readable(archive) == set(archive.made)


def test_a_mirror_that_is_away_leaves_the_end_pending_until_it_confirms(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.fill(37)
    real = vault.destroy_log_keys

    def unconfirmed(keys: Any) -> Any:
        from dataclasses import replace

        from cctv.vault.mirrors import MirrorState

        return replace(real(keys), mirrors=[MirrorState("/mnt/b", pending_since_us=1)])

    with monkeypatch.context() as patch:
        patch.setattr(vault, "destroy_log_keys", unconfirmed)
        rows = services.end_due()
    assert rows[0].state == ending.KEYS
    assert rows[0].facts["mirrors"][0]["confirmed"] is False
    done = services.end_due()
    assert {row.state for row in done} == {"done"}
    assert done[0].facts["generation_after"] == done[0].facts["generation_before"] + 1


def test_a_log_put_back_from_a_backup_is_pruned_again(archive: Archive) -> None:
    archive.fill(37, 1)
    row = services.end_due()[0]
    RecordErasure.objects.filter(pk=row.pk).update(prune_entry=10**6)  # its entry is not in this log
    services.end_due()
    row.refresh_from_db()
    assert row.prune_entry is not None
    assert LogPrune.objects.filter(index=row.prune_entry).exists()


def test_a_register_that_was_put_back_takes_no_number_twice(archive: Archive) -> None:
    archive.fill(37)
    year = archive.yard.now.year
    journal.append(ending.JOURNALLED, {"number": f"LC-{year}-0007", "facts": {}, "signature": ""})
    journal.append(ending.JOURNALLED, {"number": f"LC-{year - 1}-0099", "facts": {}, "signature": ""})
    assert [row.number for row in services.end_due()] == [f"LC-{year}-0008", f"LC-{year}-0009"]


@pytest.mark.both_databases
@pytest.mark.parametrize(("state", "ago", "goes"), [
    ("pruned", 61, True), ("started", 61, False), ("pruned", 60, False), ("pruned", 1, False)
])  # fmt: skip
def test_invariant_6_a_line_goes_only_when_an_end_of_records_covers_its_month(
    archive: Archive, state: str, ago: int, goes: bool
) -> None:
    archive.fill(ago)
    assert archive.month(60)
    RecordErasure.objects.create(
        year=2026, sequence=1, number="LC-2026-0001", record_class="access", kept_from="9999-01", below=0,
        state="done",
    )  # fmt: skip
    RecordErasure.objects.create(
        year=2026, sequence=2, number="LC-2026-0002", record_class="ledger", kept_from=archive.month(60),
        below=0, state=state,
    )  # fmt: skip
    statement = "DELETE FROM cctv_ledgerline"
    if goes:
        with connection.cursor() as cursor:
            cursor.execute(statement)
        assert not LedgerLine.objects.exists()
        return
    refused = pytest.raises(DatabaseError, match="never deleted before its time")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert rings.records().key_ids()
