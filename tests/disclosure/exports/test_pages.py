"""The pages of exports: asked for with a form, decided with everything in sight and the password again."""

import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo

import pytest
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.test import Client

from cctv.core import clock
from cctv.core.ids import new_id
from cctv.disclosure.cases.models import Case
from cctv.disclosure.exports import checks, details, selectors
from cctv.disclosure.exports.details import Details
from cctv.disclosure.exports.models import Export, ExportState, Urgency
from cctv.footage.models import ViewedSpan, ViewingSession
from cctv.people.policy import permissions_of
from tests.disclosure.exports.conftest import Desk
from tests.footage.conftest import SEGMENT_S

pytestmark = pytest.mark.django_db(databases=["default", "log"])

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def form(desk: Desk, **changes: Any) -> dict[str, Any]:
    """What a browser sends."""
    start = desk.room.starts_at.astimezone(ZoneInfo(desk.room.site.time_zone))
    end = start + timedelta(seconds=SEGMENT_S)
    return {
        "token": str(new_id()), "case": "", "case_title": "Pallets missing", "recipient_kind": "police",
        "recipient": "Mapo police", "person": "Inspector Han", "contact": "", "ground": "law",
        "document": "2026-5512", "purpose": "crime-prevention", "purpose_text": "", "language": "ko",
        "keep_days": "7", "why_no_consent": "", "span-TOTAL_FORMS": "1", "span-INITIAL_FORMS": "1",
        "span-0-camera": "gate", "span-0-starts": f"{start:%Y-%m-%dT%H:%M:%S}",
        "span-0-ends": f"{end:%Y-%m-%dT%H:%M:%S}", "span-0-form": "native", "span-0-redaction": "", **changes,
    }  # fmt: skip


def send(client: Client, **data: Any) -> Any:
    return client.post("/exports/new/seoul/", data)


def decide(client: Client, export: Export, verdict: str, **more: Any) -> Any:
    seen = client.get(f"/exports/{export.number}/").context["seen"]
    return client.post(
        f"/exports/{export.number}/decide/",
        {"verdict": verdict, "seen": seen, "remark": "look again", **more},
    )


def test_the_form_opens_a_case_keeps_the_letter_and_asks(desk: Desk) -> None:
    client = desk.client(desk.operator)
    upload = SimpleUploadedFile("warrant.pdf", PDF, "application/pdf")
    answer = send(client, **form(desk), upload=upload)

    export = Export.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/exports/{export.number}/")
    assert (export.state, export.language, export.case.title) == ("asked", "ko", "Pallets missing")
    assert export.letter is not None
    assert (export.letter.document_number, export.letter.case) == ("2026-5512", export.case)
    known = details.read(export)
    assert known is not None
    assert known.person == "Inspector Han"


def test_what_is_refused_writes_nothing_and_says_why_beside_the_field(desk: Desk) -> None:
    client = desk.client(desk.operator)
    page = send(client, **form(desk, person=""))
    assert page.status_code == 400
    assert {"person", "upload"} <= set(page.context["form"].errors)
    assert (Export.objects.count(), Case.objects.count()) == (0, 1)
    later = f"{clock.now() + timedelta(days=2):%Y-%m-%dT%H:%M:%S}"
    page = send(client, **form(desk, **{"span-0-ends": later, "ground": "safety"}))
    assert page.context["form"].non_field_errors()
    assert (Export.objects.count(), Case.objects.count()) == (0, 1)


def test_another_span_keeps_what_was_typed(desk: Desk) -> None:
    page = send(desk.client(desk.operator), **form(desk, more="1", recipient="Naru-gu police"))
    assert page.context["form"].initial["recipient"] == "Naru-gu police"
    assert [row["camera"].value() for row in page.context["rows"]] == ["gate", ""]


def test_from_a_viewing_its_cameras_span_and_purpose_are_filled_in(desk: Desk) -> None:
    session = desk.room.open(desk.room.gate, desk.room.yard, case=desk.case.number)
    page = desk.client(desk.operator).get(f"/exports/new/seoul/?viewing={session.pk}")
    assert [row["camera"].value() for row in page.context["rows"]] == ["gate", "yard"]
    assert page.context["form"].initial["purpose"] == desk.room.purpose.code
    assert page.context["form"].initial["case"] == desk.case.number


def test_player_and_timeline_lead_to_a_case(desk: Desk) -> None:
    session, client = desk.room.open(desk.room.gate), desk.client(desk.operator)
    assert (
        f'href="/sites/seoul/case/?viewing={session.pk}"'
        in client.get(f"/viewings/{session.pk}/").content.decode()
    )
    assert 'formaction="/sites/seoul/case/"' in client.get("/sites/seoul/").content.decode()


