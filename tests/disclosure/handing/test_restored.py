"""A register that was put back from a backup may not know which links were ended: none of them opens."""

from collections import Counter
from typing import Any

import pytest
from django.test import Client

from cctv.core import clock
from cctv.disclosure.exports.models import ExportState
from cctv.disclosure.handing import services
from cctv.disclosure.handing.models import HandOver, Sending
from cctv.disclosure.packaging import services as packaging
from cctv.disclosure.packaging import work
from cctv.retention.backup import replay
from tests.disclosure.handing.conftest import Ready, download, entries, opened

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.usefixtures("vault_ready"),
]


def test_invariant_4_while_the_register_may_be_an_older_copy_no_link_opens_and_nothing_is_sent(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ready.link()
    client = opened(Client(), made)
    monkeypatch.setattr(services, "register_in_doubt", lambda: True)
    answer: Any = download(client, made)
    assert (answer.status_code, getattr(answer, "streaming", False)) == (503, False)
    assert Client().post(f"/d/{made.token}/", {"code": "wrong"}).status_code == 503
    row = HandOver.objects.get()
    assert (row.attempts_left, row.downloads_left) == (services.ATTEMPTS, 1)
    assert not Sending.objects.exists()


def test_invariant_4_a_restore_ends_every_link_and_has_a_person_ask_for_packages_again(ready: Ready) -> None:
    made = ready.link()
    client = opened(Client(), made)
    replay.trust(Counter())
    assert entries("export.links_restored") == [{"count": 1, "exports": ["E-2026-0001"]}]
    assert download(client, made).status_code == 404
    assert client.get(f"/d/{made.token}/").status_code == 404
    ready.change(state=ExportState.APPROVED, work_asked_at=clock.now())
    counts: Counter[str] = Counter()
    replay.trust(counts)
    assert (counts["packages_stopped"], counts["links_ended"], work.due().count()) == (1, 0, 0)
    assert packaging.retry(ready.export)
    assert work.due().count() == 1
