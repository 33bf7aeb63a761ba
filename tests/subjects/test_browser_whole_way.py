"""A request walks its whole way: from a telephone in Japanese to a clip in which only its requester is seen,
and on until nothing of it is left but what the log and the ledger tell.

Once with everybody at work by hand, and once for each of them alone.
"""

import re
import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from accesslog.outside import verifying
from cctv.core import clock
from cctv.retention.holds.models import Hold
from cctv.subjects.delivering.models import Appointment, DeliverySending
from cctv.subjects.requests import access, details
from cctv.subjects.requests.errors import NotOpened
from cctv.subjects.requests.models import SubjectRequest
from cctv.vault import rings
from tests.footage.conftest import room
from tests.redaction.test_browser_story import passes_the_score
from tests.retention.attacker import keys_of, roots_among, windows
from tests.subjects import colleagues
from tests.subjects.house import DAY, House, Screens, house, screens, time_
from tests.subjects.requests.test_ending import opens
from tests.subjects.staff import Approver, Auditor, Officer, Operator, again
from tests.subjects.subject import EMAIL, NAME, QUESTION, Receipt, Subject, request_of

__all__ = ["house", "room", "screens", "time_"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.timeout(180),
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
]

# What the log tells of it, in this order.
STORY = (
    "was received at", "was held as H-", "wrote a message", "assigned request", "wrote a message",
    "replied to request", "identity was shown", "looked at a proof of identity", "identity was verified",
    "What was shown as proof", "looked for the footage", "began the redaction", "to review",
    "approved the redaction", "chose a redacted copy", "proposed a decision", "decided on request",
    "was made available", "A code for a copy", "was sent to the requester", "was closed",
    "is held no longer", "The file of request",
)  # fmt: skip
OBJECTION = "ほかの方を隠せば、見せていただけるはずです。"
WHY = "ほかの方に危害が及ぶおそれがあります。"


def test_everybody_by_hand_from_the_phone_until_nothing_is_left(
    house: House, screens: Screens, tmp_path: Path
) -> None:
    subject = Subject(house, screens, screens.phone())
    receipt = subject.files(house.asked.starts_at)
    row = request_of(receipt)
    subject.closes_it()
    subject.comes_back(receipt)
    subject.writes(QUESTION)
    officer = Officer(house, screens, screens.enter(house.people["officer"]), row)
    officer.opens_it()
    officer.takes_it()
    officer.replies()
    subject.shows_who_they_are(tmp_path)
    officer.recognises_by_papers()

    operator = Operator(house, screens, screens.enter(house.operator), row)
    operator.opens_it()
    operator.finds_it()
    redaction = operator.begins_a_redaction()
    operator.shows_only_them(redaction)
    operator.closes_the_viewing()
    approver = Approver(house, screens, screens.enter(house.people["approver"]), row)
    approver.reviews(redaction)
    approver.approves(officer.proposes("granted", copies=1))
    told = house.post()

    subject.comes_back(receipt)
    subject.reads_the_answer("granted")
    subject.asks_for_the_code()
    (letter,) = house.post()
    subject.opens_the_clip(code_in(letter, receipt))
    assert subject.watches_it() > 1
    clip = subject.downloads_it(tmp_path)
    passes_the_score(clip, tmp_path / "truth.json")
    tells_nothing(told, receipt)
    everything_expires(house, row, tmp_path)
    reads_the_story(Auditor(house, screens, screens.enter(house.people["auditor"]), row))


