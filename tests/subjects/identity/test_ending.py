"""What was shown ends with the verdict, in every copy; killed between any two steps, it ends all the same."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cctv.retention import guards
from cctv.subjects.deciding import texts
from cctv.subjects.identity import (
    asking,
    destroying,
    doctor,
    keeping,
    looking,
    papers,
    services,
    settling,
    tending,
)
from cctv.subjects.identity.models import CheckState, IdentityCheck, IdentityPaper
from cctv.subjects.requests import ending, withdrawing
from cctv.subjects.requests import tending as requests
from cctv.subjects.requests.models import RequestMail, RequestState, SubjectRequest
from cctv.vault import keyfile, records, rings
from cctv.vault import services as vault
from cctv.vault.errors import WrongKey
from cctv.vault.sealing import SealBroken, open_bytes
from tests.retention.attacker import keys_of, roots_among, windows
from tests.subjects.identity.showing import Shower, photo
from tests.subjects.identity.test_verdicts import lost, opens
from tests.subjects.requests.counter import DAY, MINUTE, TERMINAL, Killed, kill_at

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


def killed(monkeypatch: pytest.MonkeyPatch, step: str, act: Callable[[], Any]) -> None:
    """The act, ended at the step; the test fails where it is not reached."""
    with monkeypatch.context() as patch:
        kill_at(patch, step)
        with pytest.raises(Killed):
            act()


def said(shower: Shower, kind: str) -> int:
    """How many entries of this request there are."""
    entries = shower.bureau.counter.court.said(kind)
    return sum(each["request"]["id"] == str(shower.bureau.request.pk) for each in entries)


def is_gone(shower: Shower, sealed_name: str) -> bool:
    """No key, no row, no object, and the log says so once."""
    assert not records.labelled(papers.LABEL)
    assert not IdentityPaper.objects.exists()
    assert not IdentityCheck.objects.exclude(key_id="").exists()
    assert said(shower, "identity.destroyed") == 1
    return sealed_name not in shower.bureau.counter.court.yard.objects()


# ------------------------------------------------------------------ backups


def test_invariant_4_after_the_verdict_no_backup_opens_a_picture(shower: Shower, tmp_path: Path) -> None:
    check = shower.shown()
    paper, home, saved = check.papers.get(), shower.bureau.counter.court.yard.home, tmp_path / "saved"
    shutil.copytree(home, saved)
    (stored,) = [each for each in saved.rglob("*") if each.is_file() and paper.sealed_name in str(each)]
    context, clear = vault.context(paper.pk, "paper"), papers.examine([photo()])

    def found(candidates: set[bytes]) -> bytes | None:
        for key in candidates:
            try:
                return open_bytes(
                    keyfile.unwrap_key(key, bytes(paper.wrapped_key)), context, stored.read_bytes()
                )
            except (WrongKey, SealBroken):
                continue
        return None

    old_ring = (saved / "keys" / "records" / "keyring").read_bytes()
    (root,) = roots_among(windows(saved / "keys" / "records"), old_ring)
    assert found(set(keys_of(old_ring, root))) == clear, "the scan can win"
    (saved / "keys" / "records" / "root.key").unlink()  # no backup has a root

    shower.verify(check)

    everything = windows(home / "keys" / "records") | windows(saved / "keys" / "records")
    reached = set(everything)
    for ring in (old_ring, (home / "keys" / "records" / "keyring").read_bytes()):
        for each in roots_among(everything, ring):
            reached.update(keys_of(ring, each))
    assert found(reached) is None


def test_an_older_register_gets_no_verdict_on_what_is_destroyed(shower: Shower) -> None:
    check = lost(shower)
    rows = [IdentityCheck.objects.get(), *IdentityPaper.objects.all()]
    shower.refuse(check)
    for each in rows:
        each.save()  # the rows as they were, of a backup
    counts: dict[str, int] = {}
    keeping.after_restore(counts)
    assert counts == {"identity_checks_ended": 1}
    now = IdentityCheck.objects.get()
    assert (now.state, now.reason, now.key_id, bytes(now.code_hash)) == (
        CheckState.EXPIRED,
        "restored",
        "",
        b"",
    )
    assert not IdentityPaper.objects.exists()
    other = shower.ask()
    shower.take(other)
    keeping.after_restore(counts)
    assert counts == {"identity_checks_ended": 0}


def test_the_store_knows_whose_a_picture_is(shower: Shower) -> None:
    paper = shower.take(shower.ask())
    site = shower.request.site_id
    assert keeping.known([paper.sealed_name, "ab/other"]) == {paper.sealed_name}
    assert list(keeping.names(paper.sealed_name[:2])) == [(paper.sealed_name, site)]
    IdentityCheck.objects.update(state=CheckState.VERIFIED)
    assert keeping.known([paper.sealed_name])
    assert list(keeping.names()) == [], "it is being destroyed"


# ------------------------------------------------------------------ killed


def each(shower: Shower, steps: tuple[str, ...]) -> Iterator[str]:
    """Each step with a request of its own, in the UK, whose clock stands."""
    for step in steps:
        shower.bureau.request = shower.bureau.counter.ask(shower.bureau.sealed).request
        SubjectRequest.objects.filter(pk=shower.bureau.request.pk).update(jurisdiction="UK")
        settling.clock_stands(shower.request)
        yield step


def test_invariant_5_a_picture_that_was_cut_off_is_sent_again(
    shower: Shower, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in each(shower, ("identity.sealed", "identity.key", "identity.taken")):
        check = shower.ask()
        killed(monkeypatch, step, partial(shower.take, check))
        shower.take(check)
        assert check.papers.count() == 1
    killed(monkeypatch, "identity.sent", lambda: asking.finish(check, terminal=TERMINAL))
    check.refresh_from_db()
    assert check.state == CheckState.ASKED
    asking.finish(check, terminal=TERMINAL)
    assert said(shower, "request.id_sent") == 1
    paper = check.papers.select_related("check_row__request__site").get()
    killed(
        monkeypatch, "identity.opened",
        lambda: looking.look(paper, actor=shower.bureau.people.seoul_officer, terminal=TERMINAL),
    )  # fmt: skip
    shower.verify(check)
    assert not rings.records().has(check.key_id)


def test_invariant_5_a_verdict_that_was_cut_off_is_finished_once(
    shower: Shower, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = (
        "identity.verified-logged", "identity.verified", "identity.key-destroyed", "identity.deleted",
        "identity.destroyed-logged", "identity.destroyed", "identity.clock",
    )  # fmt: skip
    for step in each(shower, steps):
        check = shower.shown()
        SubjectRequest.objects.filter(pk=check.request_id).update(hold=None)
        settling.clock_stands(shower.request)
        name = check.papers.get().sealed_name
        killed(monkeypatch, step, partial(shower.verify, check))
        if shower.request.verified_at is None:
            shower.verify(check)
        tending.tend()
        requests.tend()
        assert is_gone(shower, name), step
        row = shower.request
        assert (row.state, row.paused_at, row.hold is not None) == (RequestState.OPEN, None, True), step
        assert said(shower, "request.verified") == 1
        assert row.acts.filter(kind="verified").count() == row.mails.filter(kind="verified").count() == 1
        check.refresh_from_db()
        assert check.destruction["objects"] == 1


def test_invariant_5_a_refusal_that_was_cut_off_is_finished_once(
    shower: Shower, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in each(shower, ("identity.refused-logged", "identity.refused")):
        check = shower.shown()
        name = check.papers.get().sealed_name
        killed(monkeypatch, step, partial(shower.refuse, check))
        check.refresh_from_db()
        if check.state == CheckState.SHOWN:
            shower.refuse(check)
        tending.tend()
        assert is_gone(shower, name)
        assert said(shower, "request.not_verified") == 1
        assert shower.request.mails.filter(kind="not_verified").count() == 1
        assert shower.request.paused_at is not None, step


def test_invariant_5_a_new_secret_that_was_cut_off_is_given_once(
    shower: Shower, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = lost(shower)
    before = said(shower, "request.secret")
    killed(monkeypatch, "identity.secret-logged", lambda: shower.verify(check))
    assert not opens(shower, "ABCD-EFGH-JKLM-NPQR")
    shower.verify(check)
    assert opens(shower, "ABCD-EFGH-JKLM-NPQR")
    assert said(shower, "request.secret") == before + 1


def test_invariant_5_what_was_seen_in_person_is_settled_once(
    shower: Shower, monkeypatch: pytest.MonkeyPatch
) -> None:
    def act() -> IdentityCheck:
        return services.verify(
            shower.request, method="in_person", seen=["document"], actor=shower.bureau.people.seoul_officer,
            terminal=TERMINAL,
        )  # fmt: skip

    for step in each(shower, ("identity.seen-logged", "identity.seen")):
        name = shower.take(shower.ask()).sealed_name
        killed(monkeypatch, step, act)
        if shower.request.verified_at is None:
            act()
        tending.tend()
        assert is_gone(shower, name)
        assert shower.request.paused_at is None
        assert said(shower, "request.verified") == 1


# ------------------------------------------------------------------ time, and what goes wrong


def test_what_nobody_finished_ends_after_two_weeks_by_a_clock_that_is_trusted(
    shower: Shower, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = shower.ask()
    name = shower.take(check).sealed_name
    yard = shower.bureau.counter.court.yard
    yard.move(14 * DAY - MINUTE)
    tending.tend()
    assert IdentityCheck.objects.get().state == CheckState.ASKED
    yard.move(MINUTE)
    with monkeypatch.context() as patch:
        patch.setattr(guards, "trusted", lambda _now: False)
        tending.tend()
    assert IdentityPaper.objects.exists(), "invariant 7: a wrong clock destroys nothing"
    tending.tend()
    assert (IdentityCheck.objects.get().state, IdentityCheck.objects.get().reason) == ("expired", "too_old")
    assert is_gone(shower, name)
    assert RequestMail.objects.filter(kind="identity").count() == 1
    assert shower.ask() != check


def test_what_was_shown_in_time_waits_for_the_checker(shower: Shower) -> None:
    check = shower.shown()
    shower.bureau.counter.court.yard.move(31 * DAY)
    tending.tend()
    requests.tend()
    assert (shower.request.state, IdentityCheck.objects.get().state) == (RequestState.IDENTITY, "shown")
    assert [each.code for each in doctor.identity()] == ["identity.waiting"]
    shower.verify(check)
    assert [each.code for each in doctor.identity()] == ["identity.fine"]


@pytest.mark.parametrize("how", ["withdrawn", "decided", "ended"])
def test_a_request_that_is_over_takes_what_was_shown_with_it(shower: Shower, how: str) -> None:
    name = shower.shown().papers.get().sealed_name
    if how == "withdrawn":
        withdrawing.withdraw(shower.request, terminal=TERMINAL)
    elif how == "decided":
        shower.bureau.counter.decide(shower.request)
    else:
        ending.end_file(shower.request)
    tending.tend()
    now = IdentityCheck.objects.get()
    assert (now.state, now.reason, now.key_id) == (CheckState.EXPIRED, "over", "")
    assert not IdentityPaper.objects.exists()
    assert not records.labelled(papers.LABEL)
    assert name not in shower.bureau.counter.court.yard.objects()


def test_a_lost_secret_outlives_a_withdrawal(shower: Shower) -> None:
    check = lost(shower)
    withdrawing.withdraw(shower.request, terminal=TERMINAL)
    tending.tend()
    shower.verify(check)
    assert opens(shower, "ABCD-EFGH-JKLM-NPQR")


def test_keys_without_pictures_are_swept_and_others_are_not(shower: Shower) -> None:
    used = shower.shown()
    key = rings.records().ensure(f"{papers.LABEL}11111111-2222-4333-8444-555555555555")
    strange = rings.records().ensure(f"{papers.LABEL}nobody")
    tending.tend()
    assert {key, strange} <= rings.records().key_ids(), "it may be a picture that comes in now"
    shower.bureau.counter.court.yard.move(2 * DAY)
    tending.tend()
    assert set(records.labelled(papers.LABEL)) == {f"{papers.LABEL}{used.pk}"}


def test_a_verdict_stands_while_a_picture_cannot_be_deleted_and_the_doctor_says_so(
    shower: Shower, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    check = shower.shown()
    with monkeypatch.context() as patch:
        patch.setattr(vault, "delete_objects", lambda names: dict.fromkeys(names, OSError()))
        shower.verify(check)
        assert shower.request.verified_at is not None
        assert IdentityCheck.objects.get().destroyed_at is None
        assert "have been destroyed" not in texts.mail("verified", shower.request)[1]
        shower.bureau.counter.court.yard.move(timedelta(hours=2))
        assert [each.code for each in doctor.identity()] == ["identity.not_destroyed"]
    tending.tend()
    settings.LETHE_SCAN_COMMAND = "/nowhere/clamdscan -"
    assert [each.code for each in doctor.identity()] == ["identity.scanner"]


def test_a_mirror_that_still_has_the_key_is_waited_for(
    shower: Shower, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = shower.shown()

    class Unfinished:
        complete = False

    with monkeypatch.context() as patch:
        patch.setattr(vault, "destroy_record_keys", lambda _keys: Unfinished())
        shower.verify(check)
        assert not shower.bureau.counter.court.said("identity.destroyed")
        assert not destroying.attempt(check)
    assert destroying.attempt(check)
    assert destroying.attempt(check), "again"


@pytest.mark.parametrize(("how", "is_said"), [("shown", True), ("in_person", False)])
def test_a_mail_says_that_pictures_were_destroyed_only_where_there_were_any(
    shower: Shower, how: str, is_said: bool
) -> None:
    SubjectRequest.objects.update(language="en")
    if how == "shown":
        shower.verify(shower.shown())
    else:
        services.verify(
            shower.request, method="in_person", seen=["document"], actor=shower.bureau.people.seoul_officer,
            terminal=TERMINAL,
        )  # fmt: skip
    text = texts.mail("verified", shower.request)[1]
    assert (text.count("destroyed"), "have been destroyed" in text) == (int(is_said), is_said)
