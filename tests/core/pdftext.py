"""Reads back what our PDFs say, by the PDF itself: streams, fonts' ToUnicode maps, attached files.

Knows just as much of PDF as fpdf2 writes (no object streams, no encryption), and nothing of fpdf2.
"""

import re
import zlib

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\n(.*)\nendstream", re.DOTALL)
_SHOW = re.compile(
    rb"/F(\d+) [\d.]+ Tf|\(((?:[^\\()]|\\.)*)\) ?Tj|\[((?:[^\\\]]|\\.)*)\] TJ|([\d.]+) ([\d.]+) Td", re.DOTALL
)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def objects(pdf: bytes) -> dict[int, bytes]:
    """Every object's bytes by its number."""
    return {int(number): body for number, body in _OBJECT.findall(pdf)}


def _stream(body: bytes) -> bytes:
    found = _STREAM.search(body)
    assert found is not None
    return zlib.decompress(found[1]) if b"FlateDecode" in body else found[1]


def _unescaped(text: bytes) -> bytes:
    return re.sub(rb"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), text, flags=re.DOTALL)


def _letters(to_unicode: bytes) -> dict[int, str]:
    pairs = re.findall(rb"<([0-9A-Fa-f]+)> <([0-9A-Fa-f]+)>\n", to_unicode)
    return {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}


def pages(pdf: bytes) -> list[list[str]]:
    """What each page shows, in the order of drawing; letters that are drawn on one line stand together."""
    known = objects(pdf)
    maps: dict[int, dict[int, str]] = {}
    for body in known.values():
        for font, number in re.findall(rb"/F(\d+) (\d+) 0 R", body):
            unicode_map = re.search(rb"/ToUnicode (\d+) 0 R", known[int(number)])
            assert unicode_map is not None
            maps[int(font)] = _letters(_stream(known[int(unicode_map[1])]))
    contents = [
        re.search(rb"/Contents (\d+) 0 R", body) for body in known.values() if b"/Type /Page\n" in body
    ]
    return [_shown(_stream(known[int(found[1])]), maps) for found in contents if found]


def _shown(content: bytes, maps: dict[int, dict[int, str]]) -> list[str]:
    lines: list[str] = []
    font, height = 0, b""
    for chosen, single, several, _x, y in _SHOW.findall(content):
        if chosen:
            font = int(chosen)
        elif y:
            if y != height:
                lines.append("")
            elif lines and lines[-1]:
                lines[-1] += " "
            height = y
        else:
            raw = single or b"".join(re.findall(rb"\(((?:[^\\()]|\\.)*)\)", several, re.DOTALL))
            codes = _unescaped(raw)
            letters = (maps[font][int.from_bytes(codes[n : n + 2])] for n in range(0, len(codes), 2))
            lines[-1] += "".join(letters)
    return [line.strip() for line in lines if line.strip()]


def text(pdf: bytes) -> str:
    """All that the document shows."""
    return "\n".join("\n".join(page) for page in pages(pdf))


def attachments(pdf: bytes) -> dict[str, bytes]:
    """The files inside, by name."""
    known = objects(pdf)
    found = {}
    for body in known.values():
        if b"/Filespec" in body:
            name = re.search(rb"/F \(((?:[^\\()]|\\.)*)\)", body)
            number = re.search(rb"/EF <<.*?(\d+) 0 R", body, re.DOTALL)
            assert name is not None
            assert number is not None
            found[_unescaped(name[1]).decode()] = _stream(known[int(number[1])])
    return found
