"""The page of a camera's masks: polygons as one text from the script, or as numbers where there is none."""

import json
import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError
from cctv.sites.masks import polygons, services
from cctv.sites.masks.polygons import Masks

NUMBER = re.compile(r"m(\d{1,2})p(\d{1,2})([xy])")
SPARE_POINTS = 2
NEW_MASK_POINTS = 4
Rows = list[list[tuple[str, str]]]


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

    def rows(self, masks: Masks | None) -> Rows:
        """Number texts of each mask in percent: as typed, else of `masks`; with empty ones for more."""
        found = self._texts() if self.is_bound else []
        if not found:
            found = [[(_percent(x), _percent(y)) for x, y in polygon] for polygon in self.drawn(masks)]
        spare = [("", "")]
        rows = [[*row, *spare * min(SPARE_POINTS, polygons.MOST_POINTS - len(row))] for row in found]
        return [*rows, spare * NEW_MASK_POINTS] if len(rows) < polygons.MOST_MASKS else rows

    def drawn(self, masks: Masks | None) -> Masks:
        """What was sent, where it was sound and only something else was not."""
        self.is_valid()  # cleans, if that has not been done
        sent: Masks | None = self.cleaned_data.get("masks") if self.is_bound else None
        return (masks or ()) if sent is None else sent

    def again(self) -> "MasksForm":
        """The same, not judged yet."""
        return MasksForm(initial={name: self.data.get(name, "") for name in ("seen", "reason")})

    def _typed(self) -> Any:
        text = self.data.get("polygons", "")
        if text:
            return json.loads(text)
        return [[[float(x) / 100, float(y) / 100] for x, y in row] for row in self._texts()]

    def _texts(self) -> Rows:
        """The number fields that were filled in, in their order; a mask without any is none."""
        found: dict[int, dict[int, dict[str, str]]] = {}
        for name in self.data:
            match = NUMBER.fullmatch(name)
            text = str(self.data.get(name, "")).strip().replace(",", ".")
            if match and text:
                found.setdefault(int(match[1]), {}).setdefault(int(match[2]), {})[match[3]] = text
        return [
            [(point.get("x", ""), point.get("y", "")) for _number, point in sorted(mask.items())]
            for _number, mask in sorted(found.items())
        ]


def _percent(value: float) -> str:
    return f"{value * 100:g}"
