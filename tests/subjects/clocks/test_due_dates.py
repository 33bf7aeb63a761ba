"""The dates that laws and their authorities' guides lead to; each row says where it comes from."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from cctv.subjects import clocks
from cctv.subjects.clocks import CLARIFICATION, IDENTITY, Clock, NotPossible, Pause

PLACES = {"KR": ("Asia/Seoul", "KR"), "JP": ("Asia/Tokyo", "JP"), "UK": ("Europe/London", "GB"),
          "EU": ("Europe/Berlin", "DE")}  # fmt: skip

# law, kind, received (local), last day, where it is said
DUE = [
    # KR: Decree Art. 41, 43, 44(2): 10 days; Civil Act Art. 157, 159, 161
    ("KR", "copy", "2026-11-16 10:42", "2026-11-26", "Civil Act Art. 157: the day of receipt is not counted"),
    ("KR", "existence", "2026-11-16 00:01", "2026-11-26", "Civil Act Art. 157"),
    ("KR", "watched", "2026-11-16 23:59", "2026-11-26", "Civil Act Art. 157"),
    ("KR", "erasure", "2026-11-16 10:42", "2026-11-26", "Decree Art. 43: result within 10 days"),
    ("KR", "correction", "2026-11-16 10:42", "2026-11-26", "Decree Art. 43: result within 10 days"),
    ("KR", "restriction", "2026-11-16 10:42", "2026-11-26", "Decree Art. 44(2): 10 days"),
    ("KR", "copy", "2026-11-11 09:00", "2026-11-23", "Civil Act Art. 161: Saturday 21st, on to Monday"),
    ("KR", "copy", "2026-08-07 09:00", "2026-08-18", "Holidays Act Art. 3: 17 Aug for 15 Aug, a Saturday"),
    ("KR", "copy", "2026-09-14 09:00", "2026-09-28", "Chuseok 24 to 26 Sep 2026, then a Sunday"),
    ("KR", "copy", "2027-01-27 09:00", "2027-02-10", "Seollal 6 to 8 Feb 2027, 9th for the Sunday in it"),
    ("KR", "copy", "2026-12-15 09:00", "2026-12-28", "Christmas on a Friday"),
    ("KR", "copy", "2028-02-19 09:00", "2028-02-29", "leap year"),
    ("KR", "copy", "2027-02-19 09:00", "2027-03-02", "1 March, a Monday, is a holiday"),
    ("KR", "complaint", "2026-11-16 10:42", "2026-11-30", "own aim of 14 days"),
    # JP: own aim of 14 days; Civil Code Art. 140, 141, 142; Act on National Holidays Art. 3
    ("JP", "copy", "2026-11-16 10:42", "2026-11-30", "Civil Code Art. 140: the first day is not counted"),
    ("JP", "copy", "2026-04-22 09:00", "2026-05-07", "Holidays Act Art. 3(2): 6 May for 3 May, a Sunday"),
    ("JP", "erasure", "2026-09-08 09:00", "2026-09-24", "Art. 3(3): 22 Sep lies between two holidays"),
    ("JP", "restriction", "2026-12-18 09:00", "2027-01-04", "1 January, then a weekend"),
    ("JP", "correction", "2028-02-15 09:00", "2028-02-29", "leap year"),
    ("JP", "watched", "2026-11-09 09:00", "2026-11-24", "23 November 2026, a Monday, is a holiday"),
    # EU: GDPR Art. 12(3), Regulation 1182/71 Art. 3; EDPB Guidelines 01/2022 on access
    ("EU", "copy", "2027-03-05 09:00", "2027-04-05", "EDPB 01/2022: 5 March to 5 April"),
    ("EU", "copy", "2026-08-31 09:00", "2026-09-30", "EDPB 01/2022: 31 August to 30 September"),
    ("EU", "copy", "2026-03-05 09:00", "2026-04-07", "Art. 3(4): Easter Sunday and Monday 2026"),
    ("EU", "erasure", "2026-01-31 09:00", "2026-03-02", "Art. 3(2)(c): 28 February, a Saturday"),
    ("EU", "restriction", "2028-01-31 09:00", "2028-02-29", "Art. 3(2)(c) in a leap year"),
    ("EU", "correction", "2027-01-30 09:00", "2027-03-01", "28 February 2027 is a Sunday"),
    ("EU", "existence", "2026-11-25 09:00", "2026-12-28", "Christmas on a Friday and a Saturday"),
    ("EU", "watched", "2026-12-31 23:30", "2027-02-01", "31 January 2027 is a Sunday"),
    ("EU", "complaint", "2026-11-16 09:00", "2026-11-30", "own aim of 14 days"),
    # UK: UK GDPR Art. 12(3), 12A; Information Commissioner's guide; bank holidays as gov.uk lists them
    ("UK", "copy", "2025-09-03 09:00", "2025-10-03", "guide: 3 September to 3 October"),
    ("UK", "copy", "2026-09-03 09:00", "2026-10-05", "guide: a Saturday, on to the next working day"),
    ("UK", "copy", "2026-03-31 09:00", "2026-04-30", "guide: no 31st, the last day of the month"),
    ("UK", "copy", "2026-03-03 09:00", "2026-04-07", "Good Friday 3 April to Easter Monday 6 April 2026"),
    ("UK", "erasure", "2026-04-04 09:00", "2026-05-05", "early May bank holiday, 4 May 2026"),
    ("UK", "copy", "2026-11-25 09:00", "2026-12-29", "Boxing Day on a Saturday: 28 December instead"),
    ("UK", "copy", "2027-11-25 09:00", "2027-12-29", "Christmas on a weekend: 27 and 28 December instead"),
    ("UK", "restriction", "2028-01-30 09:00", "2028-02-29", "leap year"),
    ("UK", "correction", "2026-10-01 00:30", "2026-11-02", "1 October in London, 30 September in UTC"),
]  # fmt: skip


def at(text: str, zone: str) -> datetime:
    """Local time as written, aware."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def clock_of(law: str, kind: str, received: str) -> Clock:
    zone, country = PLACES[law]
    return Clock(kind, law, at(received, zone), ZoneInfo(zone), country)


