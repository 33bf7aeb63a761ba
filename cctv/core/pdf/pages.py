"""The library's document, with a foot on each page."""

from typing import Any

from fpdf import FPDF
from fpdf.enums import TextMode


class Pages(FPDF):
    """Adds the foot to each page."""

    FILLED, OUTLINED = TextMode.FILL, TextMode.FILL_STROKE
    foot = ""
    draw_foot: Any = None

    def footer(self) -> None:
        """Called by the library at the end of each page."""
        if self.draw_foot is not None:
            self.draw_foot()
