"""Corrections are told once, in the name of whoever did them."""

from __future__ import annotations

from typing import Any

import pytest

from accesslog import services as log_services
from accesslog.errors import LogUnavailable
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.people.models import Account, RoleGrant
from cctv.redaction.editing import services, stretches
from cctv.redaction.models import RedactionAct

from .acting import PICK, again, decide, now, take_back
from .conftest import Desk, kinds_logged

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def test_a_stretch_of_corrections_is_one_entry_that_counts_them(desk: Desk) -> None:
    decide(desk, "subject", **PICK)
    decide(desk, "style", style="blur")
    decide(desk, "style", style="fill")
    take_back(desk)
    assert stretches.log_quiet_stretches() == 0  # somebody is at it
    RedactionAct.objects.update(made_at=clock.now() - stretches.QUIET)
    assert stretches.log_quiet_stretches() == 1
    assert stretches.log_quiet_stretches() == 0
    index: Any = RedactionAct.objects.values_list("entry_index", flat=True).distinct().get()
    body = load_receipt(index).body
    assert (body["count"], body["decisions"], body["undone"]) == (4, {"style": 2, "subject": 1}, 1)
    assert "box" not in str(body)
    again(desk)
    assert stretches.log_stretches(now(desk)) == 1  # what was done again is told anew
    assert kinds_logged().count("redaction.edited") == 2
    for _each in range(2):  # every flip, also of what was told of in the same state before
        take_back(desk)
        assert stretches.log_stretches(now(desk)) == 1
        again(desk)
        assert stretches.log_stretches(now(desk)) == 1
    assert kinds_logged().count("redaction.edited") == 6


def test_what_somebody_else_takes_back_is_told_in_that_ones_name(desk: Desk) -> None:
    decide(desk, "style", style="blur")
    account = Account.objects.create_user("second@example.org", "pw", name="second", employer="Guard Co.")
    RoleGrant.objects.create(account=account, role="operator", site=desk.room.site)
    theirs = desk.room.open_as(account)
    services.undo(now(desk), theirs, revision=1)
    services.redo(now(desk), theirs, revision=2)
    services.undo(now(desk), theirs, revision=3)
    assert stretches.log_stretches(now(desk)) == 2
    entries = RedactionAct.objects.values_list("entry_index", flat=True)
    told = [load_receipt(index or 0).body for index in entries]
    assert [(body["actor"]["name"], body["count"], body["undone"], body["redone"]) for body in told] == [
        ("operator", 1, 0, 0), *[("second", 3, 2, 1)] * 3
    ]  # fmt: skip
    assert told[1]["decisions"] == {}


def test_a_stretch_that_could_not_be_told_is_told_later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(**_entry: Any) -> None:
        raise LogUnavailable

    decide(desk, "style", style="blur")
    RedactionAct.objects.update(made_at=clock.now() - stretches.QUIET)
    with monkeypatch.context() as patch:
        patch.setattr(stretches, "append", down)
        assert stretches.log_quiet_stretches() == 0
    assert stretches.log_quiet_stretches() == 1
    assert log_services.append is vars(stretches)["append"]