def code_in(letter: str, receipt: Receipt) -> str:
    found = re.search(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", letter.replace(receipt.reference, ""))
    assert found
    return found[0]


def tells_nothing(letters: list[str], receipt: Receipt) -> None:
    """Mail says that there is something to read: whose, and the secret, it does not say."""
    assert len(letters) > 3
    for each in letters:
        assert receipt.secret not in each
        assert NAME not in each


def everything_expires(house: House, row: SubjectRequest, tmp_path: Path) -> None:
    """A day later only what was asked for is there; a fortnight later nothing; after three years no name."""
    house.time.go_on(2 * DAY)
    assert (house.there(house.asked), house.there(house.unasked)) == (True, False)
    house.time.go_on(13 * DAY)
    assert again(row).state == "closed"
    assert not Hold.objects.filter(state="active").exists()
    assert not house.there(house.asked)
    assert row.deliveries.get().ended_at is not None
    saved, kept = tmp_path / "saved", bytes(again(row).details)
    shutil.copytree(house.home / "keys" / "records", saved)
    key_id = again(row).key_id
    assert opened_in(saved, kept, row, windows(saved)), "a backup that has its root opens it"
    (saved / "root.key").unlink()  # as a backup is made

    house.time.go_on(3 * 366 * DAY)
    assert again(row).state == "ended"
    assert not bytes(again(row).details)
    assert not rings.records().has(key_id)
    assert not opened_in(saved, kept, row, windows(house.home / "keys" / "records") | windows(saved))
    assert verifying.run(full=True).finding is None


def opened_in(saved: Path, kept: bytes, row: SubjectRequest, candidates: set[bytes]) -> bool:
    """Whether somebody with these bytes and that keyring reads the file."""
    ring = (saved / "keyring").read_bytes()
    keys = [key for root in roots_among(candidates, ring) for key in keys_of(ring, root)]
    return opens(kept, "details", row, keys) is not None


def reads_the_story(auditor: Auditor) -> None:
    """The log and the ledger tell it, in order, and name nobody who asked."""
    auditor.sees_no_request()
    told = auditor.reads_the_log()
    at = 0
    for each in STORY:
        found = [place for place in range(at, len(told)) if each in told[place]]
        assert found, "\n".join([each, *told])
        at = found[0] + 1
    assert [each for each in told if each.startswith("The viewing of operator")], "what was sent in it"
    assert not [each for each in told if NAME in each or EMAIL in each]
    auditor.opens_an_entry("decided on request")
    lines = auditor.reads_the_ledger()
    (reading,) = [each for each in lines if auditor.request.reference in each]
    assert "reading" in reading
    assert NAME not in reading
    assert [each for each in lines if "destruction" in each]


def test_the_subject_asks_shows_who_they_are_and_fetches_the_clip_on_a_phone(
    house: House, screens: Screens, tmp_path: Path
) -> None:
    subject = Subject(house, screens, screens.phone())
    receipt = subject.files(house.asked.starts_at)
    row = request_of(receipt)
    assert house.there(house.asked)
    assert row.hold is not None
    subject.shows_who_they_are(tmp_path)
    colleagues.recognises(house, row)
    colleagues.grants(house, row)
    house.post()

    subject.comes_back(receipt)
    subject.reads_the_answer("granted")
    subject.asks_for_the_code()
    (letter,) = house.post()
    subject.opens_the_clip(code_in(letter, receipt))
    clip = subject.downloads_it(tmp_path)
    assert clip.read_bytes()[4:8] == b"ftyp"
    assert DeliverySending.objects.get().sent_bytes == clip.stat().st_size
    code_is_good_once(subject, receipt, code_in(letter, receipt))

    house.time.go_on(15 * DAY)
    subject.comes_back(receipt)
    subject.page.goto("/portal/decision/")
    expect(subject.page.locator("main a[href*='/portal/result/']")).to_have_count(0)
    subject.sees("clip-over")
    house.time.go_on(3 * 366 * DAY)
    with pytest.raises(NotOpened):
        access.open_request(receipt.reference, receipt.secret, terminal=colleagues.PORTAL)
    assert details.read(again(row)) is None


def code_is_good_once(subject: Subject, receipt: Receipt, code: str) -> None:
    """In another browser reference and secret show that there is a clip; a used code opens none."""
    other = Subject(subject.house, subject.screens, subject.screens.phone())
    other.comes_back(receipt)
    other.reads_the_answer("granted")
    other.follow("main a[href*='/portal/result/'] >> nth=0")
    expect(other.page.locator("video")).to_have_count(0)
    proof = other.page.locator("main input[name=proof]").first.get_attribute("value") or ""
    answer = other.page.request.post(other.page.url, form={"proof": proof, "code": code})
    assert answer.status == 403
    assert "<video" not in answer.text()


def test_the_privacy_officer_answers_recognises_proposes_and_cannot_approve_it(
    house: House, screens: Screens
) -> None:
    row = colleagues.asks(house).request
    colleagues.shows_papers(row)
    officer = Officer(house, screens, screens.enter(house.people["officer"]), row)
    officer.opens_it()
    officer.takes_it()
    officer.replies()
    officer.recognises_by_papers()
    redaction = colleagues.redacts(house, row)
    colleagues.reviews(house, redaction)
    first = officer.proposes("partly", text=WHY, ground="harm", copies=1)
    refused = officer.page.request.post(
        f"{officer.url}decisions/{first.pk}/decide/",
        form={"verdict": "approve", "seen": "", "csrfmiddlewaretoken": officer.token()},
        headers={"Referer": officer.page.url},
    )
    assert refused.status == 403
    colleagues.gives_back(house, first, "理由がありません。")
    officer.page.goto(f"{officer.url}decisions/{first.pk}/")
    expect(officer.page.locator("main")).to_contain_text("理由がありません。")
    second = officer.proposes("granted", copies=1)
    colleagues.approves(house, second)
    officer.page.goto(officer.url)
    expect(officer.page.locator("main .next")).to_contain_text("it is answered")
    officer.sees("answered")
    assert [each.state for each in row.decisions.order_by("proposed_at")] == ["returned", "sent"]


def test_the_operator_finds_the_minutes_and_makes_the_copy_knowing_nobody(
    house: House, screens: Screens
) -> None:
    row = colleagues.asks(house).request
    colleagues.recognises(house, row)
    operator = Operator(house, screens, screens.enter(house.operator), row)
    operator.opens_it()
    operator.finds_it()
    redaction = operator.begins_a_redaction()
    operator.shows_only_them(redaction)
    operator.closes_the_viewing()
    operator.page.goto(f"/redactions/{redaction.number}/")
    expect(operator.page.locator("main")).to_contain_text("Somebody else has to review it")
    operator.page.goto(operator.url)
    expect(operator.page.locator("main")).to_contain_text(house.hall.name)
    for more in ("contact/", "write/", "decision/"):
        assert operator.page.request.get(operator.url + more).status in (403, 405)


def test_the_approver_reviews_the_copy_gives_an_answer_back_and_sends_the_next(
    house: House, screens: Screens
) -> None:
    row = colleagues.asks(house).request
    colleagues.recognises(house, row)
    redaction = colleagues.redacts(house, row)
    approver = Approver(house, screens, screens.enter(house.people["approver"]), row)
    approver.reviews(redaction)
    refusal = colleagues.proposes(house, row, "refused", grounds=["harm"], text=WHY)
    approver.gives_it_back(refusal, "ほかの方は隠してあります。")
    granted = colleagues.proposes(house, row, "granted", redactions=[redaction])
    approver.approves(granted)
    assert (again(row).state, row.deliveries.count()) == ("decided", 1)


def test_the_auditor_reads_the_story_when_all_of_it_is_over(
    house: House, screens: Screens, tmp_path: Path
) -> None:
    row = colleagues.asks(house).request
    colleagues.writes(house, row)
    colleagues.recognises(house, row)
    colleagues.fetches(colleagues.grants(house, row))
    everything_expires(house, row, tmp_path)
    reads_the_story(Auditor(house, screens, screens.enter(house.people["auditor"]), row))


def test_a_guardian_is_refused_objects_and_is_given_it_by_somebody_else(
    house: House, screens: Screens, tmp_path: Path
) -> None:
    subject = Subject(house, screens, screens.phone())
    receipt = subject.files(house.asked.starts_at, whom="guardian")
    row = request_of(receipt)
    subject.shows_who_they_are(tmp_path, papers=2)
    officer = Officer(house, screens, screens.enter(house.people["officer"]), row)
    officer.recognises_by_papers()
    colleagues.approves(house, officer.proposes("refused", text=WHY, ground="harm"))

    subject.reads_the_answer("refused")
    expect(subject.page.locator("main")).to_contain_text(WHY)
    subject.objects(OBJECTION)
    house.time.go_on(40 * DAY)
    assert (house.there(house.asked), house.there(house.unasked)) == (True, False)
    redaction = colleagues.redacts(house, row)
    colleagues.reviews(house, redaction)
    granted = officer.proposes("granted", copies=1)
    first = Approver(house, screens, screens.enter(house.people["approver"]), row)
    first.cannot_approve(granted)
    second = Approver(house, screens, screens.enter(house.people["second"]), row)
    second.approves(granted)
    subject.comes_back(receipt)
    subject.reads_the_answer("granted")


def test_somebody_without_an_address_is_shown_it_at_the_station(house: House, screens: Screens) -> None:
    subject = Subject(house, screens, screens.phone())
    receipt = subject.files(house.asked.starts_at, email="")
    row = request_of(receipt)
    colleagues.recognises(house, row)
    colleagues.grants(house, row)
    officer = Officer(house, screens, screens.enter(house.people["officer"]), row)
    day = (clock.now() + 2 * DAY).astimezone(ZoneInfo(row.site.time_zone)).replace(hour=15, minute=0)
    officer.proposes_a_visit(day)
    subject.agrees_to_the_visit()
    house.time.go_on(2 * DAY)
    officer.shows_it_here()
    visit = Appointment.objects.get()
    assert (visit.state, visit.signed, visit.supervised_by) == ("kept", True, house.people["officer"])
    assert row.acts.filter(kind="shown").exists()
    subject.comes_back(receipt)
    subject.reads_the_answer("granted")
    subject.follow("main a[href*='/portal/result/'] >> nth=0")
    expect(subject.page.locator("#code")).to_be_visible()
    subject.sees("no-address")
