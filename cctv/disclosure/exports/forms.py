"""What the page that asks for an export wants to know; times are those of the site's clocks."""

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError
from cctv.core.ids import new_id
from cctv.core.localtime import FIRST_DAY, LAST_DAY, first_moment, last_moment
from cctv.disclosure.cases.models import Case, CaseState, Letter
from cctv.disclosure.exports.details import Details
from cctv.disclosure.exports.grounds import offered
from cctv.disclosure.exports.models import ExportForm as Form
from cctv.disclosure.exports.models import RecipientKind
from cctv.disclosure.exports.selectors import REDACTIONS_OFFERED, approved_redactions
from cctv.disclosure.exports.wishes import MOST_KEEP_DAYS, MOST_SPANS, Wanted, Wish
from cctv.redaction.models import Redaction
from cctv.sites.models import Camera, Purpose, Site

OTHER = "other"
MOMENT = "%Y-%m-%dT%H:%M:%S"
_VALIDATORS = [
    MinValueValidator(datetime.combine(FIRST_DAY, time(), tzinfo=UTC)),
    MaxValueValidator(datetime.combine(LAST_DAY, time(), tzinfo=UTC)),
]


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format=MOMENT)
    return forms.DateTimeField(
        label=label, widget=widget, validators=_VALIDATORS,
        input_formats=[MOMENT, "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"],
    )  # fmt: skip


if TYPE_CHECKING:
    _OfRedaction = forms.ModelChoiceField[Redaction]
    _OfLetter = forms.ModelChoiceField[Letter]
    _OfCase = forms.ModelChoiceField[Case]
else:  # the class takes no parameters while it runs
    _OfRedaction = _OfLetter = _OfCase = forms.ModelChoiceField


class _RedactionField(_OfRedaction):
    def label_from_instance(self, obj: Redaction) -> str:
        zone = ZoneInfo(obj.site.time_zone)
        start, end = obj.starts_at.astimezone(zone), obj.ends_at.astimezone(zone)
        return f"{obj.number} · {obj.camera.name} · {start:%Y-%m-%d %H:%M:%S}–{end:%H:%M:%S}"


class _LetterField(_OfLetter):
    def label_from_instance(self, obj: Letter) -> str:
        number = f" ({obj.document_number})" if obj.document_number else ""
        return f"{obj.case.number} · {obj.title}{number}"


class _CaseField(_OfCase):
    def label_from_instance(self, obj: Case) -> str:
        return f"{obj.number} · {obj.title}"


class SpanRow(forms.Form):
    """One stretch of one camera."""

    camera = forms.ModelChoiceField(
        label=_("Camera"), queryset=Camera.objects.none(), to_field_name="code", empty_label=_("Choose")
    )
    starts = _moment(_("From"))
    ends = _moment(_("To"))
    form = forms.ChoiceField(label=_("What goes out"), choices=Form.choices)
    redaction = _RedactionField(
        label=_("Approved redaction"), queryset=Redaction.objects.none(), to_field_name="number",
        required=False, empty_label=_("None"),
    )  # fmt: skip

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        """`site` gives cameras, redactions and clocks."""
        super().__init__(*args, **kwargs)
        self.zone = ZoneInfo(site.time_zone)
        camera, redaction = self.fields["camera"], self.fields["redaction"]
        assert isinstance(camera, forms.ModelChoiceField)
        assert isinstance(redaction, forms.ModelChoiceField)
        camera.queryset = Camera.objects.filter(site=site).select_related("site").order_by("name")
        redaction.queryset = approved_redactions(site)
        newest = list(approved_redactions(site)[:REDACTIONS_OFFERED])
        redaction.choices = [
            ("", _("None")),
            *((row.number, redaction.label_from_instance(row)) for row in newest),
        ]

    def clean(self) -> dict[str, Any]:
        """Times become UTC; what is only redacted goes from and to where its redaction does."""
        data: dict[str, Any] = super().clean() or {}
        form, redaction, camera = (data.get(name) for name in ("form", "redaction", "camera"))
        if form == Form.NATIVE:
            data["redaction"] = redaction = None
        elif form and redaction is None and "redaction" not in self.errors:
            self.add_error("redaction", _("Choose the approved redaction that goes out."))
        if redaction is not None and camera is not None and redaction.camera_id != camera.pk:
            self.add_error("redaction", _("This redaction is of another camera."))
        if data.get("starts") and data.get("ends"):
            data["span"] = first_moment(data["starts"], self.zone), last_moment(data["ends"], self.zone)
            if data["span"][0] >= data["span"][1]:
                self.add_error("ends", _("Choose an end after the start."))
        if form == Form.REDACTED and redaction is not None:
            data["span"] = redaction.starts_at, redaction.ends_at
        return data

    def wanted(self) -> Wanted:
        """The span as it is asked for."""
        data = self.cleaned_data
        start, end = data["span"]
        return Wanted(data["camera"], start, end, data["form"], data["redaction"])


