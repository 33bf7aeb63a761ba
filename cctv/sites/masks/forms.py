"""The page of a camera's masks: polygons as one text from the script, or as numbers where there is none."""

import json
import re
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError
from cctv.sites.masks import polygons, services
from cctv.sites.masks.scopes import COPIES, CameraMasks

NUMBER = re.compile(r"m(\d{1,2})p(\d{1,2})([xy])")
SPARE_POINTS = 2
NEW_MASK_POINTS = 4
Points = list[tuple[str, str]]


@dataclass(frozen=True)
class Row:
    """The numbers of a mask, as texts in percent, and whether it holds for copies alone."""

    points: Points
    copies: bool = False


class MasksForm(forms.Form):
    """`masks` of the cleaned data are the polygons; `rows` is what the number fields show."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    polygons = forms.CharField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_(
            "Needed when a part of the picture that is covered now is to be seen. It goes into the log."
        ),
    )

    def clean(self) -> dict[str, Any]:
        """Add `masks`; what is wrong with them is said once, above all."""
        data = super().clean() or {}
        try:
            data["masks"] = services.read(self._typed())
        except LetheError as error:
            self.add_error(None, str(error.message))
        except (ValueError, RecursionError):
            self.add_error(None, _("One of the numbers cannot be read. Write them as 12.5, from 0 to 100."))
        return data

    def rows(self, masks: CameraMasks | None) -> list[Row]:
        """The numbers of each mask: as typed, else of `masks`; with empty ones for more."""
        found = self._texts() if self.is_bound else []
        if not found:
            drawn = self.drawn(masks)
            scoped = [*((each, False) for each in drawn.always), *((each, True) for each in drawn.copies)]
            found = [Row([(_percent(x), _percent(y)) for x, y in shape], copies) for shape, copies in scoped]
        spare = [("", "")]
        rows = [
            Row([*row.points, *spare * min(SPARE_POINTS, polygons.MOST_POINTS - len(row.points))], row.copies)
            for row in found
        ]
        return [*rows, Row(spare * NEW_MASK_POINTS)] if len(rows) < polygons.MOST_MASKS else rows

    def drawn(self, masks: CameraMasks | None) -> CameraMasks:
        """What was sent, where it was sound and only something else was not."""
        self.is_valid()  # cleans, if that has not been done
        sent: CameraMasks | None = self.cleaned_data.get("masks") if self.is_bound else None
        return (masks or CameraMasks()) if sent is None else sent

    def again(self) -> "MasksForm":
        """The same, not judged yet."""
        return MasksForm(initial={name: self.data.get(name, "") for name in ("seen", "reason")})

    def _typed(self) -> Any:
        text = self.data.get("polygons", "")
        if text:
            return json.loads(text)
        rows = [(row, [[float(x) / 100, float(y) / 100] for x, y in row.points]) for row in self._texts()]
        return [{COPIES: shape} if row.copies else shape for row, shape in rows]

    def _texts(self) -> list[Row]:
        """The number fields that were filled in, in their order; a mask without any is none."""
        found: dict[int, dict[int, dict[str, str]]] = {}
        for name in self.data:
            match = NUMBER.fullmatch(name)
            text = str(self.data.get(name, "")).strip().replace(",", ".")
            if match and text:
                found.setdefault(int(match[1]), {}).setdefault(int(match[2]), {})[match[3]] = text
        return [
            Row(
                [(point.get("x", ""), point.get("y", "")) for _number, point in sorted(mask.items())],
                self.data.get(f"m{number}scope") == COPIES,
            )
            for number, mask in sorted(found.items())
        ]


def _percent(value: float) -> str:
    return f"{value * 100:g}"
