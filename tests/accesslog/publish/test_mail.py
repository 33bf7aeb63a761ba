"""The daily mail of the log's checkpoint."""

from pathlib import Path
from typing import Any

import pytest

from accesslog.outside import anchors
from accesslog.publish import rounds
from cctv.people.anchor import send_checkpoint
from cctv.people.models import OutgoingMail
from tests.accesslog.cast import note as noted

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def test_every_officer_and_auditor_gets_the_checkpoint_once_a_day(published: Path, cast: Any, tmp_path: Path):
    assert send_checkpoint() == 0, "an empty log has none"
    noted("something")
    assert send_checkpoint() == 2
    assert send_checkpoint() == 0
    mails = list(OutgoingMail.objects.all())
    assert {mail.to for mail in mails} == {cast.privacy_officer, cast.auditor}
    text = mails[0].text
    assert text.startswith((published / "checkpoint").read_text())
    assert len(text.encode()) <= 1000
    saved = tmp_path / "mail.eml"
    saved.write_text(text.replace("\n", "\r\n"))
    assert [(each.size, each.kept) for each in anchors.from_file(saved)] == [(1, True)]


def test_no_mail_without_a_checkpoint(cast: Any, settings: Any, access_log: str):
    settings.ACCESSLOG_FOLDER = ""
    noted("something")
    assert send_checkpoint() == 0
    assert rounds.publish() is None