@pytest.mark.parametrize(("law", "kind", "received", "expected", "source"), DUE)
def test_an_answer_is_due_on_the_day_that_the_law_leads_to(
    law: str, kind: str, received: str, expected: str, source: str
) -> None:
    zone, country = ZoneInfo(PLACES[law][0]), PLACES[law][1]
    found = clocks.deadlines(kind, law, at(received, zone.key), zone=zone, country=country)
    assert clocks.last_day(found.due_at, zone) == date.fromisoformat(expected), source
    end = found.due_at.astimezone(zone)
    assert (end.hour, end.minute, end.second) == (0, 0, 0)  # the day counts to its last hour


def test_holidays_are_those_of_the_country_of_the_site() -> None:
    paris, berlin = ZoneInfo("Europe/Paris"), ZoneInfo("Europe/Berlin")
    received = datetime(2026, 6, 14, 9, tzinfo=UTC)
    french = clocks.deadlines("copy", "EU", received, zone=paris, country="FR")
    german = clocks.deadlines("copy", "EU", received, zone=berlin, country="DE")
    assert clocks.last_day(french.due_at, paris) == date(2026, 7, 15)  # the 14th of July
    assert clocks.last_day(german.due_at, berlin) == date(2026, 7, 14)


def test_days_on_which_only_banks_are_closed_move_no_deadline() -> None:
    found = clock_of("JP", "copy", "2026-12-17 09:00")
    assert clocks.last_day(found.due_at, found.zone) == date(2026, 12, 31)


def test_a_country_that_is_not_known_has_weekends_only() -> None:
    zone = ZoneInfo("Europe/Berlin")
    found = clocks.deadlines("copy", "EU", datetime(2026, 3, 5, 9, tzinfo=UTC), zone=zone, country="")
    assert clocks.last_day(found.due_at, zone) == date(2026, 4, 6)


@pytest.mark.parametrize(
    ("zone", "received", "end"),
    [
        # Summer time begins on 29 March 2026 and ends on 25 October.
        ("Europe/Berlin", "2026-02-27 12:00", "2026-03-27T23:00+00:00"),
        ("Europe/Berlin", "2026-03-01 12:00", "2026-04-01T22:00+00:00"),
        ("Europe/Berlin", "2026-09-28 12:00", "2026-10-28T23:00+00:00"),
        # On the Azores clocks jump at midnight: that day has none.
        # Saturday the 24th, so Monday the 26th, and winter time, an hour behind UTC.
        ("Atlantic/Azores", "2026-09-24 12:00", "2026-10-27T01:00+00:00"),
    ],
)
def test_the_last_day_ends_on_the_clocks_of_the_site(zone: str, received: str, end: str) -> None:
    found = Clock("copy", "EU", at(received, zone), ZoneInfo(zone), "")
    assert found.due_at == datetime.fromisoformat(end)