def test_glass_is_broken_with_the_password_again(desk: Desk) -> None:
    data = form(desk, ground="vital", document="", why_no_consent="unknown", urgent="on",
                urgent_reason="a child is missing")  # fmt: skip
    asked = send(desk.client(desk.operator, fresh=False), **data)
    assert (asked.status_code, "reauthenticate" in asked["Location"]) == (302, True)
    assert Export.objects.count() == 0
    send(desk.client(desk.operator), **data)
    export = Export.objects.get()
    assert export.urgency == Urgency.WAITING
    page = desk.client(desk.approver).get(f"/exports/{export.number}/")
    assert page.context["decides_urgent"]
    assert "a child is missing" in page.content.decode()


def test_while_the_password_is_asked_for_nothing_of_persons_lies_open_in_the_session(desk: Desk) -> None:
    client = desk.client(desk.operator, fresh=False)
    asked = send(client, **form(
        desk, ground="vital", document="", why_no_consent="they lie in 한강", urgent="on", contact="02-1 & 2",
        urgent_reason="a child is missing",
    ))  # fmt: skip
    kept = unquote_plus(json.dumps(dict(client.session), default=str))
    assert "Mapo police" in kept
    for said in ("Inspector Han", "02-1", "they lie in", "a child"):
        assert said not in kept

    client.post(asked["Location"], {"password": "pw"})
    sealed = details.read(Export.objects.get())
    assert sealed == Details("Inspector Han", "02-1 & 2", "they lie in 한강", "a child is missing")


def test_what_was_sealed_with_another_form_is_asked_for_again(desk: Desk) -> None:
    client = desk.client(desk.operator, fresh=False)
    data = form(desk, ground="vital", document="", why_no_consent="x", urgent="on", urgent_reason="a child")
    send(client, **data)
    request = json.loads(client.session[STATE_SESSION_KEY]["request"])
    kept = dict(QueryDict(request["POST"]).items())
    for changes in ({"token": str(new_id())}, {"sealed": "no|such"}, {"sealed": "é|é"}):
        page = send(desk.client(desk.operator), **kept | changes)
        assert page.status_code == 400
        assert {"person", "urgent_reason"} & set(page.context["form"].errors)
    assert not Export.objects.exists()


def test_approving_and_rejecting_ask_for_the_password_again(desk: Desk) -> None:
    export = desk.ask()
    stale = desk.client(desk.approver, fresh=False)
    for verdict in ("approve", "reject"):
        assert "reauthenticate" in decide(stale, export, verdict)["Location"]
    export.refresh_from_db()
    assert export.state == ExportState.ASKED
    decide(desk.client(desk.approver), export, "approve")
    export.refresh_from_db()
    assert (export.state, desk.packaged) == (ExportState.APPROVED, [export.number])


def test_a_refusal_without_a_word_stays_on_the_page(desk: Desk) -> None:
    export = desk.ask()
    page = decide(desk.client(desk.approver), export, "reject", remark=" ")
    assert page.status_code == 400
    assert "Say why" in page.content.decode()


def test_the_inbox_counts_what_waits_for_this_person_and_nobody_else_s(desk: Desk) -> None:
    export, own = desk.ask(), desk.ask(actor=desk.approver)
    urgent = desk.urgent()
    waiting = list(selectors.waiting_for(desk.approver, permissions_of(desk.approver)))
    assert waiting == [urgent, export], "the urgent first, and nothing of one's own"
    # The holds of exports are decided on with them.
    assert selectors.count_waiting(desk.approver) == 2
    assert own in selectors.waiting_for(desk.officer, permissions_of(desk.officer))
    assert selectors.count_waiting(desk.stranger) == 0
    page = desk.client(desk.approver).get("/inbox/")
    assert [row.export for row in page.context["exports"]] == waiting


def test_the_requester_changes_what_was_asked_back(desk: Desk) -> None:
    export = desk.ask()
    decide(desk.client(desk.approver), export, "return")
    client = desk.client(desk.operator)
    page = client.get(f"/exports/{export.number}/edit/")
    assert page.context["form"].initial["person"] == "Inspector Han"
    assert "look again" in page.content.decode()
    data = form(desk, recipient="Mapo police, desk 9", letter=str(desk.letter.pk))
    assert client.post(f"/exports/{export.number}/edit/", data).status_code == 302
    export.refresh_from_db()
    assert (export.state, export.recipient) == (ExportState.ASKED, "Mapo police, desk 9")
    assert desk.client(desk.approver).get(f"/exports/{export.number}/edit/").status_code == 302


