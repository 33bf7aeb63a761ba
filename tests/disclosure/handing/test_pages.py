"""The office's pages: what is shown once, onto a medium with its receipt, and who may."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from cctv.disclosure.handing import sending, services
from cctv.disclosure.handing.models import HandOver, Sending
from cctv.disclosure.models import Medium, MediumState
from cctv.ledger.models import LedgerLine
from tests.core import pdftext
from tests.disclosure.handing.conftest import Ready, entries, opened, taken, unpacked
from tests.people.cast import give_password

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.usefixtures("vault_ready"),
]
LINK = {"person": "Inspector Han", "contact": "", "sealing": "plain", "open_days": "3", "downloads": "1"}
STICK = {"person": "Inspector Han", "contact": "", "sealing": "plain", "kind": "usb", "serial": "SN-77"}


@pytest.fixture
def desk(ready: Ready) -> Client:
    return signed_in(ready, "operator")


def signed_in(ready: Ready, who: str) -> Client:
    client = Client()
    account = ready.cast.people[who]
    client.force_login(account)
    give_password(client, account)
    return client


def at(ready: Ready, name: str, *more: Any) -> str:
    return reverse(name, args=[ready.export.number, *more])


def shown(answer: Any, secret: str) -> str:
    found = re.search(rf'data-secret="{secret}">([^<]+)<', answer.content.decode())
    assert found, answer.content[:3000]
    return found[1]


def test_a_link_is_shown_once_and_a_second_sending_of_the_form_shows_nothing(
    ready: Ready, desk: Client
) -> None:
    form = {**LINK, "attempt": str(uuid4())}
    answer = desk.post(at(ready, "handing-link"), form)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    path = re.sub(r"^https?://[^/]+", "", shown(answer, "link"))
    code = shown(answer, "code")
    again = desk.post(at(ready, "handing-link"), form)
    assert again.status_code == 302
    assert HandOver.objects.count() == 1
    assert Client().post(path, {"code": code}).status_code == 302
    page = desk.get(at(ready, "handing-copy", 1)).content.decode()
    assert "Inspector Han" in page
    assert code not in page


def test_a_bad_age_key_is_said_at_its_field(ready: Ready, desk: Client) -> None:
    answer = desk.post(at(ready, "handing-link"), {**LINK, "attempt": str(uuid4()), "sealing": "age"})
    assert answer.status_code == 400
    assert b"This is not the public key of an age identity." in answer.content
    assert not HandOver.objects.exists()


def test_without_a_fresh_password_nothing_is_made(ready: Ready) -> None:
    client = Client()
    client.force_login(ready.cast.operator)
    answer = client.post(at(ready, "handing-link"), {**LINK, "attempt": str(uuid4())})
    assert "/accounts/reauthenticate/" in answer.headers["Location"]
    assert not HandOver.objects.exists()


def test_o22_a_copy_goes_onto_a_registered_medium_with_a_receipt(ready: Ready, desk: Client) -> None:
    answer = desk.post(at(ready, "handing-medium"), {**STICK, "attempt": str(uuid4())})
    assert answer.headers["Location"] == at(ready, "handing-copy", 1)
    medium = Medium.objects.get()
    assert (medium.serial, medium.case, medium.state) == ("SN-77", "C-2026-0001", MediumState.KEPT)
    assert desk.post(at(ready, "handing-give", 1)).status_code == 409  # nothing is on it yet

    data = taken(desk.get(at(ready, "handing-package", 1)))
    assert unpacked(data) == ready.content
    said = entries("export.sent")
    assert {(each["actor"]["id"], each["medium"]) for each in said} == {
        (str(ready.cast.operator.pk), medium.number)
    }
    assert not LedgerLine.objects.exists()
    assert desk.get(at(ready, "handing-package", 1)).status_code == 410

    assert desk.post(at(ready, "handing-give", 1)).status_code == 302
    line = LedgerLine.objects.get()
    assert (line.kind, line.source) == ("PROVIDE", "export E-2026-0001 copy 1")
    assert medium.number in line.provided_as
    medium.refresh_from_db()
    assert medium.state == MediumState.HANDED_OVER
    assert desk.post(at(ready, "handing-received", 1)).status_code == 302
    assert entries("export.received")[0]["actor"]["role"] == "operator"

    for language, word in (("ko", "E-2026-0001"), ("ja", "SN-77"), ("en", "Inspector Han")):
        answer = desk.get(at(ready, "handing-receipt", 1, language))
        text = pdftext.text(answer.content)
        assert word in text
        assert ready.export.package["sha256"][:20] in text.replace("\n", "")


def test_nobody_else_writes_the_copy_onto_the_medium(ready: Ready, desk: Client) -> None:
    desk.post(at(ready, "handing-medium"), {**STICK, "attempt": str(uuid4())})
    assert signed_in(ready, "approver").get(at(ready, "handing-package", 1)).status_code == 403
    assert signed_in(ready, "osaka_operator").get(at(ready, "handing-package", 1)).status_code == 404
    assert signed_in(ready, "auditor").get(at(ready, "handing-package", 1)).status_code == 403
    assert not Sending.objects.exists()


def test_a_link_that_is_ended_stops_and_its_page_says_so(ready: Ready, desk: Client) -> None:
    made = ready.link()
    client = opened(Client(), made)
    assert desk.post(at(ready, "handing-end", 1)).status_code == 302
    assert client.get(f"/d/{made.token}/").status_code == 404
    assert "ended" in desk.get(at(ready, "handing-copy", 1)).content.decode()


def test_the_list_says_who_when_and_how_often(ready: Ready) -> None:
    from cctv.disclosure.handing.selectors import for_export
    from cctv.people.policy import permissions_of

    made = ready.link(downloads=2)
    out = sending.send(services.find(made.token), grant=uuid4(), terminal="192.0.2.7")
    b"".join(out.pieces)
    found = for_export(ready.export, permissions_of(ready.cast.operator))
    (copy,) = found["copies"]
    assert (copy.person, copy.whole, copy.state, found["may_hand"]) == ("Inspector Han", 1, "open", True)
    assert [each.terminal for each in copy.sendings] == ["192.0.2.7"]
    assert not for_export(ready.export, permissions_of(ready.cast.auditor))["may_hand"]