def test_korea_postpones_until_ten_days_after_the_cause_has_ended() -> None:
    """Art. 35(3); Standard Guideline Art. 31(1)."""
    asked = clock_of("KR", "copy", "2026-11-16 10:42")
    told = at("2026-11-26 17:00", "Asia/Seoul")
    moved = clocks.postponed(asked, told, at("2026-12-01 18:00", "Asia/Seoul"))
    assert clocks.last_day(moved.due_at, moved.zone) == date(2026, 12, 11)
    later = clocks.postponed(moved, told, at("2026-12-15 18:00", "Asia/Seoul"))
    assert clocks.last_day(later.due_at, later.zone) == date(2026, 12, 28)  # the 25th is Christmas


@pytest.mark.parametrize(
    ("law", "kind", "told", "ends", "code"),
    [
        ("KR", "copy", "2026-11-27 00:00", "2026-12-01 18:00", "too_late"),
        ("KR", "copy", "2026-11-20 09:00", "2026-11-19 18:00", "backwards"),
        ("KR", "copy", "2026-11-16 11:00", "2026-11-16 11:00", None),
        ("KR", "erasure", "2026-11-20 09:00", "2026-12-01 18:00", "no_postponement"),
        ("JP", "copy", "2026-11-20 09:00", "2026-12-01 18:00", "no_postponement"),
        ("EU", "copy", "2026-11-20 09:00", "2026-12-01 18:00", "no_postponement"),
    ],
)
def test_a_postponement_is_told_in_time_and_only_where_the_law_has_it(
    law: str, kind: str, told: str, ends: str, code: str | None
) -> None:
    zone = PLACES[law][0]
    asked = clock_of(law, kind, "2026-11-16 10:42")
    if code is None:
        assert clocks.postponed(asked, at(told, zone), at(ends, zone)).due_at >= asked.due_at
        return
    with pytest.raises(NotPossible) as refused:
        clocks.postponed(asked, at(told, zone), at(ends, zone))
    assert refused.value.code == code


# law, received, told, last day then, source
EXTENDED = [
    ("EU", "2026-11-30 09:00", "2026-12-30 23:59", "2027-03-01", "3 months end on Sunday 28 February"),
    ("EU", "2027-11-30 09:00", "2027-12-01 09:00", "2028-02-29", "3 months in a leap year"),
    ("EU", "2026-01-15 09:00", "2026-02-01 09:00", "2026-04-15", "GDPR Art. 12(3): two further months"),
    ("UK", "2026-11-25 09:00", "2026-12-29 09:00", "2027-02-25", "guide: three months from receipt"),
    ("UK", "2026-09-25 09:00", "2026-10-01 09:00", "2026-12-29", "Christmas, substitute on the 28th"),
]  # fmt: skip


@pytest.mark.parametrize(("law", "received", "told", "expected", "source"), EXTENDED)
def test_an_extension_is_counted_from_the_receipt(
    law: str, received: str, told: str, expected: str, source: str
) -> None:
    asked = clock_of(law, "copy", received)
    moved = clocks.extended(asked, at(told, PLACES[law][0]))
    assert clocks.last_day(moved.due_at, moved.zone) == date.fromisoformat(expected), source


@pytest.mark.parametrize(
    ("law", "told", "code"),
    [
        ("EU", "2026-12-17 00:00", "too_late"),
        ("UK", "2026-12-17 00:00", "too_late"),
        ("KR", "2026-11-20 09:00", "no_extension"),
        ("JP", "2026-11-20 09:00", "no_extension"),
    ],
)
def test_an_extension_is_told_within_the_first_month_and_only_where_the_law_has_it(
    law: str, told: str, code: str
) -> None:
    with pytest.raises(NotPossible) as refused:
        clocks.extended(clock_of(law, "copy", "2026-11-16 10:42"), at(told, PLACES[law][0]))
    assert refused.value.code == code