def test_who_decides_watches_exactly_what_is_asked_for_and_is_told_how_much(desk: Desk) -> None:
    export = desk.ask()
    client = desk.client(desk.approver)
    span = export.spans.get()
    answer = client.post(f"/exports/{export.number}/watch/", {"span": span.pk})
    session = ViewingSession.objects.get()
    assert answer["Location"] == f"/viewings/{session.pk}/"
    assert (session.starts_at, session.ends_at) == (span.starts_at, span.ends_at)
    assert (session.hold, session.purpose_text, session.case) == (span.hold, export.number, desk.case.number)
    assert [camera.code for camera in session.cameras.all()] == ["gate"]
    assert client.get(f"/viewings/{session.pk}/").status_code == 200
    assert desk.said("viewing.opened")[0]["actor"]["role"] == "approver"

    def watched() -> str:
        ticks = client.get(f"/exports/{export.number}/").context["ticks"]
        return str(ticks[-1].text)

    assert "not watched" in watched()
    ViewedSpan.objects.create(
        session=session, camera=span.camera, starts_at=span.starts_at, ends_at=span.ends_at, kind="video"
    )
    assert "8 s of 8 s" in watched()
    # Anywhere else an approver looks at nothing.
    assert client.get("/sites/seoul/view/?camera=gate").status_code == 403


def test_an_approver_cannot_open_a_viewing_without_the_hold_of_an_export(desk: Desk) -> None:
    from cctv.people.policy import Forbidden

    with pytest.raises(Forbidden):
        desk.room.open_as(desk.approver, desk.room.gate)


def test_the_page_says_what_is_missing_held_restricted_and_proven(desk: Desk) -> None:
    [span] = desk.wish().spans
    from dataclasses import replace

    longer = replace(span, ends_at=span.starts_at + timedelta(seconds=3 * SEGMENT_S + 60))
    export = desk.ask(wish=desk.wish(spans=[longer]))
    [facts] = checks.facts_of(export)
    assert (facts.state, round(facts.gap_seconds), facts.unheld) == ("gap", 60, 0)
    assert (facts.segments, facts.proven, facts.proven_after is not None) == (3, 0, True)

    with clock.pretend(clock.now() + timedelta(hours=2)):
        from cctv.ingest import hours

        hours.close_hours()
        [facts] = checks.facts_of(export)
    assert (facts.proven, facts.proven_after) == (3, None)


def test_packaging_that_stopped_is_said_and_tried_again(desk: Desk) -> None:
    export = desk.act("approve", desk.ask())
    Export.objects.update(error_code="packaging_failed", error="The store is full.", work_asked_at=None)
    client = desk.client(desk.operator)
    page = client.get(f"/exports/{export.number}/").content.decode()
    assert "The store is full." in page
    assert "It is not tried again by itself." in page
    # What is one of ours is said in the reader's language, whatever the worker's was.
    again = clock.now() + timedelta(hours=1)
    Export.objects.update(
        error_code="package_no_footage", error="x", work_asked_at=clock.now(), not_before=again
    )
    page = client.get(f"/exports/{export.number}/").content.decode()
    assert "nothing is recorded" in page
    assert "It is tried again by itself" in page
    client.post(f"/exports/{export.number}/again/")
    export.refresh_from_db()
    assert (export.error_code, export.work_asked_at is not None) == ("", True)
    assert client.get(f"/exports/{export.number}/progress.json").json() == {"work": True, "permille": 0}


@pytest.mark.parametrize("act", ["reject", "withdraw"])
def test_what_is_over_says_who_ended_it_and_why(desk: Desk, act: str) -> None:
    export = desk.act(act, desk.ask(), remark="the wrong camera")
    page = desk.client(desk.operator).get(f"/exports/{export.number}/")
    assert page.context["ended_by"].by == desk.approver
    assert page.content.decode().count("the wrong camera") == 2  # above the page, and in what happened


def test_who_decides_without_looking_gets_a_page_without_dead_links(desk: Desk) -> None:
    export = desk.ask()
    client = desk.client(desk.officer)
    page = client.get(f"/exports/{export.number}/")
    assert not page.context["watch"]["may"]
    said = [str(tick.text) for tick in page.context["ticks"]]
    assert not [text for text in said if "watched" in text]  # they may not
    # The main part alone: the rail is everybody's own.
    main = page.content.decode().split("<main", 1)[1].split("</main>")[0]
    links = set(re.findall(r'href="(/[^"#]*)"', main)) - {"/static"}
    assert links
    for link in links:
        assert client.get(link).status_code == 200, link


@pytest.mark.parametrize("state", ExportState)
def test_each_state_has_a_page_and_a_row(desk: Desk, state: ExportState) -> None:
    export = desk.ask()
    Export.objects.update(state=state, expires_at=clock.now() + timedelta(days=1))
    for account in (desk.operator, desk.approver):
        client = desk.client(account)
        assert client.get(f"/exports/{export.number}/").status_code == 200
        assert export.number in client.get("/exports/").content.decode()
