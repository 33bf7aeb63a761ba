"""Make cctv/core/pdf/fonts again: `python -m tests.core.make_fonts [NotoSansCJK-Regular.ttc]`.

The collection is Debian's fonts-noto-cjk (version 2.004). Two of its faces are cut down to what our documents
need, so that the repository carries megabytes less: Korean (all modern Hangul, hanja of KS X 1001) and
Japanese (kanji and kana of JIS X 0208), each with Latin and the punctuation of both. The same source gives
the same bytes.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection

SOURCE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
TARGET = Path(__file__).resolve().parents[2] / "cctv" / "core" / "pdf" / "fonts"
LATIN = [
    *range(0x20, 0x7F),
    *range(0xA0, 0x180),
    *range(0x2010, 0x2040),
    0x20A9,
    0x20AC,
    *range(0x2190, 0x2194),
]
ARROWS = [*range(0x2190, 0x2194)]
HANGUL = [*range(0xAC00, 0xD7A4), *range(0x3131, 0x3190)]
KANA = [*range(0x3000, 0x3100), *range(0xFF01, 0xFFE7)]
FACES = {
    "NotoSansCJKkr-Lethe.otf": ("Noto Sans CJK KR", "euc_kr", [*LATIN, *ARROWS, *HANGUL, *KANA]),
    "NotoSansCJKjp-Lethe.otf": ("Noto Sans CJK JP", "euc_jp", [*LATIN, *ARROWS, *KANA]),
}


def of_charset(codec: str) -> Iterator[int]:
    """The code points of the two-byte part of an EUC encoding."""
    for lead in range(0xA1, 0xFF):
        for trail in range(0xA1, 0xFF):
            try:
                text = bytes((lead, trail)).decode(codec)
            except UnicodeDecodeError:
                continue
            yield from map(ord, text)


def main(source: Path) -> None:
    """Write both files."""
    options = Options(
        layout_features=[], hinting=False, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14], notdef_outline=True,
        drop_tables=["vmtx", "vhea", "VORG", "BASE", "GPOS", "GSUB", "GDEF", "DSIG"], recalc_timestamp=False,
    )  # fmt: skip
    for name, (face, codec, more) in FACES.items():
        fonts = TTCollection(source, lazy=True).fonts
        font = next(each for each in fonts if each["name"].getDebugName(4) == face)
        font.recalcTimestamp = False
        subsetter = Subsetter(options)
        subsetter.populate(unicodes={*more, *of_charset(codec)})
        subsetter.subset(font)
        font.save(TARGET / name)
        print(name, (TARGET / name).stat().st_size, font["name"].getDebugName(5))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE)
