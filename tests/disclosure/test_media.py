"""Prints and media: numbered, handed over on a ground, taken back, destroyed before a witness."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.disclosure import details, services
from cctv.disclosure.errors import MediumElsewhere, PurposeOfMedium, WayUnfit, WitnessMissing
from cctv.disclosure.models import Medium, MediumState
from cctv.ledger.models import LedgerLine
from cctv.vault import rings
from cctv.vault import services as vault
from tests.people.cast import Cast, give_password

pytestmark = [
    pytest.mark.postgres_later,
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
    pytest.mark.usefixtures("vault_ready"),
]

DAY = timedelta(days=1)
TO_POLICE = {
    "recipient": "Mapo police station", "person": "Inspector Han", "contact": "02-000-0000", "ground": "law",
    "document": "warrant 2026-118",
}  # fmt: skip


def register(cast: Cast, kind: str = "usb", **more: Any) -> Medium:
    values = {
        "kind": kind,
        "description": "theft at the gate",
        "purpose": "claim",
        "case": "2026-118",
        **more,
    }
    return services.register_medium(actor=cast.operator, terminal="10.0.0.1", site=cast.seoul, values=values)


def hand_over(cast: Cast, medium: Medium, **more: Any) -> Medium:
    values: dict[str, Any] = {**TO_POLICE, **more}
    return services.hand_over(actor=cast.approver, terminal="10.0.0.1", medium=medium, **values)


def destroy(cast: Cast, medium: Medium, how: str = "crushed", **more: Any) -> Medium:
    values: dict[str, Any] = {"witness": cast.approver, **more}
    return services.destroy_medium(actor=cast.operator, terminal="10.0.0.1", medium=medium, how=how, **values)


def entries(kind: str) -> list[Any]:
    found = LogEntry.objects.using("log").filter(kind=kind).order_by("index")
    return [load_receipt(row.index).body for row in found]


def test_o22_a_medium_is_followed_from_its_making_to_its_destruction(cast: Cast) -> None:
    start = clock.now()
    medium = register(
        cast, serial="SN-7", camera=cast.gate, footage_from=start - DAY, footage_to=start, due_at=start + DAY
    )
    assert (medium.number, medium.state) == (f"M-{medium.year}-0001", MediumState.KEPT)

    away = hand_over(cast, medium, due_at=start + 7 * DAY)
    assert (away.state, away.due_at) == (MediumState.HANDED_OVER, start + 7 * DAY)
    back = services.take_back(actor=cast.operator, terminal="t", medium=away)
    assert (back.state, back.due_at) == (MediumState.RETURNED, None)
    gone = destroy(cast, hand_over(cast, back))
    assert (gone.state, gone.destroyed_by, gone.witness) == (
        MediumState.DESTROYED, cast.operator, cast.approver
    )  # fmt: skip

    acts = ("registered", "handed_over", "returned", "destroyed")
    assert [len(entries(f"medium.{act}")) for act in acts] == [1, 2, 1, 1]
    lines = LedgerLine.objects.order_by("sequence")
    assert [(line.kind, line.source) for line in lines] == [
        ("PROVIDE", f"medium {medium.number} provided 1"),
        ("PROVIDE", f"medium {medium.number} provided 2"),
        ("DESTROY", f"medium {medium.number} destroyed"),
    ]
    assert lines[0].recipient == "Mapo police station"
    assert "warrant 2026-118" in lines[0].ground


def test_who_took_it_is_sealed_and_stands_neither_in_the_row_nor_in_log_or_ledger(cast: Cast) -> None:
    medium = hand_over(cast, register(cast))
    known = details.read(medium)
    assert known is not None
    assert [row.person for row in known.handed] == ["Inspector Han"]
    assert b"Inspector" not in bytes(medium.details)
    assert "Inspector" not in str(entries("medium.handed_over"))
    assert "Inspector" not in str(LedgerLine.objects.values())

    vault.destroy_record_keys([medium.details_key_id])
    assert details.read(medium) is None
    assert not rings.records().has(medium.details_key_id)


def test_sealed_details_of_one_medium_do_not_open_for_another(cast: Cast) -> None:
    one, other = hand_over(cast, register(cast)), register(cast)
    other.details_key_id, other.details = one.details_key_id, one.details
    with pytest.raises(Exception, match=r"seal_broken|wrong_key"):
        details.read(other)


@pytest.mark.parametrize("how", ["erased", "crushed"])
def test_o19_prints_are_shredded_or_burnt(cast: Cast, how: str) -> None:
    medium = register(cast, "print")
    with pytest.raises(WayUnfit):
        destroy(cast, medium, how)
    assert destroy(cast, medium, "shredded").destroyed_how == "shredded"


def test_a_disc_cannot_be_erased_and_a_stick_can(cast: Cast) -> None:
    with pytest.raises(WayUnfit):
        destroy(cast, register(cast, "disc"), "erased")
    assert destroy(cast, register(cast, "usb"), "erased").state == MediumState.DESTROYED


def test_o19_somebody_else_has_to_witness(cast: Cast) -> None:
    medium = register(cast)
    for nobody in ({"witness": None}, {"witness": cast.operator}, {"witness": None, "witness_name": " "},
                   {"witness": None, "witness_name": cast.operator.name},
                   {"witness": None, "witness_name": "\u200b"}, {"witness": None, "witness_name": "-"},
                   {"witness": None, "witness_name": cast.operator.name.lower()},
                   {"witness": None, "witness_name": cast.operator.name.replace(" ", "\u2007")}):  # fmt: skip
        with pytest.raises(WitnessMissing):
            destroy(cast, medium, **nobody)
    assert not entries("medium.destroyed")
    gone = destroy(cast, medium, witness=None, witness_name="Choi of the shredding firm")
    known = details.read(gone)
    assert known is not None
    assert known.witness == "Choi of the shredding firm"


def test_nothing_is_done_twice_or_out_of_order(cast: Cast) -> None:
    medium = register(cast)
    with pytest.raises(MediumElsewhere):
        services.take_back(actor=cast.operator, terminal="t", medium=medium)
    hand_over(cast, medium)
    with pytest.raises(MediumElsewhere):
        hand_over(cast, medium)
    destroy(cast, medium)
    for again in (destroy, hand_over):
        with pytest.raises(MediumElsewhere):
            again(cast, medium)
    assert len(entries("medium.handed_over")) == len(entries("medium.destroyed")) == 1


def test_without_the_log_nothing_changes(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    medium = register(cast)

    def down(**_fields: Any) -> None:
        raise LogUnavailable("the log is down")

    with monkeypatch.context() as patch:
        patch.setattr(services, "append", down)
        for act in (lambda: hand_over(cast, medium), lambda: destroy(cast, medium), lambda: register(cast)):
            with pytest.raises(LogUnavailable):
                act()
    assert Medium.objects.get().state == MediumState.KEPT
    assert not LedgerLine.objects.exists()
    assert register(cast).sequence == 2, "the number of the refused one was not used up"


def test_the_footage_on_it_must_fit(cast: Cast) -> None:
    now = clock.now()
    for wrong in ({"camera": cast.mon}, {"footage_from": now}, {"footage_from": now, "footage_to": now}):
        with pytest.raises(PurposeOfMedium):
            register(cast, **wrong)
    assert not Medium.objects.exists()


# ------------------------------------------------------------------ pages


@pytest.fixture
def operator(client: Any, cast: Cast) -> Any:
    client.force_login(cast.operator)
    give_password(client, cast.operator)
    return client


@pytest.mark.parametrize(
    "wrong",
    [
        {"footage_from": "0001-01-01T00:00", "footage_to": "2026-03-01T10:05"},
        {"footage_from": "2026-03-01T10:00", "footage_to": "9999-12-31T23:59"},
        {"due": "9999-12-31"},
    ],
)
def test_a_day_out_of_reach_is_refused_in_words(operator: Any, cast: Cast, wrong: dict[str, str]) -> None:
    sent = {"site": cast.seoul.code, "kind": "print", "description": "x", "copies": "1", "purpose": "claim"}
    assert operator.post(reverse("medium-new"), sent | wrong).status_code == 400
    assert not Medium.objects.exists()


def test_the_pages_lead_through_the_whole_life(operator: Any, cast: Cast) -> None:
    new = operator.post(
        reverse("medium-new"),
        {
            "site": cast.seoul.code, "kind": "print", "description": "a still", "copies": "2",
            "purpose": "claim", "camera": cast.gate.code, "footage_from": "2026-03-01T10:00",
            "footage_to": "2026-03-01T10:05",
        },
    )  # fmt: skip
    assert new.status_code == 302, new.content.decode()[:3000]
    medium = Medium.objects.get()
    assert medium.footage_from is not None
    assert medium.footage_from.isoformat() == "2026-03-01T01:00:00+00:00", "the site's clocks"
    page = operator.get(reverse("medium", args=[medium.number])).content.decode()
    assert "Hand it over" in page
    assert "Take it back" not in page

    refused = operator.post(reverse("medium-hand-over", args=[medium.number]), TO_POLICE | {"document": ""})
    assert refused.status_code == 400
    assert "Name the warrant" in refused.content.decode()
    assert operator.post(reverse("medium-hand-over", args=[medium.number]), TO_POLICE).status_code == 302
    page = operator.get(reverse("medium", args=[medium.number])).content.decode()
    assert "Inspector Han" in page
    assert "Take it back" in page
    assert operator.post(reverse("medium-return", args=[medium.number]), {"due": ""}).status_code == 302

    destroy_url = reverse("medium-destroy", args=[medium.number])
    form = operator.get(destroy_url).content.decode()
    assert "erased" not in form
    assert cast.operator.name not in form.split("<form class")[1], "who destroys cannot be chosen as witness"
    alone = operator.post(destroy_url, {"how": "shredded"})
    assert alone.status_code == 400
    assert "Choose who saw it" in alone.content.decode()
    sent = {"how": "shredded", "witness": str(cast.approver.pk)}
    assert operator.post(destroy_url, sent).status_code == 302
    page = operator.get(reverse("medium", args=[medium.number])).content.decode()
    assert cast.approver.name in page
    assert "It was destroyed</a>" not in page


def test_the_password_is_asked_for_before_it_leaves_or_ends(client: Any, cast: Cast) -> None:
    medium = register(cast)
    client.force_login(cast.operator)
    for name in ("medium-hand-over", "medium-destroy"):
        answer = client.post(reverse(name, args=[medium.number]), TO_POLICE)
        assert answer.status_code == 302
        assert "reauthenticate" in answer["Location"]
    assert Medium.objects.get().state == MediumState.KEPT


def test_overdue_ones_come_first_and_are_counted(operator: Any, cast: Cast) -> None:
    register(cast, description="no day")
    register(cast, description="later", due_at=clock.now() + DAY)
    register(cast, description="too late", due_at=clock.now() - DAY)
    page = operator.get(reverse("media")).content.decode()
    assert "1 is overdue" in page
    assert page.index("too late") < page.index("later") < page.index("no day")
    assert "no day" not in operator.get(reverse("media"), {"q": "too"}).content.decode()


def test_invariant_8_media_of_other_sites_do_not_exist_for_the_reader(client: Any, cast: Cast) -> None:
    medium = register(cast)
    client.force_login(cast.osaka_operator)
    assert medium.number not in client.get(reverse("media")).content.decode()
    assert client.get(reverse("medium", args=[medium.number])).status_code == 404
    assert client.get(reverse("medium", args=["M-2026-9999"])).status_code == 404
