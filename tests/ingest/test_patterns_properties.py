# ruff: noqa: DTZ001 - wall clocks without a zone are what is tested here
"""Whatever instant a recorder stamps, in whatever zone, reading it back gives that instant."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

pytest.importorskip("hypothesis")

from hypothesis import given, settings
from hypothesis import strategies as st

from cctv.ingest.layouts import FFMPEG, MEDIAMTX, patterns_of, read_path
from cctv.ingest.moments import NoSuchTime, instants, settle
from cctv.ingest.patterns import UnreadablePath, compile_pattern

ZONES = [
    "Asia/Seoul",
    "Europe/Berlin",
    "Europe/London",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Africa/Casablanca",
    "UTC",
]
zones = st.sampled_from(ZONES).map(ZoneInfo)
# Around the changes of the clocks, where the difficulties are, and anywhere else.
moments = st.one_of(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),
    st.builds(
        lambda day, seconds: day + timedelta(seconds=seconds),
        st.sampled_from(
            [
                datetime(2026, 3, 29),
                datetime(2026, 10, 24, 22),
                datetime(2026, 4, 4, 12),
                datetime(2026, 11, 1),
            ]
        ),
        st.integers(0, 6 * 3600),
    ),
).map(lambda moment: moment.replace(tzinfo=UTC, microsecond=0))
durations = st.integers(1, 14 * 60).map(lambda seconds: timedelta(seconds=seconds))
lateness = st.integers(0, 30).map(lambda seconds: timedelta(seconds=seconds))


@settings(max_examples=300, deadline=None)
@given(moments, zones, durations, lateness)
def test_a_local_name_and_the_time_of_writing_give_the_instant_back(moment, zone, duration, late):
    path = moment.astimezone(zone).strftime("gate/%Y-%m-%d_%H-%M-%S.mp4")
    reading = read_path(path, patterns_of(FFMPEG), zone)
    assert moment in reading.starts
    assert settle(reading.starts, ended_at=moment + duration + late, duration=duration) == moment


@settings(max_examples=200, deadline=None)
@given(moments, zones, st.integers(0, 999_999))
def test_mediamtx_names_with_an_offset_or_an_epoch_are_exact(moment, zone, micros):
    exact = moment + timedelta(microseconds=micros)
    local = exact.astimezone(zone)
    patterns = patterns_of(MEDIAMTX)
    paths = [f"a/b/{int(exact.timestamp())}-{micros:06d}.mp4"]
    if local.utcoffset().total_seconds() % 60 == 0:
        paths.append("a/b/" + local.strftime("%Y-%m-%d_%H-%M-%S-%f%z") + ".ts")
    for path in paths:
        reading = read_path(path, patterns, ZoneInfo("UTC"))
        assert (reading.camera, reading.starts) == ("a/b", (exact,))


@settings(max_examples=300, deadline=None)
@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)), zones)
def test_every_wall_clock_time_has_one_instant_two_or_an_error(local, zone):
    try:
        found = instants(local, zone)
    except NoSuchTime:
        return
    assert 1 <= len(found) <= 2
    assert all(moment.astimezone(zone).replace(tzinfo=None, fold=0) == local for moment in found)
    assert list(found) == sorted(set(found))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_no_name_crashes_the_reader(name):
    for layout in (FFMPEG, MEDIAMTX):
        try:
            read_path(name, patterns_of(layout), ZoneInfo("Asia/Seoul"))
        except (UnreadablePath, NoSuchTime):
            continue


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="%YmdHMSfzsFT{}*camerpth/.-_", max_size=40))
def test_no_pattern_crashes_the_compiler(text):
    try:
        compile_pattern(text).fields("2026-11-14/10/gate/02.03.mp4")
    except ValueError:
        return
