"""A document of A4 pages, from the top down: headings, facts, tables, text, a QR code, attachments.

The same calls give the same bytes: time and author are given, nothing is read from the machine. Fonts
are embedded as far as they are used. Sizes are in millimetres, type in points.
"""

from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cctv.core.pdf import faces

LEFT, TOP, BOTTOM = 20.0, 18.0, 20.0
SHORT, LONG = 210.0, 297.0
TEXT_PT, SMALL_PT = 10.0, 8.0
MM_PER_PT = 25.4 / 72
LEADING = 1.5
HEADINGS_PT = {1: 19.0, 2: 12.5}
INK, QUIET, RULE = (17, 24, 28), (84, 96, 104), (205, 212, 217)
TONES = {"": INK, "quiet": QUIET, "ok": (20, 110, 70), "bad": (170, 30, 30), "warn": (140, 85, 0)}


@dataclass(frozen=True, slots=True)
class Column:
    """A table's column: its title, its share of the width, and whether it holds numbers."""

    title: str
    share: float
    numeric: bool = False


class Document:
    """One PDF. `language` is "ko", "ja" or "en"; `han` says whose han characters it means ("ko", "ja")."""

    def __init__(
        self, *, language: str, title: str, author: str, made_at: datetime, foot: str, han: str = "",
        subject: str = "", landscape: bool = False,
    ) -> None:  # fmt: skip
        """`foot` stands on every page, beside its number; a document in English may be about Japan."""
        from cctv.core.pdf.pages import Pages  # a fifth of what a command loads, and few make a document

        page_width, self._page_height = (LONG, SHORT) if landscape else (SHORT, LONG)
        self._width_mm = page_width - 2 * LEFT
        self._wraps: dict[tuple[str, float, float], list[str]] = {}
        self._han = han or (faces.JAPANESE if language == "ja" else faces.KOREAN)
        self._foot = faces.clean(foot)
        pdf = self._pdf = Pages(orientation="landscape" if landscape else "portrait", format="A4")
        for face, file in faces.FILES.items():
            pdf.add_font(face, fname=file)
        pdf.set_lang(language)
        pdf.set_title(title)
        pdf.set_author(author)
        pdf.set_subject(subject)
        pdf.set_creator("Lethe")
        pdf.set_producer("Lethe (fpdf2)")
        self._made_at = made_at.astimezone(UTC).replace(microsecond=0)
        pdf.set_creation_date(self._made_at)
        pdf.set_auto_page_break(False)
        pdf.set_margins(LEFT, TOP, LEFT)
        pdf.set_display_mode("fullwidth", "continuous")
        pdf.draw_foot = self._draw_foot
        pdf.alias_nb_pages(faces.PAGES)
        pdf.add_page()

    def heading(self, text: str, *, level: int = 1, align: str = "", before: float = 5) -> None:
        """The title of the document (1) or of a section (2), which keeps room for its first lines.

        `align`: "" (left), center or right, for text too. `before`: millimetres above that of a section.
        """
        if level > 1:
            self._space(before)
            self._room(26)
        size = HEADINGS_PT[level]
        self._lines(text, size=size, bold=True, align=align)
        self._space(3 if level == 1 else 1.5)

    def text(
        self, text: str, *, size: float = TEXT_PT, tone: str = "", after: float = 2, align: str = "",
        bold: bool = False,
    ) -> None:  # fmt: skip
        """A paragraph; `tone` is "", quiet, ok, warn or bad."""
        self._lines(text, size=size, tone=tone, bold=bold, align=align)
        self._space(after)

    def line(self, left: str, right: str, *, size: float = TEXT_PT) -> None:
        """One line with words at both margins; those at the right are short, the others keep clear."""
        begins, before = self._pdf.get_y(), self._narrow
        self._narrow += self._width(faces.clean(right), TEXT_PT) + 8
        self._lines(left, size=size)
        ends, self._narrow = self._pdf.get_y(), before
        self._pdf.set_y(begins)
        self._lines(right, size=TEXT_PT, align="right")
        self._pdf.set_y(max(ends, self._pdf.get_y()))

    def space(self, height: float) -> None:
        """Nothing, so many millimetres of it."""
        self._space(height)

    def keep(self, height: float) -> None:
        """Begin a new page unless so many millimetres are left: what follows is not torn apart."""
        self._room(height)

    @contextmanager
    def framed(self, *, height: float, dashed: bool = False, pad: float = 6) -> Any:
        """A frame around what is written inside; it begins a new page unless `height` is left on this one."""
        self._room(height)
        page, top = self._pdf.page, self._pdf.get_y()
        self._space(pad)
        self._indent += pad
        self._narrow += pad
        yield
        self._indent -= pad
        self._narrow -= pad
        self._space(pad)
        if self._pdf.page != page:  # taller than foreseen: no frame is better than one of two halves
            return
        self._pdf.set_draw_color(*(QUIET if dashed else INK))
        self._pdf.set_line_width(0.3 if dashed else 0.5)
        if dashed:
            self._pdf.set_dash_pattern(dash=1.6, gap=1.2)
        self._pdf.rect(
            LEFT, top, self._width_mm, self._pdf.get_y() - top, round_corners=True, corner_radius=1.5
        )
        self._pdf.set_dash_pattern()
        self._space(4)

    def facts(
        self, pairs: Sequence[tuple[str, str]], *, label_share: float = 0.3, size: float = TEXT_PT - 0.5
    ) -> None:
        """Label and value, one pair under the other."""
        columns = (Column("", label_share), Column("", 1 - label_share))
        for pair in pairs:
            self._row(columns, pair, tones=("quiet", ""), size=size)

    def table(
        self, columns: Sequence[Column], rows: Iterable[Sequence[str]], *, tones: Sequence[str] = (),
        size: float = TEXT_PT - 0.5,
    ) -> None:  # fmt: skip
        """A table; its head is repeated on each page. `tones` gives each row's last cell a tone."""
        titles = [column.title for column in columns]
        self._row(columns, titles, tones=["quiet"] * len(columns), size=min(size, SMALL_PT))
        for number, row in enumerate(rows):
            tone = tones[number] if number < len(tones) else ""
            self._row(columns, row, tones=[""] * (len(columns) - 1) + [tone], head=titles, size=size)

    def qr(self, content: str, *, size: float = 28, left: bool = False) -> None:
        """A QR code at the right (or left) margin, level with the next line; drawn as vectors."""
        import qrcode

        code = qrcode.QRCode(border=0, error_correction=qrcode.constants.ERROR_CORRECT_M)
        code.add_data(content)
        code.make(fit=True)
        matrix = code.get_matrix()
        self._room(size)
        module = size / len(matrix)
        right = LEFT + self._width_mm - self._narrow - size
        begins, top = LEFT + self._indent if left else right, self._pdf.get_y()
        self._pdf.set_fill_color(*INK)
        for y, row in enumerate(matrix):
            for x, dark in enumerate(row):
                if dark:
                    self._pdf.rect(begins + x * module, top + y * module, module, module, style="F")

    @contextmanager
    def beside_qr(self, content: str, *, size: float = 28, left: bool = False) -> Any:
        """Text inside the block stands beside the code; the block is at least as tall as the code."""
        self._room(size + 2)
        page, top = self._pdf.page, self._pdf.get_y()
        self.qr(content, size=size, left=left)
        before = self._indent, self._narrow
        self._indent += size + 6 if left else 0.0
        self._narrow += 0.0 if left else size + 6
        yield
        self._indent, self._narrow = before
        if self._pdf.page == page:
            self._pdf.set_y(max(self._pdf.get_y(), top + size + 2))

    # What text keeps clear of at the left and at the right.
    _indent, _narrow = 0.0, 0.0

    def pictures(self, jpegs: Sequence[tuple[str, bytes]], *, across: int = 2) -> None:
        """Pictures (JPEG) in rows of `across`, each with its words below it; their bytes stay as they are."""
        from io import BytesIO

        width = (self._width_mm - (across - 1) * 6) / across
        for first in range(0, len(jpegs), across):
            row = jpegs[first : first + across]
            words = [self._wrapped(text, width, SMALL_PT) for text, _data in row]
            below = max(map(len, words)) * SMALL_PT * MM_PER_PT * LEADING
            tallest = self._page_height - TOP - BOTTOM - below - 4
            sizes = [_fitting(data, width, tallest) for _text, data in row]
            height = max(tall for _wide, tall in sizes)
            self._room(height + below + 4)
            top = self._pdf.get_y()
            for number, ((_text, data), (wide, tall)) in enumerate(zip(row, sizes, strict=True)):
                left = LEFT + number * (width + 6)
                self._pdf.image(BytesIO(data), left, top, wide, tall)
                self._pdf.set_xy(LEFT, top)
                for line_number, line in enumerate(words[number]):
                    at = top + height + 1 + line_number * SMALL_PT * MM_PER_PT * LEADING
                    self._draw(line, left, at, width, size=SMALL_PT, tone="quiet")
            self._pdf.set_y(top + height + below + 4)

    def attach(self, name: str, data: bytes, *, mime_type: str, description: str) -> None:
        """Put a file into the document."""
        self._pdf.embed_file(
            bytes=data, basename=name, mime_type=mime_type, desc=description, compress=True, checksum=True,
            creation_date=self._made_at, modification_date=self._made_at, associated_file_relationship="Data",
        )  # fmt: skip

    def to_bytes(self) -> bytes:
        """The finished file."""
        return bytes(self._pdf.output() or b"")

    # ------------------------------------------------------------------ drawing

    def _face(self, text: str, size: float) -> None:
        face = faces.face_of(text, self._han)
        self._pdf.set_font(face, size=size)
        self._pdf.set_fallback_fonts([each for each in faces.FILES if each != face])

    def _measure(self, text: str) -> float:
        return float(self._pdf.get_string_width(text))

    def _wrapped(self, text: str, width: float, size: float) -> list[str]:
        known = (text, width, size)
        if known not in self._wraps:  # a long table says the same in row after row
            cleaned = faces.clean(text)
            self._face(cleaned, size)
            self._wraps[known] = faces.wrap(cleaned, width, self._measure)
        return self._wraps[known]

    def _lines(
        self, text: str, *, size: float, tone: str = "", bold: bool = False, align: str = ""
    ) -> None:  # fmt: skip
        height = size * MM_PER_PT * LEADING
        width = self._width_mm - self._indent - self._narrow
        for line in self._wrapped(text, width, size):
            self._room(height)
            spare = (
                width - self._width(line, size) - 2 if align else 0.0
            )  # a cell pads a millimetre each side
            left = LEFT + self._indent + {"right": spare, "center": spare / 2}.get(align, 0.0)
            self._draw(line, left, self._pdf.get_y(), width, size=size, tone=tone, bold=bold)
            self._space(height)

    def _row(
        self, columns: Sequence[Column], cells: Sequence[str], *, tones: Sequence[str],
        size: float = TEXT_PT - 0.5, head: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """One row with a rule below it; broken over pages only if it is taller than one."""
        whole = self._width_mm - self._indent - self._narrow
        widths = [column.share * whole for column in columns]
        wrapped = [
            self._wrapped(cell, width - 3, size) for cell, width in zip(cells, widths, strict=True)
        ]  # fmt: skip
        height = size * MM_PER_PT * LEADING
        tallest = self._page_height - TOP - BOTTOM - 20
        if self._room(min(max(map(len, wrapped)) * height + 2, tallest)) and head:
            self._row(columns, head, tones=["quiet"] * len(columns), size=min(size, SMALL_PT))
        for number in range(max(map(len, wrapped))):
            self._room(height)
            left, top = LEFT + self._indent, self._pdf.get_y() + 0.8
            for column, width, lines, tone in zip(columns, widths, wrapped, tones, strict=True):
                if number < len(lines):
                    inner = width - 3
                    indent = inner - self._width(lines[number], size) if column.numeric else 0.0
                    self._draw(lines[number], left + indent, top, inner, size=size, tone=tone)
                left += width
            self._space(height)
        self._space(1.6)
        self._pdf.set_draw_color(*RULE)
        self._pdf.set_line_width(0.15)
        left, top = LEFT + self._indent, self._pdf.get_y()
        self._pdf.line(left, top, left + whole, top)
        self._space(0.6)

    def _width(self, line: str, size: float) -> float:
        self._face(line, size)
        return self._measure(line)

    def _draw(
        self, line: str, left: float, top: float, width: float, *, size: float, tone: str = "",
        bold: bool = False,
    ) -> None:  # fmt: skip
        pdf = self._pdf
        self._face(line, size)
        pdf.set_text_color(*TONES[tone])
        pdf.set_xy(left, top)
        # No bold face is carried along: a thin outline in the same colour does.
        with pdf.local_context(
            text_mode=pdf.OUTLINED if bold else pdf.FILLED, draw_color=TONES[tone],
            line_width=0.11 if bold else 0.0,
        ):  # fmt: skip
            pdf.cell(width, size * MM_PER_PT * LEADING, line)
        pdf.set_xy(LEFT, top)

    def _space(self, height: float) -> None:
        self._pdf.set_y(self._pdf.get_y() + height)

    def _room(self, height: float) -> bool:
        """Begin a new page unless so much is left on this one; whether it did."""
        if self._pdf.get_y() + height <= self._page_height - BOTTOM:
            return False
        self._pdf.add_page()
        return True

    def _draw_foot(self) -> None:
        pdf, top = self._pdf, self._page_height - BOTTOM + 6
        number = f"{pdf.page_no()} / {faces.PAGES}"
        lines = self._wrapped(self._foot, self._width_mm - 30, SMALL_PT)
        self._draw(lines[0], LEFT, top, self._width_mm - 30, size=SMALL_PT, tone="quiet")
        self._draw(number, LEFT + self._width_mm - 16, top, 16, size=SMALL_PT, tone="quiet")


def _fitting(jpeg: bytes, width: float, height: float) -> tuple[float, float]:
    """Width and height of the picture, as large as both allow."""
    from io import BytesIO

    from PIL import Image

    with Image.open(BytesIO(jpeg)) as picture:
        wide, tall = picture.size
    scale = min(width / wide, height / tall)
    return wide * scale, tall * scale
