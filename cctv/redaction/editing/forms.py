"""What the sheet of a new redaction asks for."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from cctv.core.localtime import first_moment, last_moment
from cctv.footage.models import ViewingSession
from cctv.redaction.models import Mode, SubjectKind
from cctv.sites.models import Camera

# Around the moment that somebody looked at.
SUGGESTED = timedelta(minutes=1)
LOCAL = "%Y-%m-%dT%H:%M:%S"
FORMATS = (LOCAL, "%Y-%m-%dT%H:%M")


class LocalMomentField(forms.DateTimeField):
    """A date and time on the site's clocks; cleans to a naive datetime."""

    def __init__(self, **kwargs: Any) -> None:
        """As a browser's own field with seconds."""
        widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format=LOCAL)
        super().__init__(widget=widget, input_formats=FORMATS, **kwargs)

    def to_python(self, value: Any) -> datetime | None:
        """Left without a zone: which one it is in, the form knows."""
        if isinstance(value, datetime) or value in self.empty_values:
            return value or None
        for format_ in FORMATS:
            try:
                return datetime.strptime(str(value).strip(), format_)  # noqa: DTZ007 - see above
            except ValueError:
                continue
        raise forms.ValidationError(self.error_messages["invalid"], code="invalid")


class NewForm(forms.Form):
    """Which camera of the viewing, which stretch of it, what is to be seen, and who stays visible."""

    camera = forms.ModelChoiceField(
        queryset=Camera.objects.none(), to_field_name="code", label=_("Camera"), empty_label=None
    )
    starts = LocalMomentField(label=_("From"))
    ends = LocalMomentField(label=_("To"))
    mode = forms.ChoiceField(label=_("What will be seen"), choices=Mode, widget=forms.RadioSelect)
    subject_kind = forms.ChoiceField(
        label=_("Who or what stays visible"), choices=SubjectKind, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, session: ViewingSession, **kwargs: Any) -> None:
        """`session` limits cameras and times."""
        super().__init__(*args, **kwargs)
        self.session = session
        self.zone = ZoneInfo(session.site.time_zone)
        field = self.fields["camera"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = session.cameras.select_related("site").order_by("name")

    def clean(self) -> dict[str, Any]:
        """Add the UTC span as `span`, cut to the viewing: its ends may lie within a second."""
        data = super().clean() or {}
        if not {"starts", "ends"} <= data.keys():
            return data
        start = max(first_moment(data["starts"], self.zone), self.session.starts_at)
        end = min(last_moment(data["ends"], self.zone), self.session.ends_at)
        if end <= start:
            self.add_error("ends", _("Choose an end after the start, both in the time of this viewing."))
        data["span"] = (start, end)
        return data


def suggested(session: ViewingSession, query: dict[str, str]) -> dict[str, Any]:
    """What the sheet begins with: the camera and stretch (or moment) of the room, in epoch milliseconds."""
    zone = ZoneInfo(session.site.time_zone)
    start, end = _moment(query.get("from")), _moment(query.get("to"))
    at = start or session.starts_at
    if start is None or end is None or end <= start:
        start, end = at - SUGGESTED, at + SUGGESTED
    start, end = max(start, session.starts_at), min(end, session.ends_at)
    if end <= start:
        start, end = session.starts_at, min(session.starts_at + 2 * SUGGESTED, session.ends_at)
    rounded = end + timedelta(seconds=1) - timedelta(microseconds=1)
    cameras = list(session.cameras.order_by("name").values_list("code", flat=True))
    wanted = query.get("camera")
    return {
        "camera": wanted if wanted in cameras else cameras[0],
        "starts": start.astimezone(zone).replace(tzinfo=None, microsecond=0),
        "ends": rounded.astimezone(zone).replace(tzinfo=None, microsecond=0),
        "mode": Mode.REVEAL,
        "subject_kind": SubjectKind.PERSON,
    }


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(text) / 1000, UTC) if text else None
    except (ValueError, OverflowError, OSError):
        return None
