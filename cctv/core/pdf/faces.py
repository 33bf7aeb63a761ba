"""Which letters stand in which of the two faces, and where a line may break. Imports no Django.

Korean and Japanese write many han characters differently, so the face follows the language of the
text: its own letters tell it (Hangul, kana), else the language of the document.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from unicodedata import category, normalize

FOLDER = Path(__file__).parent / "fonts"
KOREAN, JAPANESE = "ko", "ja"
FILES = {KOREAN: FOLDER / "NotoSansCJKkr-Lethe.otf", JAPANESE: FOLDER / "NotoSansCJKjp-Lethe.otf"}
# The geta mark: what Japanese printers set for a letter they did not have.
MISSING = "〓"
# Stands for the number of pages until it is known: a letter for private use, which no text brings (`clean`).
PAGES = "\ue000"

_HANGUL = re.compile("[\u1100-\u11ff\u3131-\u318f\uac00-\ud7a3]")
_KANA = re.compile("[\u3041-\u30ff]")
# Letters between which a line may break without a space.
_WIDE = re.compile("[\u3001-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffe6]")
_CLOSING, _OPENING = ("Pe", "Pf"), ("Ps", "Pi")
_NEVER_FIRST = frozenset("、。，．・：；？！々ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ…%,.:;?!")  # noqa: RUF001


@cache
def letters(face: str) -> frozenset[int]:
    """The code points that the face can draw."""
    from fontTools.ttLib import TTFont

    with TTFont(FILES[face], lazy=True) as font:
        return frozenset(font.getBestCmap())


@cache
def _drawable() -> frozenset[int]:
    """What one of the faces can draw, but for the letter that stands for the number of pages."""
    return (letters(KOREAN) | letters(JAPANESE)) - {ord(PAGES)}


def clean(text: str) -> str:
    """Composed, without control characters, and with a mark for what neither face can draw."""
    known = _drawable()
    composed = normalize("NFC", text)
    kept = (" " if letter in "\t\r\u00a0" else letter for letter in composed)
    return "".join(
        letter if letter == "\n" or ord(letter) in known else MISSING
        for letter in kept
        if letter == "\n" or category(letter) not in ("Cc", "Cf", "Mn")
    )


def face_of(text: str, default: str) -> str:
    """The face whose han characters belong into this text."""
    if _HANGUL.search(text):
        return KOREAN
    return JAPANESE if _KANA.search(text) else default


def wrap(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """Lines no wider than `width`: broken at spaces, between han characters and kana, else anywhere."""
    return [line for paragraph in text.split("\n") for line in _wrap(paragraph, width, measure)]


def _wrap(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    lines, line = [], ""
    for word in _words(text):
        if measure((line + word).rstrip()) <= width:
            line += word
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = word.lstrip()
        while measure(line.rstrip()) > width:
            fits = _fitting(line, width, measure)
            lines.append(line[:fits])
            line = line[fits:]
    return [*lines, line.rstrip()]


def _fitting(line: str, width: float, measure: Callable[[str], float]) -> int:
    """How many letters of a word that is too long stand in one line, at least one: looked for by doubling,
    then by halving, so that a word of thousands of letters is measured a few times for each line.
    """
    beyond = 2
    while beyond < len(line) and measure(line[:beyond]) <= width:
        beyond *= 2
    first = max(1, beyond // 2)
    counts = range(first + 1, min(beyond, len(line)) + 1)
    return first + bisect_right(counts, width, key=lambda count: measure(line[:count]))


def _words(text: str) -> Iterator[str]:
    """Pieces that stay together, with the spaces that follow them."""
    word = ""
    for letter in text:
        if word and _may_break(word[-1], letter):
            yield word
            word = ""
        word += letter
    if word:
        yield word


def _may_break(before: str, after: str) -> bool:
    if after == " ":
        return False
    if before == " ":
        return True
    if after in _NEVER_FIRST or category(after) in _CLOSING or category(before) in _OPENING:
        return False
    return bool(_WIDE.match(before) or _WIDE.match(after))
