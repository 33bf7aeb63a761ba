"""Who looked at a camera lately is told to who may know it, and that somebody asked is an entry."""

from typing import Any

import pytest

from accesslog.errors import LogUnavailable
from cctv.footage.marks import recent
from cctv.people.models import Role, RoleGrant
from tests.footage.conftest import TERMINAL, Room
from tests.footage.test_viewing import kinds, last_body

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "log"])


def ask(room: Room, session: Any) -> dict[str, Any]:
    answer = room.client(room.operator).get(f"/viewings/{session.pk}/gate/recent.json")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


def test_invariant_8_an_operator_is_told_of_their_own_viewings_and_not_how_many_others_there_were(
    room: Room,
) -> None:
    RoleGrant.objects.create(account=room.elsewhere, role=Role.OPERATOR, site=room.site)
    own = room.open(case="2026-118")
    room.open_as(room.elsewhere)
    told = ask(room, own)
    assert not told["everybody"]
    (row,) = told["viewings"]
    assert row["text"].startswith("operator opened ")
    assert row["text"].endswith("for Crime prevention, case 2026-118.")
    assert "log.queried" not in kinds()


def test_who_reads_the_log_is_told_of_everybody_and_the_question_is_an_entry(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    RoleGrant.objects.create(account=room.elsewhere, role=Role.OPERATOR, site=room.site)
    RoleGrant.objects.create(account=room.operator, role=Role.AUDITOR, site=room.site)
    own = room.open()
    room.open_as(room.elsewhere)
    told = ask(room, own)
    assert told["everybody"]
    assert [row["text"].partition(" ")[0] for row in told["viewings"]] == ["elsewhere", "operator"]
    assert last_body("log.queried")["query"] == {"camera": str(room.gate.pk), "kind": ":viewings"}

    def down(**_: Any) -> None:
        raise LogUnavailable

    monkeypatch.setattr(recent, "append", down)
    with pytest.raises(LogUnavailable):
        recent.recent_viewings(room.gate, reader=room.operator, terminal=TERMINAL)