def test_nothing_is_extended_twice() -> None:
    once = clocks.extended(
        clock_of("EU", "copy", "2026-11-16 10:42"), at("2026-11-17 09:00", "Europe/Berlin")
    )
    with pytest.raises(NotPossible, match="twice"):
        clocks.extended(once, at("2026-11-18 09:00", "Europe/Berlin"))


# received, stops (from, to, why), last day, source
STOPPED = [
    ("2026-09-01 09:00", [("2026-09-10 09:00", "2026-09-15 09:00", CLARIFICATION)], "2026-10-06",
     "UK GDPR Art. 12A(5): five days more than 1 October"),
    ("2026-01-30 09:00", [("2026-01-30 09:00", "2026-02-02 18:00", IDENTITY)], "2026-03-02",
     "Art. 12A(2): one month beginning when identity was shown"),
    # 3 October is a Saturday, due on Monday the 5th: asked on that day, there is no day left to be added.
    ("2026-09-03 09:00", [("2026-10-05 09:00", "2026-10-09 15:00", CLARIFICATION)], "2026-10-09",
     "asked on the last day, which a weekend had given: not overdue at the moment of the answer"),
    ("2026-09-03 09:00", [("2026-10-05 09:00", "2026-10-10 15:00", CLARIFICATION)], "2026-10-12",
     "the same, answered on a Saturday"),
    ("2026-10-28 09:00", [("2026-11-03 09:00", "2026-11-06 09:00", CLARIFICATION)], "2026-12-01",
     "28 November is a Saturday; the weekend is not counted twice"),
    ("2026-09-01 09:00", [("2026-09-10 09:00", "2026-09-10 17:00", CLARIFICATION)], "2026-10-01",
     "within one day: nothing"),
    ("2026-09-01 09:00", [("2026-09-10 09:00", "2026-09-12 09:00", CLARIFICATION),
                          ("2026-09-12 10:00", "2026-09-14 09:00", CLARIFICATION)], "2026-10-05",
     "four days more than 1 October"),
    ("2026-09-01 09:00", [("2026-09-10 09:00", None, CLARIFICATION)], "2026-10-01",
     "while it stands nothing is known yet"),
]  # fmt: skip


@pytest.mark.parametrize(("received", "stops", "expected", "source"), STOPPED)
def test_the_clock_stands_in_the_united_kingdom_while_an_answer_is_awaited(
    received: str, stops: list[tuple[str, str | None, str]], expected: str, source: str
) -> None:
    moved = clock_of("UK", "copy", received)
    for begins, ends, why in stops:
        moved = clocks.paused(moved, at(begins, "Europe/London"), why)
        moved = clocks.resumed(moved, at(ends, "Europe/London")) if ends else moved
    assert clocks.last_day(moved.due_at, moved.zone) == date.fromisoformat(expected), source
    assert moved.is_paused == (stops[-1][1] is None)


def test_a_clock_that_stands_can_still_be_extended_once_it_would_have_run_out() -> None:
    asked = clock_of("UK", "copy", "2026-09-01 09:00")
    stands = clocks.paused(asked, at("2026-09-30 09:00", "Europe/London"))
    moved = clocks.extended(stands, at("2026-10-20 09:00", "Europe/London"))
    assert clocks.last_day(moved.due_at, moved.zone) == date(2026, 12, 1)


@pytest.mark.parametrize("law", ["KR", "JP", "EU"])
def test_elsewhere_no_clock_stands(law: str) -> None:
    with pytest.raises(NotPossible, match="no_pause"):
        clocks.paused(clock_of(law, "copy", "2026-11-16 10:42"), at("2026-11-17 09:00", PLACES[law][0]))


@pytest.mark.parametrize("kind", ["erasure", "restriction", "correction"])
def test_clarification_stops_the_clock_of_access_only(kind: str) -> None:
    """UK GDPR Art. 12A(5): it is about requests under Art. 15; 12A(2) is about all."""
    asked, now = clock_of("UK", kind, "2026-09-01 09:00"), at("2026-09-02 09:00", "Europe/London")
    with pytest.raises(NotPossible, match="no_pause"):
        clocks.paused(asked, now, CLARIFICATION)
    assert clocks.paused(asked, now, IDENTITY).is_paused


