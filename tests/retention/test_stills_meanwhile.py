"""A still that is kept while its recording is destroyed neither stops the purge nor outlives that."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.db.models import QuerySet

from cctv.footage.marks.models import Still
from cctv.footage.models import Segment, ViewingSession
from cctv.people.models import Account
from cctv.retention import purge
from cctv.retention.models import PurgeRun, RunState
from cctv.sites.models import Purpose
from tests.retention.yard import MINUTE, Yard

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
    pytest.mark.both_databases,
]


def a_viewing(yard: Yard) -> ViewingSession:
    purpose = Purpose.objects.create(
        organisation=yard.sites[0].organisation, code="crime-prevention", name="Crime prevention"
    )
    actor = Account.objects.create_user("operator@example.org", "pw", name="operator", employer="Guard Co.")
    return ViewingSession.objects.create(
        site=yard.sites[0], actor=actor, terminal="t", purpose=purpose, starts_at=yard.now,
        ends_at=yard.now + MINUTE, valid_until=yard.now + MINUTE,
    )  # fmt: skip


def keep(session: ViewingSession, segment: Segment) -> None:
    """What `stills.keep` does at its end."""
    with transaction.atomic():
        if Segment.objects.select_for_update(of=("self",)).filter(pk=segment.pk).exists():
            Still.objects.create(
                segment=segment, session=session, site=session.site, camera=segment.camera,
                taken_by=session.actor, at=segment.starts_at, width=1, height=1, reason="r", entry_index=1,
                sealed=b"sealed",
            )  # fmt: skip


def test_a_still_that_comes_between_the_deletes_does_not_undo_them(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = yard.segment(expires_in=-timedelta(minutes=5))
    session = a_viewing(yard)
    keep(session, gone.row)
    real = QuerySet._raw_delete
    threads: list[threading.Thread] = []

    def rival() -> None:
        try:
            keep(session, gone.row)
        finally:
            connections.close_all()

    def raw_delete(rows: Any, using: str) -> Any:
        deleted = real(rows, using)
        if rows.model is Still and not threads:
            threads.append(threading.Thread(target=rival))
            threads[0].start()
            threads[0].join(0.5)
        return deleted

    monkeypatch.setattr(QuerySet, "_raw_delete", raw_delete)
    purge.purge_due()
    threads[0].join(30)
    run = PurgeRun.objects.get()
    assert (run.state, run.destroyed_segments) == (RunState.DONE, 1)
    assert not Still.objects.exists()
    assert not Segment.objects.exists()
