"""What moved is told in a viewing alone: after its entry, of what has not ended; at rest it is sealed."""

import base64
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from accesslog.errors import LogUnavailable
from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.footage import sealed, viewing
from cctv.footage.models import CloseReason, Segment, ViewingSession
from cctv.footage.motion import facts, reading, services
from cctv.footage.restrictions.models import Restriction
from cctv.footage.thumbnails import make_thumbnails
from cctv.footage.viewings import entries
from cctv.people.models import RoleGrant
from cctv.vault import keyfile, rings
from cctv.vault.errors import KeyMissing
from cctv.vault.sealing import WrongKey, open_bytes
from tests.footage.conftest import Room
from tests.footage.motion.conftest import SHOWN_S

pytestmark = pytest.mark.django_db(databases=["default", "log"])
JSON = {"Accept": "application/json"}
MOMENT = timedelta(seconds=1)


def address(session: ViewingSession, what: str, camera: str = "yard") -> str:
    return f"/viewings/{session.pk}/{camera}/{what}.json"


def span_of(room: Room, first: float = 0, last: float = 60) -> dict[str, int]:
    start = reading.ms(room.starts_at)
    return {"from": start + round(1000 * first), "to": start + round(1000 * last)}


def strip(room: Room, session: ViewingSession, **changes: Any) -> Any:
    return room.client(room.operator).get(
        address(session, "motion"), {**span_of(room), "px": 60, **changes}, headers=JSON
    )


def search(room: Room, session: ViewingSession, region: Any = (), **changes: Any) -> Any:
    fields = {**span_of(room), "region": json.dumps(region), **changes}
    return room.client(room.operator).post(address(session, "search"), fields, headers=JSON)


def kinds() -> list[str]:
    return list(LogEntry.objects.order_by("index").values_list("kind", flat=True))


def body_of(kind: str) -> dict[str, Any]:
    index = LogEntry.objects.filter(kind=kind).order_by("-index").values_list("index", flat=True)[0]
    return dict(load_receipt(index).body)


@pytest.mark.both_databases
def test_the_strip_says_which_seconds_something_moved(told: Room) -> None:
    session = told.open(told.yard)
    answer = strip(told, session)
    assert answer.status_code == 200, answer.content
    assert "no-store" in answer["Cache-Control"]
    said = answer.json()
    levels = base64.b64decode(said["levels"])
    assert (said["from"], said["step_ms"], said["missing_ms"]) == (span_of(told)["from"], 1000, 0)
    assert [place for place, level in enumerate(levels) if level] == list(range(*SHOWN_S))
    body = body_of("motion.covered")
    assert (body["camera"]["code"], body["from"], body["to"]) == (
        "yard",
        clock.rfc3339(session.starts_at),
        clock.rfc3339(session.ends_at),
    )
    for first in range(5):
        assert strip(told, session, **span_of(told, first, first + 20)).status_code == 200
    assert kinds().count("motion.covered") == 1, "panning about writes no further entries"


@pytest.mark.both_databases
def test_a_search_finds_the_square_in_its_region_and_nowhere_else(told: Room) -> None:
    session = told.open(told.yard)
    start = span_of(told)["from"]
    inside = search(told, session, [[8, 4], [9, 4], [8, 5], [9, 5]]).json()
    (found,) = inside["found"]
    assert (found["from"], found["to"]) == (start + 1000 * SHOWN_S[0], start + 1000 * SHOWN_S[1])
    assert found["from"] <= found["peak"] < found["to"]
    assert 0 < found["score"] <= 255
    assert (inside["searched_ms"], inside["missing_ms"], inside["left_out"]) == (18_000, 0, 0)
    entry = load_receipt(inside["entry"])
    assert entry.kind == "motion.searched"
    assert entry.body["region"] == "I5–J6"
    assert search(told, session, [[0.0, 0.0], [0.4, 0.0], [0.4, 1.0], [0.0, 1.0]]).json()["found"] == []
    assert len(search(told, session).json()["found"]) == 1
    assert kinds().count("motion.searched") == 3, "each search is an entry of its own"


