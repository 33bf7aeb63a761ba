"""ZIP archives that every system opens without a program of ours, made while they are sent.

Files are stored as they are (footage does not shrink), sizes and checksums are known beforehand, so the
archive's size is known too and any part of it can be sent again (range requests) as the same bytes. Entries
and archives above 4 GiB are ZIP64, which Windows has read since Vista; smaller ones have no trace of it.
Names are UTF-8 and say so (flag 11). Format: PKWARE APPNOTE 6.3.10. No Django.
"""

from __future__ import annotations

import re
import struct
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cctv.disclosure.packages.errors import EntryChanged

LIMIT_32, LIMIT_16 = 0xFFFF_FFFF, 0xFFFF
UTF8_NAMES = 1 << 11
# "Made by" Unix: names are as they stand; a plain file that everybody may read.
UNIX, PLAIN_FILE = 3 << 8, 0o100644 << 16
VERSION, VERSION_64 = 20, 45
LOCAL = struct.Struct("<4sHHHHHIIIHH")
CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
END_64, LOCATOR_64 = struct.Struct("<4sQHHIIQQQQ"), struct.Struct("<4sIQI")
END = struct.Struct("<4sHHHHIIH")
TIME_EXTRA = struct.Struct("<HHBi")
LONGEST_NAME, LONGEST_FOLDER, LONGEST_BYTES = 72, 40, 200
RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)
NOT_IN_NAMES = dict.fromkeys(map(ord, '<>:"/\\|?*'), "_")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive; `name` is its path, with slashes.

    `modified` is aware; its own wall clock is shown. `open` gives its bytes from the start; `open_at`, where
    it is there, from an offset: without it what lies before is read and thrown away.
    """

    name: str
    size: int
    crc32: int
    open: Callable[[], Iterator[bytes]]
    modified: datetime
    open_at: Callable[[int], Iterator[bytes]] | None = None


def zip_size(entries: Sequence[Entry]) -> int:
    """The bytes of the archive of these entries."""
    offsets, start = _offsets(entries)
    return start + sum(map(len, _directory(entries, offsets, start)))


def stream_zip(entries: Sequence[Entry], *, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """The archive's bytes [start, stop), the same at every call; files before `start` are not opened.

    EntryChanged when a file is not what was said of it, or not as long.
    """
    return (piece for piece in _within(_parts(entries), start, stop) if piece)


# A stretch of the archive: its length, and its bytes from an offset within it.
_Part = tuple[int, Callable[[int], Iterator[bytes]]]


def _parts(entries: Sequence[Entry]) -> Iterator[_Part]:
    for entry in entries:
        head = _local(entry)
        yield len(head), _of_bytes(head)
        yield entry.size, _of_entry(entry)
    offsets, start = _offsets(entries)
    for piece in _directory(entries, offsets, start):
        yield len(piece), _of_bytes(piece)


def _within(parts: Iterable[_Part], start: int, stop: int | None) -> Iterator[bytes]:
    position = 0
    for length, pieces in parts:
        if stop is not None and position >= stop:
            return
        if position + length > start:
            skipped = max(0, start - position)
            left = length - skipped if stop is None else min(length - skipped, stop - position - skipped)
            for piece in pieces(skipped):
                yield piece[:left]
                left -= len(piece)
                if left <= 0 and stop is not None:
                    break
        position += length


def _of_bytes(data: bytes) -> Callable[[int], Iterator[bytes]]:
    return lambda offset: iter((data[offset:],))


def _of_entry(entry: Entry) -> Callable[[int], Iterator[bytes]]:
    def pieces(offset: int) -> Iterator[bytes]:
        source = entry.open_at(offset) if entry.open_at and offset else entry.open()
        skip = 0 if entry.open_at else offset
        position, crc = offset - skip, 0
        for piece in source:
            position += len(piece)
            if position > entry.size:
                raise EntryChanged
            if not offset:
                crc = zlib.crc32(piece, crc)
                if position == entry.size and crc != entry.crc32:
                    raise EntryChanged
            yield piece[skip:]
            skip = max(0, skip - len(piece))
        if position != entry.size:
            raise EntryChanged

    return pieces


def _offsets(entries: Sequence[Entry]) -> tuple[list[int], int]:
    """Where each entry's header lies, and where the directory begins."""
    offsets, position = [], 0
    for entry in entries:
        offsets.append(position)
        position += len(_local(entry)) + entry.size
    return offsets, position


def _local(entry: Entry) -> bytes:
    name = entry.name.encode()
    large = entry.size >= LIMIT_32
    extra = struct.pack("<HHQQ", 1, 16, entry.size, entry.size) if large else b""
    extra += _time_extra(entry)
    size = LIMIT_32 if large else entry.size
    date, time = _dos(entry.modified)
    return LOCAL.pack(
        b"PK\3\4", VERSION_64 if large else VERSION, UTF8_NAMES, 0, time, date, entry.crc32, size, size,
        len(name), len(extra),
    ) + name + extra  # fmt: skip


