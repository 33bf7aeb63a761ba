"""A site that recorded half a minute, who asks for copies of it and who decides, and a case."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.disclosure.cases.models import Case, Letter
from cctv.disclosure.exports import asking, deciding
from cctv.disclosure.exports.details import Details
from cctv.disclosure.exports.models import Export
from cctv.disclosure.exports.wishes import Wanted, Wish
from cctv.people.models import Account, RoleGrant
from cctv.retention import tasks as purge_tasks
from cctv.sites.models import Site
from tests.footage.conftest import SEGMENT_S, TERMINAL, Room, room
from tests.people.cast import give_password

__all__ = ["desk", "room"]


@dataclass
class Desk:
    """Who asks, who decides, and short ways for both."""

    room: Room
    case: Case
    letter: Letter
    approver: Account
    officer: Account
    stranger: Account  # an approver of another site
    packaged: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    @property
    def operator(self) -> Account:
        return self.room.operator

    def wish(self, **changes: Any) -> Wish:
        """A copy for the police on a warrant."""
        start = self.room.starts_at
        span = Wanted(self.room.gate, start, start + timedelta(seconds=2 * SEGMENT_S))
        wish = Wish(
            spans=[span], recipient_kind="police", recipient="Mapo police, desk 2", ground="law",
            document="warrant 2026-118", purpose=self.room.purpose, letter=self.letter,
            details=Details(person="Inspector Han", contact="02-000-0000"),
        )  # fmt: skip
        return replace(wish, **changes)

    def ask(self, actor: Account | None = None, **options: Any) -> Export:
        wish = options.pop("wish", None) or self.wish()
        return asking.ask(
            actor=actor or self.operator, terminal=TERMINAL, site=self.room.site, case=self.case, wish=wish,
            **options,
        )  # fmt: skip

    def urgent(self, **options: Any) -> Export:
        details = Details(person="Inspector Han", why_no_consent="nobody knows who they are")
        wish = self.wish(ground="vital", document="", letter=None, details=details)
        return self.ask(wish=wish, urgent=True, urgent_reason="a child is missing", **options)

    def act(self, name: str, export: Export, actor: Account | None = None, **options: Any) -> Export:
        """One of `deciding`'s acts, by the approver unless said otherwise, on what is there now."""
        export.refresh_from_db()
        if name in ("return_", "approve", "reject"):
            options.setdefault("seen", deciding.seen_of(export))
        if name in ("return_", "reject", "refuse_urgent"):
            options.setdefault("remark", "the wrong camera")
        done: Export = getattr(deciding, name)(
            export=export, actor=actor or self.approver, terminal=TERMINAL, **options
        )
        return done

    def client(self, account: Account, *, fresh: bool = True) -> Client:
        """A browser in which they are signed in; `fresh`: the password was given a moment ago."""
        client = self.room.client(account)
        if fresh:
            give_password(client, account)
        return client

    def said(self, kind: str) -> list[dict[str, Any]]:
        """The bodies of all entries of a kind."""
        found = LogEntry.objects.filter(kind=kind).order_by("index").values_list("index", flat=True)
        return [dict(load_receipt(index).body) for index in found]


def person(name: str, role: str, site: Site | None) -> Account:
    account = Account.objects.create_user(f"{name}@example.org", "pw", name=name, employer="Freight")
    RoleGrant.objects.create(account=account, role=role, site=site)
    return account


@pytest.fixture
def desk(room: Room, monkeypatch: pytest.MonkeyPatch) -> Desk:
    year = clock.now().year
    case = Case.objects.create(
        number=f"C-{year}-0001", year=year, sequence=1, site=room.site, title="Pallets missing",
        opened_by=room.operator,
    )  # fmt: skip
    letter = Letter.objects.create(case=case, kind="in", title="Warrant 2026-118", made_by=room.operator)
    elsewhere = Site.objects.create(
        organisation=room.site.organisation, code="osaka", name="Minato Depot", time_zone="Asia/Tokyo",
        jurisdiction="JP", storage_place="Server room",
    )  # fmt: skip
    made = Desk(
        room, case, letter, person("approver", "approver", room.site),
        person("officer", "privacy_officer", None), person("stranger", "approver", elsewhere),
    )  # fmt: skip
    # The packaging has tests of its own: here counts that it is asked, and when.
    for module in (asking, deciding):
        monkeypatch.setattr(module, "begin_packaging", lambda row: made.packaged.append(row.number))
    monkeypatch.setattr(deciding, "end_package", lambda: made.ended.append("asked"))
    monkeypatch.setattr(purge_tasks.purge_due, "delay", lambda **_values: None)
    return made