def test_a_clock_stands_once_at_a_time_and_goes_on_only_where_it_stands() -> None:
    asked = clock_of("UK", "copy", "2026-09-01 09:00")
    stands = clocks.paused(asked, at("2026-09-10 09:00", "Europe/London"))
    with pytest.raises(NotPossible, match="twice"):
        clocks.paused(stands, at("2026-09-11 09:00", "Europe/London"))
    with pytest.raises(NotPossible, match="not_paused"):
        clocks.resumed(asked, at("2026-09-11 09:00", "Europe/London"))
    with pytest.raises(NotPossible, match="backwards"):
        clocks.resumed(stands, at("2026-09-10 08:59", "Europe/London"))
    with pytest.raises(NotPossible, match="too_late"):
        clocks.paused(asked, at("2026-10-02 00:00", "Europe/London"))


# law, received, first reply, source: O34, 24 hours in business time
REPLIES = [
    ("KR", "2026-11-16 10:42", "2026-11-17 10:42", "within office hours"),
    ("KR", "2026-11-13 16:59", "2026-11-16 16:59", "a Friday: weekends do not count"),
    ("KR", "2026-11-13 17:00", "2026-11-17 09:00", "closed on Friday, so from Monday 09:00"),
    ("KR", "2026-11-14 03:00", "2026-11-17 09:00", "a Saturday: from Monday 09:00"),
    ("KR", "2026-11-16 08:59", "2026-11-17 09:00", "before the office opens"),
    ("KR", "2026-12-24 11:00", "2026-12-28 11:00", "Christmas and a weekend"),
    ("KR", "2026-08-14 11:00", "2026-08-18 11:00", "17 August stands in for the 15th"),
    ("JP", "2026-12-30 10:00", "2027-01-04 10:00", "offices are closed from 31 December to 3 January"),
    ("UK", "2026-10-23 12:00", "2026-10-26 12:00", "clocks change on Sunday; noon stays noon"),
    ("UK", "2026-04-02 12:00", "2026-04-07 12:00", "Easter"),
    ("EU", "2026-03-27 12:00", "2026-03-30 12:00", "clocks change on Sunday"),
]  # fmt: skip


@pytest.mark.parametrize(("law", "received", "expected", "source"), REPLIES)
def test_o34_the_first_reply_is_due_within_24_hours_of_business_time(
    law: str, received: str, expected: str, source: str
) -> None:
    zone, country = PLACES[law]
    found = clocks.reply_by(at(received, zone), zone=ZoneInfo(zone), country=country)
    assert found == at(expected, zone), source


@pytest.mark.parametrize(
    ("law", "decided", "expected"),
    [("JP", "2026-11-30 10:00", "2026-12-30"), ("KR", "2026-11-25 10:00", "2026-12-28"),
     ("UK", "2026-11-28 10:00", "2026-12-29"), ("EU", "2028-01-30 10:00", "2028-02-29")],
)  # fmt: skip
def test_the_time_to_object_ends_with_a_working_day(law: str, decided: str, expected: str) -> None:
    zone, country = PLACES[law]
    until = clocks.objection_until(at(decided, zone), 30, zone=ZoneInfo(zone), country=country)
    assert clocks.last_day(until, ZoneInfo(zone)) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("closed", "expected"), [("2026-11-30 10:00", "2029-11-30"), ("2028-02-29 10:00", "2031-02-28")]
)
def test_a_file_is_kept_for_whole_years(closed: str, expected: str) -> None:
    zone = ZoneInfo("Asia/Seoul")
    until = clocks.file_until(at(closed, "Asia/Seoul"), 3, zone=zone)
    assert clocks.last_day(until, zone) == date.fromisoformat(expected)


def test_finding_3_suspension_is_not_offered_for_open_places_in_korea() -> None:
    assert not clocks.is_offered("restriction", "KR", "open")
    assert clocks.is_offered("restriction", "KR", "non_open")
    assert clocks.is_offered("restriction", "EU", "open")
    assert clocks.is_offered("erasure", "KR", "open")
    assert not clocks.is_offered("portrait", "KR", "open")


def test_stops_that_overlap_count_once() -> None:
    zone = ZoneInfo("Europe/London")
    spans = (Pause(at("2026-09-10 09:00", zone.key), at("2026-09-15 09:00", zone.key)),
             Pause(at("2026-09-12 09:00", zone.key), at("2026-09-16 09:00", zone.key)))  # fmt: skip
    found = Clock("copy", "UK", at("2026-09-01 09:00", zone.key), zone, "GB", pauses=spans)
    assert clocks.last_day(found.due_at, zone) == date(2026, 10, 7)