def test_only_what_lies_inside_the_viewing_is_told(told: Room) -> None:
    session = told.open(told.yard, seconds=SHOWN_S[0] + 1)
    assert search(told, session).json()["found"][0]["to"] == span_of(told, 0, SHOWN_S[0] + 1)["to"]
    wide = strip(told, session, **{"from": 0, "to": span_of(told)["to"] + 10**9}).json()
    assert wide["to"] <= span_of(told, 0, SHOWN_S[0] + 1)["to"]
    assert strip(told, session, **span_of(told, 30, 60)).status_code == 400
    assert body_of("motion.searched")["to"] == clock.rfc3339(session.ends_at)


def test_a_strip_of_days_is_covered_day_by_day_and_only_where_there_is_something(told: Room) -> None:
    session = told.open(told.yard)
    ViewingSession.objects.filter(pk=session.pk).update(starts_at=session.starts_at - timedelta(hours=30))
    before = span_of(told)
    assert strip(told, session, **{"from": before["from"] - 30 * 3_600_000}).status_code == 200
    assert kinds().count("motion.covered") == 1, "on the first day nothing was recorded"
    start = clock.parse_rfc3339(body_of("motion.covered")["from"])
    assert start == session.starts_at - timedelta(hours=6)


def test_a_long_span_is_read_in_pieces_and_told_as_one(told: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    session = told.open(told.yard)
    whole, levels = search(told, session).json(), strip(told, session).json()
    monkeypatch.setattr(services, "DAY", timedelta(seconds=8.5))
    pieces = search(told, session).json()
    assert {**pieces, "entry": 0} == {**whole, "entry": 0}
    assert len(pieces["found"]) == 1
    assert strip(told, session).json() == levels


def test_what_is_not_looked_at_yet_is_said_to_be_missing(told: Room) -> None:
    session = told.open(told.yard)
    first, second, _third = Segment.objects.order_by("starts_at")
    Segment.objects.filter(pk=first.pk).update(motion=None)
    Segment.objects.filter(pk=second.pk).update(motion=b"")
    said = search(told, session).json()
    assert (said["found"], said["searched_ms"], said["missing_ms"]) == ([], 6000, 12_000)
    assert strip(told, session).json()["missing_ms"] == 12_000
    assert make_thumbnails() == 1, "what could not be told is not tried again"
    assert search(told, session).json()["missing_ms"] == 6000


def test_of_a_masked_part_of_the_picture_nothing_is_told(told: Room) -> None:
    session = told.open(told.yard)
    told.yard.privacy_masks = [[[0.45, 0.35], [0.75, 0.35], [0.75, 0.85], [0.45, 0.85]]]
    told.yard.save(update_fields=["privacy_masks"])
    assert not any(base64.b64decode(strip(told, session).json()["levels"]))
    assert search(told, session).json()["found"] == []
    refused = search(told, session, [[9, 5]])
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "motion_refused")


def test_restricted_time_is_left_out(told: Room) -> None:
    session = told.open(told.yard)
    restriction = Restriction.objects.create(
        site=told.site, ground="dispute", reason="x", placed_by=told.operator,
        starts_at=told.starts_at + timedelta(seconds=SHOWN_S[0]),
        ends_at=told.starts_at + timedelta(seconds=SHOWN_S[0] + 1),
    )  # fmt: skip
    restriction.cameras.add(told.yard)
    (found,) = search(told, session).json()["found"]
    assert found["from"] == span_of(told, SHOWN_S[0] + 1)["from"]
    levels = base64.b64decode(strip(told, session).json()["levels"])
    assert [place for place, level in enumerate(levels) if level] == [SHOWN_S[0] + 1]


NO_QUESTIONS = [
    ("motion", {"from": "x"}),
    ("motion", {"to": "-5"}),
    ("motion", {"from": "9" * 14}),
    ("motion", {"px": "many"}),
    ("search", {"region": "[[99,0]]"}),
    ("search", {"region": "not json"}),
    ("search", {"region": "[" * 5000}),
    ("search", {"region": '{"polygon": [[1e400, 0], [0, 1], [1, 1]]}'}),
    ("search", {"region": '{"polygon": [[' + "9" * 400 + ", 0], [0, 1], [1, 1]]}"}),
    ("search", {"to": ""}),
]


