"""Playlists say when each part was recorded, and where the recording or the stream breaks."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from cctv.footage.media.hls import EVENT, Entry, placed, playlist

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def entry(number: int, seconds: float, stream: str = "a", length_ms: float = 10_000) -> Entry:
    """A part recorded `seconds` after noon."""
    return Entry(f"{number}.m4s", f"init-{stream}.mp4", stream, NOON + timedelta(seconds=seconds), length_ms)


def test_a_plain_recording_is_one_run():
    text = playlist([entry(0, 0), entry(1, 10), entry(2, 20, length_ms=4_400)])
    assert text == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MAP:URI="init-a.mp4"\n'
        "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:00.000Z\n#EXTINF:10.00000,\n0.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:10.000Z\n#EXTINF:10.00000,\n1.m4s\n"
        "#EXT-X-PROGRAM-DATE-TIME:2026-03-01T12:00:20.000Z\n#EXTINF:4.40000,\n2.m4s\n"
        "#EXT-X-ENDLIST\n"
    )


def test_a_gap_is_a_discontinuity_and_takes_no_time():
    places = placed([entry(0, 0), entry(1, 10.3), entry(2, 60)])
    assert [place.breaks for place in places] == [False, False, True]
    assert [place.base_ms for place in places] == [0, 10_000, 20_000]
    text = playlist([entry(0, 0), entry(1, 60)])
    assert text.count("#EXT-X-DISCONTINUITY\n") == 1
    assert text.count("#EXT-X-MAP") == 1


def test_another_stream_brings_its_own_init_segment():
    text = playlist([entry(0, 0), entry(1, 10, "b"), entry(2, 20, "b")])
    assert text.count("#EXT-X-DISCONTINUITY\n") == 1
    assert text.index("init-a.mp4") < text.index("0.m4s") < text.index("init-b.mp4") < text.index("1.m4s")


def test_an_overlap_after_the_clock_was_set_back_is_a_discontinuity():
    assert [place.breaks for place in placed([entry(0, 0), entry(1, 5)])] == [False, True]


def test_a_growing_playlist_has_no_end_and_times_are_utc():
    seoul = timezone(timedelta(hours=9))
    part = Entry("0.m4s", "i.mp4", "a", datetime(2026, 3, 1, 21, 0, tzinfo=seoul), 8_600)
    text = playlist([part], kind=EVENT, ended=False)
    assert "#EXT-X-ENDLIST" not in text
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in text
    assert "2026-03-01T12:00:00.000Z" in text
    assert "#EXT-X-TARGETDURATION:9" in text


def test_an_empty_playlist_is_valid_and_a_uri_cannot_add_lines():
    assert playlist([]).endswith("#EXT-X-ENDLIST\n")
    with pytest.raises(ValueError, match="URI"):
        playlist([Entry('x"\n#EXT', 'x"\n', "a", NOON, 1.0)])
