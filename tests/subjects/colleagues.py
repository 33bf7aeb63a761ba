"""What the others of the story do, by the services, while somebody's own part is walked in a browser."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

from cctv.footage.models import ViewingSession
from cctv.redaction import services as redactions
from cctv.redaction.models import Redaction, State
from cctv.redaction.rendering import work
from cctv.subjects.deciding import services as deciding
from cctv.subjects.deciding.models import Decision
from cctv.subjects.deciding.proposing import Proposal
from cctv.subjects.delivering import found, sending
from cctv.subjects.delivering import services as delivering
from cctv.subjects.desk import services as desk
from cctv.subjects.identity import asking, looking, papers, verdicts
from cctv.subjects.identity.models import CheckState, IdentityCheck
from cctv.subjects.requests import messages, receiving
from cctv.subjects.requests.details import Details
from cctv.subjects.requests.models import SubjectRequest
from cctv.subjects.requests.receiving import Draft, Received
from tests.footage.conftest import body_of
from tests.people.cast import give_password
from tests.redaction.test_browser_story import HEIGHT, WIDTH, where
from tests.subjects.house import House
from tests.subjects.identity.showing import photo
from tests.subjects.subject import EMAIL, LOOKS, NAME, QUESTION, REASON

PORTAL, DESK = "203.0.113.9", "127.0.0.1"
LENGTH = timedelta(seconds=3)


def asks(house: House, **changes: Any) -> Received:
    """The subject files, from a phone."""
    start = house.asked.starts_at
    values: dict[str, Any] = {
        "kind": "copy", "about": "person", "claimant": "self", "language": "ja", "site": house.room.site,
        "cameras": [house.hall], "starts_at": start, "ends_at": start + timedelta(minutes=10),
        "details": Details(name=NAME, email=EMAIL, looks=LOOKS, reason=REASON),
    }  # fmt: skip
    return receiving.receive(Draft(**(values | changes)), terminal=PORTAL, draft_id=uuid4())


def shows_papers(request: SubjectRequest) -> IdentityCheck:
    """The subject sends pictures of what is wanted."""
    check = asking.ask(request, "document", terminal=PORTAL)
    for part in papers.wanted(check):
        papers.take(check, part, [photo()], terminal=PORTAL)
    asking.finish(check, terminal=PORTAL)
    return check


def recognises(house: House, request: SubjectRequest) -> None:
    """The officer looks at what was sent, or is sent now, and it is them."""
    check = asking.open_check(request)
    if check is None or check.state != CheckState.SHOWN:
        check = shows_papers(request)
    for paper in check.papers.select_related("check_row__request__site"):
        looking.look(paper, actor=house.people["officer"], terminal=DESK)
    verdicts.verify(check, actor=house.people["officer"], terminal=DESK)
    request.refresh_from_db()


def redacts(house: House, request: SubjectRequest) -> Redaction:
    """The operator finds them and makes a copy; the computer renders it; it waits for review."""
    session = found.open_viewing(request, actor=house.operator, terminal=DESK)
    start = house.asked.starts_at
    made = redactions.begin(
        session=session, camera=house.hall, starts_at=start, ends_at=start + LENGTH, mode="reveal",
        subject_kind="person",
    )  # fmt: skip
    work.work_due()
    x, y, w, h = where("him", 0)
    box = [x / WIDTH, y / HEIGHT, w / WIDTH, h / HEIGHT]
    _post(house, made, session, "edits.json", kind="subject", body={"frame": 0, "box": box})
    _post(house, made, session, "submit.json")
    work.work_due()
    made.refresh_from_db()
    assert (made.state, made.error) == (State.REVIEW, "")
    return made


def _post(house: House, made: Redaction, session: ViewingSession, name: str, **body: Any) -> None:
    made.refresh_from_db()
    answer = house.room.client(house.operator).post(
        f"/redactions/{made.number}/{name}?viewing={session.pk}",
        json.dumps({"revision": made.revision, **body}), content_type="application/json",
        HTTP_ACCEPT="application/json",
    )  # fmt: skip
    assert answer.status_code == 200, answer.content


def reviews(house: House, redaction: Redaction) -> None:
    """The approver looks at all of it, and approves the file."""
    client = house.room.client(house.people["approver"])
    give_password(client, house.people["approver"])
    base = f"/redactions/{redaction.number}"
    keys = [row["moment"].key for row in client.get(f"{base}/review/").context["rows"]]
    listed = client.get(f"{base}/result/index.m3u8").content.decode().splitlines()
    for address in (line for line in listed if line and not line.startswith("#")):
        assert body_of(client.get(address))
    assert client.post(
        f"{base}/review/moments.json", json.dumps({"keys": keys}), content_type="application/json"
    ).status_code == 200  # fmt: skip
    decided = client.post(f"{base}/review/decide/", {"verdict": "approve", "remark": ""})
    assert decided.status_code == 302
    redaction.refresh_from_db()
    assert redaction.state == State.APPROVED


def proposes(house: House, request: SubjectRequest, outcome: str, **words: Any) -> Decision:
    """The officer."""
    request.refresh_from_db()
    proposal = Proposal(outcome=outcome, **words)
    return deciding.propose(
        request, proposal, actor=house.people["officer"], terminal=DESK, decision_id=uuid4()
    )


def approves(house: House, decision: Decision, *, who: str = "approver") -> None:
    """Somebody else."""
    decision.refresh_from_db()
    deciding.approve(
        decision, actor=house.people[who], terminal=DESK, seen=deciding.seen_of(decision)
    )  # fmt: skip


def grants(house: House, request: SubjectRequest) -> Decision:
    """From looking for it to the answer."""
    redaction = redacts(house, request)
    reviews(house, redaction)
    decision = proposes(house, request, "granted", redactions=[redaction])
    approves(house, decision)
    return decision


def gives_back(house: House, decision: Decision, remark: str) -> None:
    """The approver, with a word."""
    deciding.give_back(decision, actor=house.people["approver"], terminal=DESK, remark=remark)


def writes(house: House, request: SubjectRequest) -> None:
    """A question, an assignment, the first reply."""
    officer = house.people["officer"]
    messages.add(request, QUESTION, terminal=PORTAL)
    desk.assign(request, officer, actor=officer, terminal=DESK)
    desk.write(request, "ただいまお調べしております。", template="first", actor=officer, terminal=DESK)


def fetches(decision: Decision) -> None:
    """The subject, with a code from the post."""
    delivery = delivering.deliveries().get(decision=decision)
    delivering.send_code(delivery)
    begun = sending.begin(delivery, uuid4())
    assert b"".join(sending.send(delivery, begun).pieces)
