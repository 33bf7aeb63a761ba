"""Rules of records: what is announced can be taken back, and the law's minimum counts at the end itself."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accesslog.models import LogEntry
from accesslog.selectors import load_receipt
from cctv.core import clock
from cctv.retention.records import ending, rules, services
from cctv.retention.records.extent import extent
from cctv.retention.records.models import RecordErasure, RecordRule
from cctv.sites.models import Site
from tests.retention.records.archive import Archive
from tests.retention.records.test_pages import officer, rule, text

__all__ = ["officer"]
pytestmark = [pytest.mark.django_db(databases=["default", "log"])]
SECOND = timedelta(seconds=1)


def withdraw(client: Client, announced: RecordRule) -> str:
    page = reverse("record-rule-withdraw", args=[announced.record_class])
    return text(client.post(page, {"rule": str(announced.pk)}, follow=True))


def last_said(kind: str) -> dict[str, object]:
    return dict(load_receipt(LogEntry.objects.filter(kind=kind).latest("index").index).body)


def test_a_longer_rule_takes_the_place_of_the_shorter_one_that_waits(
    officer: Client, archive: Archive
) -> None:
    rule(officer, "access", months=13, accepted="13")
    page = text(officer.get(reverse("record-rule", args=["access"])))
    assert "13 months are announced" in page
    assert "A rule that you set now takes its place." in page
    assert rule(officer, "access", months=36).status_code == 302
    for later in (timedelta(), rules.NOTICE, 3 * rules.NOTICE):
        assert rules.in_force("access", archive.yard.now + later).months == 36
    assert rules.coming("access", archive.yard.now) is None
    assert "months from" not in text(officer.get(reverse("records")))
    replaced = last_said("records.rule_changed")["replaced"]
    assert isinstance(replaced, dict)
    assert replaced["months"] == 13


def test_another_shorter_rule_waits_in_place_of_the_first(officer: Client, archive: Archive) -> None:
    rule(officer, "access", months=13, accepted="13")
    RecordRule.objects.update(
        created_at=archive.yard.now - SECOND, effective_from=archive.yard.now - SECOND + rules.NOTICE
    )
    rule(officer, "access", months=14, accepted="14")
    at = [archive.yard.now + rules.NOTICE + beside for beside in (-SECOND, timedelta())]
    assert [rules.in_force("access", moment).months for moment in at] == [36, 14]


def test_an_announced_rule_is_withdrawn_and_what_counted_goes_on(officer: Client, archive: Archive) -> None:
    rule(officer, "access", months=13, accepted="13")
    announced = RecordRule.objects.get()
    assert "Withdraw it" in text(officer.get(reverse("record-rule", args=["access"])))
    assert "The announced rule is withdrawn." in withdraw(officer, announced)
    force = rules.in_force("access", archive.yard.now + rules.NOTICE)
    assert (force.months, force.is_default) == (36, True)
    said = last_said("records.rule_withdrawn")
    assert (said["months"], said["kept"]) == (13, 36)
    assert "Withdraw it" not in text(officer.get(reverse("record-rule", args=["access"])))


def test_a_rule_that_waits_no_more_is_not_withdrawn(officer: Client, archive: Archive) -> None:
    rule(officer, "access", months=13, accepted="13")
    announced = RecordRule.objects.get()
    withdraw(officer, announced)
    assert "Nothing was withdrawn" in withdraw(officer, announced)
    assert RecordRule.objects.count() == 2
    assert LogEntry.objects.filter(kind="records.rule_withdrawn").count() == 1


def test_withdrawing_asks_for_the_password(officer: Client, archive: Archive) -> None:
    rule(officer, "access", months=13, accepted="13")
    assert archive.officer is not None
    stranger = Client()
    stranger.force_login(archive.officer)
    answer = stranger.post(
        reverse("record-rule-withdraw", args=["access"]), {"rule": str(RecordRule.objects.get().pk)}
    )
    assert "reauthenticate" in answer["Location"]
    assert RecordRule.objects.count() == 1


def before_korea(archive: Archive) -> Site:
    """Two months are in force, which no law forbade; the site that is to be under one that does."""
    Site.objects.filter(jurisdiction="KR").update(jurisdiction="US")
    assert archive.officer is not None
    rules.change(
        record_class="permission", months=2, reason="short", actor=archive.officer, terminal="", accepted=True
    )
    RecordRule.objects.update(effective_from=clock.now())
    return Site.objects.filter(jurisdiction="US")[0]


def test_o41_nothing_ends_below_the_law_of_a_site_that_came_later(officer: Client, archive: Archive) -> None:
    site = before_korea(archive)
    begun = ending.begin(extent("permission", archive.month(2)), clock.now())
    Site.objects.filter(pk=site.pk).update(jurisdiction="KR")
    services.end_due()
    assert RecordErasure.objects.get(pk=begun.pk).state == ending.STARTED, (
        "also what was planned before waits"
    )
    begun.delete()
    done = [row.kept_from for row in services.end_due() if row.record_class == "permission"]
    assert done == [archive.month(36)], "what the law lets go ends, and nothing that it asks for"
    assert load_receipt(archive.made["permission", archive.month(14)].index).body["text"]


def test_the_page_says_that_the_law_made_a_rule_longer(officer: Client, archive: Archive) -> None:
    site = before_korea(archive)
    assert "Lengthened by law" not in text(officer.get(reverse("records")))
    Site.objects.filter(pk=site.pk).update(jurisdiction="KR")
    assert "Lengthened by law (KR): 2 months are set." in text(officer.get(reverse("records")))
    page = text(officer.get(reverse("record-rule", args=["permission"])))
    assert "now 36 months" in page
    assert "2 months are set. The law of a site (KR) asks for 36, and that counts." in page
