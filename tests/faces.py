"""Reading the typefaces of documents once per process, and cutting them once per set of glyphs.

A PDF carries no more of its typefaces than the glyphs it shows. Cutting and compiling them is most of what
a document costs, and the documents of tests show the same glyphs again and again.
What was cut once for the same glyphs is used as it is: the file is the same, byte by byte.
"""

from copy import copy
from io import BytesIO
from typing import Any

from fontTools.subset import Subsetter
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables.C_F_F_ import table_C_F_F_
from fpdf.fonts import SubsetMap, TTFFont
from fpdf.output import OutputProducer

Key = tuple[str, frozenset[str]]
_known: dict[Key, "_Cut"] = {}
_read: dict[str, dict[str, Any]] = {}
MOST = 200  # documents of one test process


class _Cut:
    """A typeface that was cut, and its bytes."""

    def __init__(self, face: Any) -> None:
        self._face, self._saved = face, BytesIO()
        self._compiled = face["CFF "].compile(face)
        self.getGlyphID, self.close = face.getGlyphID, lambda: None

    def __contains__(self, table: str) -> bool:
        return table in self._face

    def __getitem__(self, table: str) -> Any:
        return self if table == "CFF " else self._face[table]

    def compile(self, _face: Any) -> bytes:
        return bytes(self._compiled)

    def save(self, file: Any) -> None:
        """The library takes the compiled glyphs alone of faces such as ours."""


def cut_faces_once() -> None:
    """Let documents with the same glyphs share what was cut for the first of them; called once."""
    producer: Any = OutputProducer
    subsetter: Any = Subsetter
    table: Any = table_C_F_F_
    add, subset, compiled = producer._add_fonts, subsetter.subset, table.compile

    def _add_fonts(self: Any, *arguments: Any) -> Any:
        faces = [each for each in self.fpdf.fonts.values() if _is_ours(each)]
        keys = [(str(each.ttffile), frozenset(each.subset.get_all_glyph_names())) for each in faces]
        for face, key in zip(faces, keys, strict=True):
            if key in _known:
                face.ttfont.close()
                face.ttfont = _known[key]
        found = add(self, *arguments)
        for face, key in zip(faces, keys, strict=True):
            if key not in _known and len(_known) < MOST:
                _known[key] = _Cut(face.ttfont)
        return found

    def cut(self: Any, face: Any) -> None:
        if not isinstance(face, _Cut):
            subset(self, face)

    def compile_once(self: Any, face: Any) -> bytes:
        """It is compiled once for the file that is thrown away, and again for what is taken."""
        if not hasattr(self, "compiled"):
            self.compiled = compiled(self, face)
        return bytes(self.compiled)

    producer._add_fonts, subsetter.subset, table.compile = _add_fonts, cut, compile_once


def read_faces_once() -> None:
    """Let each document have a copy of what was read of a typeface for the first of them; called once."""
    face: Any = TTFFont
    read = face.__init__

    def __init__(self: Any, fpdf: Any, file: Any, *arguments: Any, **more: Any) -> None:
        described = repr((str(file), arguments, more))
        if described not in _read:
            read(self, fpdf, file, *arguments, **more)
            if _is_ours(self):
                own = {name: getattr(self, name) for name in face.__slots__ if hasattr(self, name)}
                _read[described] = {name: _apart(each) for name, each in own.items() if name not in _OWN}
            return
        for name, each in _read[described].items():
            setattr(self, name, _apart(each))
        self.i = len(fpdf.fonts) + 1
        number = self.collection_font_number
        self.ttfont = TTFont(self.ttffile, recalcTimestamp=False, fontNumber=number, lazy=True)
        self.subset = SubsetMap(self)

    face.__init__ = __init__


# What a document makes of a typeface.
_OWN = {"i", "ttfont", "subset"}


def _apart(each: Any) -> Any:
    return copy(each) if isinstance(each, dict | list) else each


def _is_ours(face: Any) -> bool:
    return isinstance(face, TTFFont) and face.is_cff and face.is_cid_keyed and not face.color_font