def test_what_is_no_question_is_refused_and_not_logged(room: Room) -> None:
    session = room.open(room.yard)
    client = room.client(room.operator)
    for what, fields in NO_QUESTIONS:
        asked = {**{name: str(value) for name, value in span_of(room).items()}, **fields}
        ask = client.get if what == "motion" else client.post
        answer = ask(address(session, what), asked, headers=JSON)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "motion_refused"), fields
    assert not {"motion.covered", "motion.searched"} & set(kinds())


def test_another_camera_terminal_person_or_a_closed_viewing_is_told_nothing(told: Room) -> None:
    session = told.open(told.yard)
    RoleGrant.objects.create(account=told.elsewhere, role="operator", site=told.site)

    def asked(client: Client, camera: str = "yard", **options: Any) -> set[tuple[int, str]]:
        answers = [
            client.get(address(session, "motion", camera), span_of(told), headers=JSON, **options),
            client.post(address(session, "search", camera), span_of(told), headers=JSON, **options),
        ]
        return {(answer.status_code, answer.json()["error"]["code"]) for answer in answers}

    mine = told.client(told.operator)
    assert asked(mine, "gate") == {(403, "outside_viewing")}
    assert asked(mine, REMOTE_ADDR="10.0.0.8") == {(403, "other_terminal")}
    assert {status for status, _code in asked(told.client(told.elsewhere))} == {404}
    assert {status for status, _code in asked(told.client(told.administrator))} == {403}
    viewing.close_viewing(session, reason=CloseReason.USER)
    assert asked(mine) == {(403, "viewing_closed")}
    assert not {"motion.covered", "motion.searched"} & set(kinds())


def test_a_viewing_that_closes_while_facts_are_opened_is_told_nothing(
    told: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = told.open(told.yard)
    real = reading.opened

    def closed_meanwhile(*given: Any) -> facts.Seconds:
        seconds = real(*given)
        viewing.close_viewing(ViewingSession.objects.get(pk=session.pk), reason=CloseReason.USER)
        return seconds

    monkeypatch.setattr(reading, "opened", closed_meanwhile)
    answer = search(told, session)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "viewing_closed")


