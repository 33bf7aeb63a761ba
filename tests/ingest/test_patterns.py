# ruff: noqa: DTZ001 - wall clocks without a zone are what is tested here
"""What recorders' paths say of camera and time."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cctv.ingest.layouts import FFMPEG, FRIGATE, MEDIAMTX, patterns_of, read_path, zone_of
from cctv.ingest.moments import AmbiguousTime, NoSuchTime, instants, settle, skew_ms
from cctv.ingest.patterns import BadPattern, Reading, UnreadablePath, compile_pattern

SEOUL, BERLIN, UTC_ZONE = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
MOMENT = datetime(2026, 11, 14, 1, 2, 3, tzinfo=UTC)


def read(layout, path, zone=SEOUL, *, own="", one_camera=False) -> Reading:
    return read_path(path, patterns_of(layout, own=own, one_camera=one_camera), zone)


@pytest.mark.parametrize(
    ("layout", "path", "camera"),
    [
        (FFMPEG, "gate/out_2026-11-14_10-02-03.mp4", "gate"),
        (FFMPEG, "gate/2026-11-14_10-02-03.ts", "gate"),
        (FFMPEG, "gate_2026-11-14_10-02-03.mkv", "gate"),
        (FFMPEG, "gate-20261114-100203.MP4", "gate"),
        (FFMPEG, "gate/20261114T100203.avi", "gate"),
        (MEDIAMTX, "gate/2026-11-14_10-02-03-000000.mp4", "gate"),
        (MEDIAMTX, "site/north/gate/2026-11-14_10-02-03-000000.ts", "site/north/gate"),
        (MEDIAMTX, "gate/2026-11-14_01-02-03-000000Z.mp4", "gate"),
        (MEDIAMTX, "gate/2026-11-13_20-02-03-000000-0500.mp4", "gate"),
        (MEDIAMTX, "gate/1794618123-000000.mp4", "gate"),
        (MEDIAMTX, "gate/1794618123.mp4", "gate"),
        (FRIGATE, "recordings/2026-11-14/01/gate/02.03.mp4", "gate"),
        (FRIGATE, "2026-11-14/01/gate/02.03.mp4", "gate"),
    ],
)
def test_the_layouts_read_camera_and_start(layout, path, camera):
    reading = read(layout, path, zone_of(layout, "Asia/Seoul"))
    assert reading == Reading(camera, (MOMENT,))


@pytest.mark.parametrize(
    "name", ["2026-11-14_10-02-03.mp4", "out_2026-11-14_10-02-03.mp4", "day/x2026-11-14_10-02-03.ts"]
)
def test_a_folder_of_one_camera_needs_no_camera_in_its_names(name):
    assert read(FFMPEG, name, one_camera=True).starts == (MOMENT,)


def test_fractions_are_fractions_whatever_their_length():
    assert read(MEDIAMTX, "gate/2026-11-14_10-02-03-25.mp4").starts[0] == MOMENT + timedelta(milliseconds=250)
    assert read(MEDIAMTX, "gate/2026-11-14_10-02-03-000250.mp4").starts[0] == MOMENT + timedelta(
        microseconds=250
    )


def test_frigate_is_utc_whatever_zone_the_source_has():
    assert zone_of(FRIGATE, "Asia/Seoul").key == "UTC"
    assert zone_of(FFMPEG, "Asia/Seoul") == SEOUL


@pytest.mark.parametrize(
    ("pattern", "path", "camera"),
    [
        ("{camera}/%Y/%m/%d/{channel}_%H%M%S.mp4", "nvr/2026/11/14/ch2_100203.mp4", "nvr/ch2"),
        ("{camera}.%Y%m%d_%H%M%S.mp4", "CAM.20261114_100203.mp4", "CAM"),
        (
            "*/%Y-%m-%d/001/dav/%H/%H.%M.%S-*[*][0@0][0].mp4",
            "S1/2026-11-14/001/dav/10/10.02.03-10.12.03[R][0@0][0].mp4",
            "",
        ),
        ("%path/%Y-%m-%d_%H-%M-%S-%f", "a/b/2026-11-14_10-02-03-0.mp4", "a/b"),
        ("{camera}/%F_%T.mp4", "gate/2026-11-14_10:02:03.mp4", "gate"),
        ("100%%/{camera}_%s", "100%/gate_1794618123.ts", "gate"),
        ("{camera}/%Y-%m-%d/%Y-%m-%d_%H-%M-%S", "gate/2026-11-14/2026-11-14_10-02-03.mp4", "gate"),
    ],
)
def test_patterns_of_unknown_recorders(pattern, path, camera):
    assert compile_pattern(pattern).read(path, SEOUL) == Reading(camera, (MOMENT,))


def test_two_dates_in_one_path_must_agree():
    assert compile_pattern("%Y-%m-%d/%Y-%m-%d_%H-%M").read("2026-11-14/2026-11-15_10-02.mp4", SEOUL) is None


@pytest.mark.parametrize(
    "path",
    [
        "gate/whatever.mp4",
        "gate/2026-11-14.mp4",
        "gate/2026-13-45_10-02-03.mp4",
        "2026-11-14_25-00-00.mp4",
        "",
        "x" * 5000,
    ],
)
def test_a_name_that_cannot_be_read_is_never_guessed(path):
    with pytest.raises(UnreadablePath):
        read(FFMPEG, path)


@pytest.mark.parametrize(
    "text",
    ["", "{camera}.mp4", "%Y-%m-%d.mp4", "{kamera}/%s.mp4", "%Q/%s", "%", "*" * 9 + "%s", "y" * 300 + "%s"],
)
def test_a_wrong_pattern_is_refused_with_a_sentence(text):
    with pytest.raises(BadPattern, match=r"\.$"):
        compile_pattern(text)


@pytest.mark.parametrize(
    "text",
    [
        "*-*-*-*-%Y%m%d%H%M.mp4",
        "*-*-*-*-{camera}-{channel}-{path}-%Y%m%d%H%M.mp4",
        "{camera}*{channel}%f%Y%m%d%H%M%S%s.mp4",
        "{path}/*_*_*_%s.mp4",
    ],
)
def test_a_pattern_that_could_be_tried_in_too_many_ways_is_refused(text):
    with pytest.raises(BadPattern, match="at most 3 parts of any length"):
        compile_pattern(text)


def test_parts_that_fill_a_folders_name_do_not_count():
    pattern = compile_pattern("*/{camera}/%Y-%m-%d/{channel}/dav/*/%H.%M.%S-*[*][0@0][0].mp4")
    path = "S1/gate/2026-11-14/001/dav/10/10.02.03-10.12.03[R][0@0][0].mp4"
    assert pattern.read(path, SEOUL) == Reading("gate/001", (MOMENT,))


@pytest.mark.parametrize(
    ("text", "filler"),
    [
        ("*-*-*-%Y%m%d%H%M.mp4", "-"),
        ("*1*1*1%Y%m%d%H%M.mp4", "1"),
        ("*%Y*%m*%d%H%M.mp4", "1"),
        ("*%f*%s.mp4", "1"),
        ("{camera}*{channel}%Y%m%d%H%M%S%s.mp4", "1"),
        ("{path}{camera}%f%s.mp4", "1"),
        ("{path}/{camera}/{channel}/*/*-%s.mp4", "/"),
    ],
)
def test_no_name_occupies_the_process(text, filler):
    pattern = compile_pattern(text)
    for length in (250, 900):
        began = time.process_time()
        assert pattern.fields(filler * length) is None
        assert time.process_time() - began < 2


def test_an_hour_that_happened_twice_is_settled_by_the_time_of_the_last_write():
    starts = read(FFMPEG, "gate/2026-10-25_02-30-00.mp4", BERLIN).starts
    assert starts == (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    minute = timedelta(minutes=1)
    for start in starts:
        assert settle(starts, ended_at=start + minute + timedelta(seconds=2), duration=minute) == start


def test_an_hour_that_happened_twice_stays_unsettled_without_evidence():
    starts = read(FFMPEG, "gate/2026-10-25_02-30-00.mp4", BERLIN).starts
    for ended_at in (
        None,
        starts[0] + timedelta(minutes=31),
        starts[1] + timedelta(days=3),
        starts[0] - timedelta(days=1),
    ):
        with pytest.raises(AmbiguousTime):
            settle(starts, ended_at=ended_at, duration=timedelta(minutes=1))


def test_a_local_time_that_the_clocks_skipped_is_an_error():
    with pytest.raises(NoSuchTime):
        read(FFMPEG, "gate/2026-03-29_02-30-00.mp4", BERLIN)


def test_an_offset_or_an_epoch_leaves_nothing_to_settle():
    for path in ("gate/2026-10-25_02-30-00-000000+0100.mp4", "gate/1792891800-000000.mp4"):
        assert read(MEDIAMTX, path, BERLIN).starts == (datetime(2026, 10, 25, 1, 30, tzinfo=UTC),)


def test_the_skew_is_what_the_file_system_says_beyond_the_end():
    assert (
        skew_ms(starts_at=MOMENT, duration=timedelta(seconds=10), ended_at=MOMENT + timedelta(seconds=12))
        == 2000
    )
    assert skew_ms(
        starts_at=MOMENT, duration=timedelta(seconds=10), ended_at=MOMENT - timedelta(days=9999)
    ) == -(2**31 - 1)
    assert skew_ms(starts_at=MOMENT, duration=timedelta(seconds=10), ended_at=None) is None


def test_lord_howe_shifts_by_half_an_hour():
    zone = ZoneInfo("Australia/Lord_Howe")
    first, second = instants(datetime(2026, 4, 5, 1, 45), zone)
    assert second - first == timedelta(minutes=30)
    ended = second + timedelta(seconds=70)
    assert settle((first, second), ended_at=ended, duration=timedelta(minutes=1)) == second
