"""Archives that Python and Info-ZIP open with the same names, and that can be sent again from anywhere."""

import io
import shutil
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from cctv.disclosure.packages import zipping
from cctv.disclosure.packages.errors import EntryChanged
from cctv.disclosure.packages.zipping import Entry, Names, safe_name, stream_zip, zip_size
from tests.footage.media.helpers import WriteOnly

SEOUL = timezone(timedelta(hours=9))
AT = datetime(2026, 11, 22, 21, 3, 6, tzinfo=SEOUL)
NAMES = ["clips/정문 카메라/2026-11-22 21_00_00.mp4", "clips/玄関カメラ/録画.mp4", "manifest.json", "leer"]


def entry(name: str, data: bytes, **what) -> Entry:
    def pieces() -> Iterator[bytes]:
        return (data[at : at + 7] for at in range(0, len(data), 7))

    return Entry(name, what.pop("size", len(data)), zlib.crc32(data), pieces, AT, **what)


def several() -> list[Entry]:
    return [entry(name, bytes(range(50)) * number) for number, name in enumerate(NAMES)]


def archive(entries, **what) -> bytes:
    return b"".join(stream_zip(entries, **what))


def test_the_size_is_known_and_the_bytes_are_the_same_each_time():
    data = archive(several())
    assert len(data) == zip_size(several())
    assert data == archive(several())


def test_python_reads_names_times_and_contents():
    with zipfile.ZipFile(io.BytesIO(archive(several()))) as opened:
        assert opened.namelist() == NAMES
        assert opened.testzip() is None
        assert opened.read(NAMES[1]) == bytes(range(50))
        assert all(each.flag_bits == 1 << 11 for each in opened.infolist())
        assert {each.date_time for each in opened.infolist()} == {(2026, 11, 22, 21, 3, 6)}
        assert {each.external_attr >> 16 for each in opened.infolist()} == {0o100644}


@pytest.mark.skipif(shutil.which("unzip") is None, reason="no unzip on this machine")
def test_unzip_takes_it_out_under_the_same_names(tmp_path):
    (tmp_path / "package.zip").write_bytes(archive(several()))
    said = subprocess.run(
        ["unzip", "-q", "package.zip", "-d", "out"], cwd=tmp_path, capture_output=True, text=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "TZ": "UTC"},
    )  # fmt: skip
    assert (said.returncode, said.stderr) == (0, "")
    for number, name in enumerate(NAMES):
        path = tmp_path / "out" / name
        assert path.read_bytes() == bytes(range(50)) * number
        assert datetime.fromtimestamp(path.stat().st_mtime, UTC) == AT


def test_the_header_before_each_file_says_the_same_as_the_directory():
    data = archive(several())
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        for each in opened.infolist():
            local = struct.unpack_from("<4sHHHHHIIIHH", data, each.header_offset)
            assert local[:4] == (b"PK\3\4", 20, 1 << 11, 0)
            assert local[6:9] == (each.CRC, each.compress_size, each.file_size)
            start = each.header_offset + 30
            assert data[start : start + local[9]].decode() == each.filename
            assert data[start + local[9] : start + local[9] + local[10]] == each.extra


def test_any_stretch_can_be_sent_again():
    data = archive(several())
    for start in range(0, len(data) + 3):
        assert archive(several(), start=start) == data[start:]
    for start in range(0, len(data), 11):
        for stop in range(start, len(data) + 9, 13):
            assert archive(several(), start=start, stop=stop) == data[start:stop]


