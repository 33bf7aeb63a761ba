"""From what was seen and what people decided to what is drawn on every frame; no Django, no state.

The editor, the job that renders, the reviewer's page and the benchmark all ask here, so that what was
previewed, what was reviewed and what leaves are drawn alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from cctv.redaction.drawing.drawing import Polygon, Style
from cctv.redaction.tracks.doubts import Doubt
from cctv.redaction.tracks.edits import Edit

__all__ = ["Doubt", "Edit", "Settings"]

Mode = Literal["reveal", "hide", "manual"]
SubjectKind = Literal["person", "vehicle", "belonging", "nobody"]


@dataclass(frozen=True)
class Settings:
    """What holds for the whole redaction; edits of `mode`, `style` and `subject_kind` come on top.

    `masks`: the camera's own privacy masks, polygons in portions of the picture.
    `aspect`: width / height of the picture, so that padding is even both ways.
    """

    mode: Mode = "reveal"
    style: Style = "fill"
    subject_kind: SubjectKind = "person"
    masks: tuple[Polygon, ...] = field(default=())
    aspect: float = 16 / 9