def test_invariant_1_no_motion_without_an_entry_when_the_log_is_down(
    told: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = told.open(told.yard)
    opened: list[Any] = []

    def down(**_: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr(entries, "append", down)
    monkeypatch.setattr(sealed, "facts_for_person", lambda *given, **_: opened.append(given))
    for answer in (strip(told, session), search(told, session)):
        assert answer.status_code == 503
        assert "levels" not in answer.json()
        assert "found" not in answer.json()
    assert not opened


def test_invariant_1_the_entry_is_durable_before_a_fact_is_opened(
    told: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = told.open(told.yard)
    real, logged = sealed.facts_for_person, []

    def noting(*given: Any, **named: Any) -> Any:
        logged.append(kinds()[-1])
        return real(*given, **named)

    monkeypatch.setattr(sealed, "facts_for_person", noting)
    strip(told, session)
    search(told, session)
    assert logged == ["motion.covered", "motion.searched"]


def test_invariant_2_the_register_holds_no_clear_facts(told: Room) -> None:
    segment = Segment.objects.select_related("epoch").order_by("starts_at")[1]
    key = keyfile.unwrap_key(rings.footage().get(segment.epoch.key_id), bytes(segment.wrapped_key))
    clear = open_bytes(key, f"lethe/1/{segment.pk}/motion".encode(), bytes(segment.motion or b""))
    levels, intensity, _known = facts.decode(clear)
    assert levels.any()
    with connection.cursor() as cursor:
        cursor.execute("SELECT motion FROM cctv_segment")
        columns = [bytes(row[0]) for row in cursor.fetchall()]
    assert len(columns) == 3
    for column in columns:
        assert clear[3:] not in column
        assert intensity.tobytes() not in column
    with pytest.raises(WrongKey):
        open_bytes(key, f"lethe/1/{uuid4()}/motion".encode(), bytes(segment.motion or b""))


def test_invariant_3_what_has_expired_is_told_nothing_of_without_any_purge(told: Room) -> None:
    session = told.open(told.yard)
    shown = Segment.objects.order_by("starts_at")[1]
    Segment.objects.filter(pk=shown.pk).update(
        expires_at=clock.now(), ends_at=shown.starts_at + timedelta(1e-5)
    )
    said = search(told, session).json()
    assert (said["found"], said["searched_ms"], said["missing_ms"]) == ([], 12_000, 0)
    assert not any(base64.b64decode(strip(told, session).json()["levels"]))


def test_invariant_3_what_expires_between_the_question_and_its_opening_stays_shut(
    told: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = told.open(told.yard)
    real = reading.rows_of

    def ended_meanwhile(*given: Any) -> list[reading.Row]:
        return [row._replace(expires_at=clock.now()) for row in real(*given)]

    monkeypatch.setattr(reading, "rows_of", ended_meanwhile)
    said = search(told, session).json()
    assert (said["found"], said["searched_ms"], said["missing_ms"]) == ([], 0, 18_000)


def test_invariant_4_after_the_keys_end_an_old_copy_of_the_register_opens_nothing(told: Room) -> None:
    session = told.open(told.yard)
    old: list[Segment] = list(Segment.objects.select_related("epoch", "camera").order_by("starts_at"))
    receipt = viewing.cover(
        session, camera=told.yard, start=session.starts_at, end=session.ends_at, kind="motion.covered"
    )

    def told_again(segment: Segment) -> bytes:
        span = (segment.starts_at, segment.ends_at)
        one = sealed.for_person(receipt, segment, session=session, span=span)
        return one.fact(sealed.MOTION, bytes(segment.motion or b""))

    assert told_again(old[1])
    rings.footage().remove_and_ratchet({segment.epoch.key_id for segment in old})
    with pytest.raises(KeyMissing):
        told_again(old[1])
    rows = [
        reading.Row(
            each.pk, each.starts_at, each.ends_at, each.expires_at,
            bytes(each.motion or b""), bytes(each.wrapped_key), each.epoch.key_id,
        )
        for each in old
    ]  # fmt: skip
    span = (session.starts_at, session.ends_at)
    assert not len(reading.opened(receipt, session, told.yard, rows, span))


def test_a_long_list_of_findings_keeps_those_with_most_motion() -> None:
    many = [facts.Stretch(5000 * n, 5000 * n + 1000, 5000 * n, 1 + n % 200) for n in range(1500)]
    kept, left_out = services._best(many)
    assert (len(kept), left_out) == (1000, 500)
    assert [each.start for each in kept] == sorted(each.start for each in kept)
    assert min(each.score for each in kept) >= max(each.score for each in set(many) - set(kept))


def restrict(room: Room, first: float, last: float) -> Restriction:
    restriction = Restriction.objects.create(
        site=room.site, ground="dispute", reason="x", placed_by=room.operator,
        starts_at=room.starts_at + timedelta(seconds=first), ends_at=room.starts_at + timedelta(seconds=last),
    )  # fmt: skip
    restriction.cameras.add(room.yard)
    return restriction


def test_what_is_restricted_while_other_days_are_opened_is_left_out(
    told: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "DAY", timedelta(seconds=SHOWN_S[1] + 1))
    session, real = told.open(told.yard), reading.opened
    placed: list[Restriction] = []

    def restricted_meanwhile(*given: Any) -> facts.Seconds:
        if given[-1][0] > session.starts_at and not placed:
            placed.append(restrict(told, SHOWN_S[0], SHOWN_S[0] + 1))
        return real(*given)

    monkeypatch.setattr(reading, "opened", restricted_meanwhile)
    (found,) = search(told, session).json()["found"]
    assert placed
    assert found["from"] == span_of(told, SHOWN_S[0] + 1)["from"]
    Restriction.objects.all().delete()
    placed.clear()
    levels = base64.b64decode(strip(told, session).json()["levels"])
    assert placed
    assert [place for place, level in enumerate(levels) if level] == [SHOWN_S[0] + 1]


def test_a_mask_drawn_while_facts_are_opened_tells_nothing(
    told: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, real = told.open(told.yard), reading.opened

    def masked_meanwhile(*given: Any) -> facts.Seconds:
        masks = [[[0, 0], [1, 0], [1, 1], [0, 1]]]
        type(told.yard).objects.filter(pk=told.yard.pk).update(privacy_masks=masks)
        return real(*given)

    monkeypatch.setattr(reading, "opened", masked_meanwhile)
    for ask in (strip, search):
        type(told.yard).objects.filter(pk=told.yard.pk).update(privacy_masks=[])
        answer = ask(told, session)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "masks_changed")