SpanRows = forms.formset_factory(
    SpanRow, extra=0, min_num=1, validate_min=True, max_num=MOST_SPANS, validate_max=True, can_delete=True
)


class AskForm(forms.Form):
    """For whom, on which ground, what for; the spans stand in `SpanRows`."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    case = _CaseField(
        label=_("Case"), queryset=Case.objects.none(), to_field_name="number", required=False,
        empty_label=_("A new case"), help_text=_("What belongs to one incident stands together."),
    )  # fmt: skip
    case_title = forms.CharField(
        label=_("Title of the new case"), max_length=160, required=False,
        help_text=_("No names: lists, log and ledger show it."),
    )  # fmt: skip
    recipient_kind = forms.ChoiceField(
        label=_("Who receives it"), choices=[(each.value, capfirst(each.label)) for each in RecipientKind],
        help_text=_("It decides which grounds are offered."),
    )  # fmt: skip
    recipient = forms.CharField(
        label=_("Office or organisation"), max_length=200,
        help_text=_("It stands in log and ledger: for instance Mapo police station, criminal division."),
    )  # fmt: skip
    person = forms.CharField(
        label=_("Who takes it"), max_length=120, help_text=_("Sealed: it stands in no log and no ledger.")
    )
    contact = forms.CharField(
        label=_("How to reach them"), max_length=200, required=False, help_text=_("Sealed too.")
    )
    ground = forms.ChoiceField(label=_("Ground"), widget=forms.RadioSelect)
    document = forms.CharField(
        label=_("Number of the document"), max_length=60, required=False,
        help_text=_("Of the warrant, order, letter or declaration of consent."),
    )  # fmt: skip
    letter = _LetterField(
        label=_("The letter, among those of open cases"), queryset=Letter.objects.none(), required=False,
        empty_label=_("None, or the one below"),
    )  # fmt: skip
    upload = forms.FileField(
        label=_("The letter, warrant or declaration of consent as a file"), required=False,
        help_text=_("PDF or picture. It is sealed into the case."),
    )  # fmt: skip
    why_no_consent = forms.CharField(
        label=_("Why consent is impossible"), max_length=1000, required=False,
        widget=forms.Textarea(attrs={"rows": 2}), help_text=_("Sealed: it may name persons."),
    )  # fmt: skip
    purpose = forms.ChoiceField(label=_("Purpose"), widget=forms.RadioSelect)
    purpose_text = forms.CharField(
        label=_("What for, in a few words"), max_length=200, required=False,
        help_text=_("No names: the log keeps it for years."),
    )  # fmt: skip
    language = forms.ChoiceField(
        label=_("Language of the papers"), choices=settings.LANGUAGES,
        help_text=_("Of the report and the letters in it."),
    )  # fmt: skip
    keep_days = forms.IntegerField(
        label=_("Days that the copy is kept here"), min_value=1, max_value=MOST_KEEP_DAYS, initial=7,
        help_text=_("Then it is destroyed, with a certificate."),
    )  # fmt: skip
    watermark = forms.BooleanField(
        label=_("Mark redacted copies and stills with whom they are for"), required=False,
        help_text=_(
            "Our name, the number of the export and of the copy, and the recipient are burnt into every"
            " picture. Clips as recorded stay untouched: marked, they would prove nothing. A marked package"
            " is handed over once."
        ),
    )  # fmt: skip
    urgent = forms.BooleanField(
        label=_("A life is in danger now: release it before anybody has approved it"), required=False,
        help_text=_(
            "Approvers and the privacy officer are told at once. It has to be approved within 24 hours, or it"
            " stands as a violation."
        ),
    )  # fmt: skip
    urgent_reason = forms.CharField(
        label=_("What threatens whom"), max_length=1000, required=False,
        widget=forms.Textarea(attrs={"rows": 2}), help_text=_("Sealed: it may name persons."),
    )  # fmt: skip

    def __init__(
        self, *args: Any, site: Site, fixed: bool = False, urgent: bool = False, **kwargs: Any
    ) -> None:
        """`fixed`: asked anew, so case and urgency stay; `urgent`: the person may break glass."""
        super().__init__(*args, **kwargs)
        self.site, self.grounds = (
            site,
            offered(site.jurisdiction, is_public_body=site.organisation.is_public_body),
        )
        for name in ("case", "case_title") if fixed else ():
            del self.fields[name]
        for name in ("urgent", "urgent_reason") if fixed or not urgent else ():
            del self.fields[name]
        self._offer("ground", [(each.code, each.text) for each in self.grounds])
        self.purposes = {row.code: row for row in _purposes(site)}
        named = [(code, row.name) for code, row in self.purposes.items()]
        other = (OTHER, _("Another purpose, which the cameras are not run for"))
        self._offer("purpose", [*named, other])
        cases = Case.objects.filter(site=site, state=CaseState.OPEN)
        self._query("letter", Letter.objects.filter(case__in=cases).select_related("case"))
        if not fixed:
            self._query("case", cases)
        self.initial.setdefault("token", new_id())
        self.initial.setdefault("language", (get_language() or settings.LANGUAGE_CODE).split("-")[0])

    def _offer(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def _query(self, name: str, rows: "QuerySet[Any]") -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = rows

    def clean(self) -> dict[str, Any]:
        """What belongs together is there; the law's own questions are asked of the whole wish."""
        data: dict[str, Any] = super().clean() or {}
        if "case" in self.fields and not data.get("case") and not data.get("case_title", "").strip():
            self.add_error("case_title", _("Choose a case, or give the new one a title."))
        if data.get("purpose") == OTHER and not data.get("purpose_text", "").strip():
            self.add_error("purpose_text", _("Say what for."))
        if data.get("recipient_kind") == RecipientKind.OWN and data.get("purpose", OTHER) != OTHER:
            self.add_error("purpose", _("Within the house, a copy is for another purpose."))
        if data.get("urgent") and not data.get("urgent_reason", "").strip():
            self.add_error("urgent_reason", _("Say what threatens whom."))
        self._check_ground(data)
        return data

    def _check_ground(self, data: dict[str, Any]) -> None:
        ground = next((each for each in self.grounds if each.code == data.get("ground")), None)
        if ground is None:
            return
        if data.get("recipient_kind") and data["recipient_kind"] not in ground.to:
            self.add_error("ground", _("This ground is not for this recipient."))
        if data.get("urgent") and not ground.life:
            self.add_error("ground", _("Only danger to life goes out before it is approved."))
        if ground.document and not data.get("document", "").strip():
            self.add_error("document", _("Name the warrant, order, letter or declaration of consent."))
        if ground.document and not data.get("letter") and not data.get("upload"):
            self.add_error("upload", _("Attach the warrant, order, letter or declaration of consent."))
        if ground.no_consent and not data.get("why_no_consent", "").strip():
            self.add_error("why_no_consent", _("Say why the consent of those concerned cannot be had."))

    def wish(self, spans: list[Wanted]) -> Wish:
        """What is asked for; a file that came with it is still to become a letter."""
        data = self.cleaned_data
        return Wish(
            spans=spans, recipient_kind=data["recipient_kind"], recipient=data["recipient"],
            ground=data["ground"], document=data["document"],
            purpose=self.purposes.get(data["purpose"]), purpose_text=data["purpose_text"],
            letter=data["letter"], keep_days=data["keep_days"], language=data["language"],
            watermark=data["watermark"],
            details=Details(
                person=data["person"], contact=data["contact"], why_no_consent=data["why_no_consent"]
            ),
        )  # fmt: skip

    def refuse(self, error: LetheError) -> None:
        """What a service refuses stands above the form."""
        self.add_error(None, f"{error.message} {error.hint}".strip())


def _purposes(site: Site) -> "QuerySet[Purpose]":
    """Those in use that any camera of the site is registered for."""
    return Purpose.objects.filter(retired_at=None, cameras__site=site).distinct().order_by("name")


class RemarkForm(forms.Form):
    """What whoever asked should know."""

    remark = forms.CharField(
        label=_("Remark"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Needed to send it back or to reject it. No names: the log keeps it for years."),
    )  # fmt: skip