def test_files_before_the_start_are_not_opened():
    def never(*_: object) -> Iterator[bytes]:
        raise AssertionError("opened")

    entries = several()
    middle = len(archive(entries[:2])) - len(archive([]))
    first = Entry(entries[0].name, entries[0].size, entries[0].crc32, never, AT, never)
    begin = archive([first, *entries[1:]], start=middle // 2)
    assert begin == archive(entries)[middle // 2 :]


def test_a_file_is_opened_where_it_is_wanted():
    body = bytes(range(250))
    asked: list[int] = []

    def from_there(offset: int) -> Iterator[bytes]:
        asked.append(offset)
        yield body[offset:]

    one = entry("a", body, open_at=from_there)
    data = archive([one])
    start = data.index(body)
    assert archive([one], start=start + 100) == data[start + 100 :]
    assert archive([one], start=start) == data[start:]
    assert asked == [100]


@pytest.mark.parametrize("size", [99, 101])
def test_a_file_that_is_not_as_long_as_said_breaks_the_archive_off(size):
    with pytest.raises(EntryChanged):
        archive([entry("a", bytes(100), size=size)])


def test_nothing_is_sent_of_a_file_beyond_what_was_said():
    sent = WriteOnly()

    def send() -> None:
        for piece in stream_zip([entry("a", bytes(range(100)), size=50)]):
            sent.write(piece)

    with pytest.raises(EntryChanged):
        send()
    assert sent.data.endswith(bytes(range(49)))


def test_a_file_that_is_not_the_one_registered_breaks_the_archive_off():
    one = entry("a", bytes(100))
    with pytest.raises(EntryChanged):
        archive([Entry("a", 100, 1, one.open, AT)])


def sparse(size: int) -> Entry:
    """A large file of zeros, whose checksum is made up: nobody reads it whole here."""
    return Entry("large.mp4", size, 7, lambda: iter(()), AT, lambda _offset: iter(()))


class Far(io.RawIOBase):
    """A file in which `data` ends, after `before` bytes that nobody asks for."""

    def __init__(self, entries: list[Entry], before: int) -> None:
        self.before, self.size = before, zip_size(entries)
        self.data = archive(entries, start=before)
        self.at = 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self.at = {0: 0, 1: self.at, 2: self.size}[whence] + offset
        return self.at

    def read(self, size: int = -1, /) -> bytes:
        start = self.at - self.before
        assert start >= 0
        data = self.data[start : len(self.data) if size < 0 else start + size]
        self.at += len(data)
        return data


@pytest.mark.parametrize("size", [(1 << 32) - 2, (1 << 32) - 1, 1 << 32, 30 << 30])
def test_more_than_four_gigabytes_are_zip64(size):
    small = entry("정문.txt", b"after it")
    entries = [sparse(size), small]
    behind = size + 30 + len("large.mp4") + 9 + (20 if size >= 0xFFFF_FFFF else 0)
    far = Far(entries, behind)
    assert len(far.data) + behind == far.size
    with zipfile.ZipFile(far) as opened:
        assert [each.file_size for each in opened.infolist()] == [size, 8]
        assert opened.read("정문.txt") == b"after it"
        assert opened.infolist()[1].header_offset == behind


def test_more_files_than_a_plain_archive_may_have():
    entries = [Entry(f"{number}", 0, 0, lambda: iter(()), AT) for number in range(0xFFFF + 1)]
    data = archive(entries)
    assert len(data) == zip_size(entries)
    assert struct.unpack("<4sQHHIIQQQQ4sIQI4s4xHH10x", data[-98:])[6:8] == (0xFFFF + 1, 0xFFFF + 1)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert len(opened.namelist()) == 0xFFFF + 1


def test_an_archive_of_nothing_is_one():
    with zipfile.ZipFile(io.BytesIO(archive([]))) as opened:
        assert opened.namelist() == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("정문 카메라", "정문 카메라"),
        ("玄関・北", "玄関・北"),
        ("12:00/13:00", "12_00_13_00"),
        ('a<b>c"d|e?f*g\\h', "a_b_c_d_e_f_g_h"),
        ("CON", "_CON"),
        ("com1.mp4", "_com1.mp4"),
        ("LPT².txt", "_LPT².txt"),
        ("console.txt", "console.txt"),
        ("name. . ", "name"),
        ("..", "_"),
        ("", "_"),
        (".hidden", "hidden"),
        ("a\nb\tc\0d", "a_b_c_d"),
        ("gnp.\u202e4pm", "gnp.4pm"),
        ("\u1100\u1161\u11a8", "각"),
        ("x" * 300 + ".mp4", "x" * 68 + ".mp4"),
    ],
)
def test_names_are_taken_by_every_system(text, name):
    assert safe_name(text) == name


def test_long_korean_names_fit_into_what_linux_takes():
    name = safe_name("정문" * 200 + ".mp4")
    assert name.endswith("정.mp4") or name.endswith("문.mp4")
    assert len(name.encode()) <= zipping.LONGEST_BYTES
    assert len(name) <= zipping.LONGEST_NAME


def test_no_two_names_are_equal_where_capitals_make_no_difference():
    names = Names()
    given = [names.give("clips", "Gate", "a.mp4") for _ in range(3)]
    given += [names.give("clips/GATE/A.mp4"), names.give("CLIPS", "gate", "A.MP4"), names.give("x" * 90),
              names.give("x" * 95)]  # fmt: skip
    assert given[:3] == ["clips/Gate/a.mp4", "clips/Gate/a (2).mp4", "clips/Gate/a (3).mp4"]
    assert len({each.casefold() for each in given}) == len(given)
    assert all(len(part) <= 72 for each in given for part in each.split("/"))
