"""What a proposed answer is asked for."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from cctv.core.ids import new_id
from cctv.core.localtime import last_moment
from cctv.core.spanform import SpanForm, day_field
from cctv.redaction.models import Redaction
from cctv.sites.models import Camera
from cctv.subjects.deciding import proposing
from cctv.subjects.deciding.models import Outcome
from cctv.subjects.deciding.proposing import MOST_TEXT, Proposal
from cctv.subjects.delivering.erasing import Part
from cctv.subjects.profiles import grounds_of
from cctv.subjects.requests.models import RequestKind, SubjectRequest

STRETCHES = 3
Span = tuple[datetime, datetime]


class _Copies(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Redacted copies, by number, camera and time."""

    def label_from_instance(self, obj: Any) -> str:
        zone = ZoneInfo(obj.site.time_zone)
        first, last = obj.starts_at.astimezone(zone), obj.ends_at.astimezone(zone)
        return f"{obj.number} · {obj.camera.name} · {first:%Y-%m-%d %H:%M:%S}–{last:%H:%M:%S}"


class StretchForm(SpanForm):
    """One time of the part that is erased."""

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        """`zone`: the site's clocks."""
        super().__init__(*args, **kwargs)
        self.zone = zone

    @staticmethod
    def named(span: Span, zone: ZoneInfo) -> dict[str, Any]:
        """A span as the fields say it."""
        start, end = (each.astimezone(zone).replace(microsecond=0) for each in span)
        return {"day": start.date(), "start": start.time(), "end_day": end.date(), "end": end.time()}


StretchSet = forms.formset_factory(StretchForm, extra=STRETCHES, max_num=STRETCHES)


class ProposalForm(forms.Form):
    """Outcome, grounds of the law, words for the letter, copies."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    outcome = forms.ChoiceField(label=_("Answer"), widget=forms.RadioSelect)
    grounds = forms.MultipleChoiceField(
        label=_("Grounds"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Needed for a refusal, whole or in part. The letter names them with their article."),
    )  # fmt: skip
    text = forms.CharField(
        label=_("In plain words"), required=False, max_length=MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Needed wherever the letter does not say by itself what is granted. It stands in the"
                    " letter as you write it, so write in the requester's language."),
    )  # fmt: skip
    searched = forms.CharField(
        label=_("What was looked through"), required=False, max_length=MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Cameras and times, for the letter. Needed where we hold nothing."),
    )  # fmt: skip
    redactions = _Copies(
        label=_("Copies that the requester gets"), queryset=Redaction.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Approved redactions made for this request. They go out exactly as they are now."),
    )  # fmt: skip
    part = forms.ModelMultipleChoiceField(
        label=_("Cameras of the part that is erased"), queryset=Camera.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Only where an erasure is granted in part. The letter names the part."),
    )  # fmt: skip
    postponed_until = day_field(
        _("Last day of what keeps us from answering"), required=False,
        help_text=_("Only where the answer is postponed."),
    )  # fmt: skip

    def __init__(self, *args: Any, request: SubjectRequest, **kwargs: Any) -> None:
        """Choices are the request's."""
        super().__init__(*args, **kwargs)
        self.request = request
        outcome, grounds, copies = (self.fields[name] for name in ("outcome", "grounds", "redactions"))
        assert isinstance(outcome, forms.ChoiceField)
        assert isinstance(grounds, forms.ChoiceField)
        assert isinstance(copies, forms.ModelMultipleChoiceField)
        outcome.choices = proposing.outcomes_of(request)
        grounds.choices = [
            (each.code, each.text) for each in grounds_of(request.jurisdiction, request.kind)
        ]  # fmt: skip
        ids = [each.pk for each in proposing.copies_of(request)]
        copies.queryset = Redaction.objects.filter(pk__in=ids).select_related("camera", "site")
        self.initial.setdefault("token", new_id())
        if "postponed" not in dict(proposing.outcomes_of(request)):
            del self.fields["postponed_until"]
        if not ids:
            del self.fields["redactions"]
        if request.kind != RequestKind.ERASURE:
            del self.fields["part"]
        if not grounds.choices:
            del self.fields["grounds"]
        self.stretches = self._stretches() if request.kind == RequestKind.ERASURE else None

    def _stretches(self) -> Any:
        """The times of a part; all that the request names to begin with."""
        request, cameras = self.request, self.fields["part"]
        assert isinstance(cameras, forms.ModelMultipleChoiceField)
        cameras.queryset = request.cameras.order_by("name")
        zone = ZoneInfo(request.site.time_zone)
        spans = self.initial.get("stretches") or [(request.starts_at, request.ends_at)]
        named = [StretchForm.named(span, zone) for span in spans]
        bound = self.data if self.is_bound else None
        return StretchSet(bound, prefix="stretch", initial=named, form_kwargs={"zone": zone})

    def clean(self) -> dict[str, Any]:
        """Add the part as `parts`: each camera with each time, as far as the request names it."""
        data = super().clean() or {}
        if self.stretches is None or data.get("outcome") != Outcome.PARTLY:
            return data
        if not self.stretches.is_valid():
            self.add_error("part", _("Look at the times of the part again."))
            return data
        spans = [each.cleaned_data["span"] for each in self.stretches if "span" in each.cleaned_data]
        data["parts"] = [
            part for camera in data.get("part", []) for span in spans if (part := self._part(camera, span))
        ]
        return data

    def _part(self, camera: Camera, span: Span) -> Part | None:
        start, end = max(span[0], self.request.starts_at), min(span[1], self.request.ends_at)
        return Part(camera, start, end) if start < end else None

    def proposal(self) -> Proposal:
        """As it is proposed."""
        data = self.cleaned_data
        day = data.get("postponed_until")
        until = None
        if day is not None and data["outcome"] == "postponed":
            zone = ZoneInfo(self.request.site.time_zone)
            until = last_moment(datetime.combine(day, datetime.max.time().replace(microsecond=0)), zone)
        return Proposal(
            outcome=data["outcome"], grounds=self._grounds(), text=data["text"],
            searched=data["searched"], redactions=list(data.get("redactions", [])), postponed_until=until,
            part=data.get("parts", []),
        )  # fmt: skip

    def _grounds(self) -> list[str]:
        """Those of a refusal, whole or in part; what is ticked from before of any other is nobody's."""
        refuses = self.cleaned_data["outcome"] in (Outcome.REFUSED, Outcome.PARTLY)
        return list(self.cleaned_data.get("grounds", [])) if refuses else []


class RemarkForm(forms.Form):
    """What is to be changed."""

    remark = forms.CharField(
        label=_("Remark"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Needed to give it back. Whoever proposed it reads it."),
    )  # fmt: skip