def _central(entry: Entry, offset: int) -> bytes:
    name = entry.name.encode()
    large, far = entry.size >= LIMIT_32, offset >= LIMIT_32
    wide = struct.pack("<QQ", entry.size, entry.size) * large + struct.pack("<Q", offset) * far
    extra = (struct.pack("<HH", 1, len(wide)) + wide if wide else b"") + _time_extra(entry)
    version = VERSION_64 if wide else VERSION
    size = LIMIT_32 if large else entry.size
    date, time = _dos(entry.modified)
    return CENTRAL.pack(
        b"PK\1\2", UNIX | version, version, UTF8_NAMES, 0, time, date, entry.crc32, size, size,
        len(name), len(extra), 0, 0, 0, PLAIN_FILE, LIMIT_32 if far else offset,
    ) + name + extra  # fmt: skip


def _directory(entries: Sequence[Entry], offsets: list[int], start: int) -> Iterator[bytes]:
    """The directory and what ends the archive; the directory begins at `start`."""
    size, count = 0, len(entries)
    for entry, offset in zip(entries, offsets, strict=True):
        head = _central(entry, offset)
        size += len(head)
        yield head
    if start >= LIMIT_32 or size >= LIMIT_32 or count >= LIMIT_16:
        yield END_64.pack(
            b"PK\6\6", END_64.size - 12, UNIX | VERSION_64, VERSION_64, 0, 0, count, count, size, start
        )
        yield LOCATOR_64.pack(b"PK\6\7", 0, start + size, 1)
    count = min(count, LIMIT_16)
    yield END.pack(b"PK\5\6", 0, 0, count, count, min(size, LIMIT_32), min(start, LIMIT_32), 0)


def _dos(moment: datetime) -> tuple[int, int]:
    """(date, time) as MS-DOS wrote them: two seconds are one, from 1980 to 2107."""
    year = min(max(moment.year, 1980), 2107)
    date = year - 1980 << 9 | moment.month << 5 | moment.day
    return date, moment.hour << 11 | moment.minute << 5 | moment.second // 2


def _time_extra(entry: Entry) -> bytes:
    """The moment itself, for those who read it; none beyond 2038, which it cannot say."""
    seconds = int(entry.modified.timestamp())
    return TIME_EXTRA.pack(0x5455, 5, 1, seconds) if 0 <= seconds < 1 << 31 else b""


def safe_name(text: str, *, longest: int = LONGEST_NAME) -> str:
    """`text` as the name of one file that Windows, macOS and Linux take; Korean and Japanese stay.

    What steers the direction of writing goes: it makes names look like others.
    """
    kept = unicodedata.normalize("NFC", text).translate(NOT_IN_NAMES)
    kept = "".join(_plain(letter) for letter in kept)
    kept = re.sub(r"\s+", " ", kept).strip(" .")
    stem, dot, ending = kept.rpartition(".")
    if not dot or not stem or len(ending) > 12:
        stem, ending = kept, ""
    ending = f".{ending}" if ending else ""
    stem = _short(stem, longest - len(ending), LONGEST_BYTES - len(ending.encode()))
    name = (stem + ending) or "_"
    return f"_{name}" if RESERVED.fullmatch(name) else name


def _plain(letter: str) -> str:
    kind = unicodedata.category(letter)
    if kind in ("Cf", "Cs", "Co", "Cn"):
        return ""
    return "_" if kind == "Cc" else letter


def _short(text: str, letters: int, size: int) -> str:
    """`text` cut to so many letters, and to so many bytes of UTF-8."""
    return text[: max(1, letters)].encode()[: max(4, size)].decode(errors="ignore").strip(" .")


class Names:
    """Names given out in one archive: none is equal to another, even where capitals make no difference."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def give(self, *path: str) -> str:
        """A path of these names (one: with slashes), each made safe; its last numbered where it is taken."""
        names = path if len(path) > 1 else path[0].split("/")
        folders = [safe_name(name, longest=LONGEST_FOLDER) for name in names[:-1]]
        last = safe_name(names[-1])
        for number in range(1, 1_000_000):
            name = last if number == 1 else self._numbered(last, number)
            whole = "/".join((*folders, name))
            key = unicodedata.normalize("NFC", whole.casefold())
            if key not in self._taken:
                self._taken.add(key)
                return whole
        raise ValueError("a million files of one name")

    @staticmethod
    def _numbered(name: str, number: int) -> str:
        stem, dot, ending = name.rpartition(".")
        if not dot:
            stem, ending = name, ""
        mark = f" ({number})"
        stem = _short(stem, LONGEST_NAME - len(mark) - len(dot + ending), LONGEST_BYTES)
        return f"{stem}{mark}{dot}{ending}"
