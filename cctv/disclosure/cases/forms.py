"""What the pages of cases ask for; days and times are those of the site's clocks."""

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cctv.core.ids import new_id
from cctv.core.spanform import SpanForm, day_field
from cctv.core.uploads import TOO_LARGE
from cctv.disclosure.cases.details import Details, Party
from cctv.disclosure.cases.errors import PaperTooLarge
from cctv.disclosure.cases.models import Case, LetterKind
from cctv.disclosure.cases.papers import ACCEPT
from cctv.sites.models import Camera, Site

MOST_PARTIES = 40
PART = ";"


def _text(label: Any, help_text: Any, *, rows: int = 4, most: int = 4000) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, required=False, max_length=most, widget=widget, help_text=help_text)


class CaseForm(forms.Form):
    """A case's facts: what everybody at the site may read, and what is sealed."""

    title = forms.CharField(
        label=_("Short title"), max_length=160, help_text=_("No names: the log keeps it for years.")
    )
    reference = forms.CharField(
        label=_("Reference elsewhere"), max_length=80, required=False,
        help_text=_("The number that the police, a court or an insurer gave it."),
    )  # fmt: skip
    parties = _text(
        _("Who is concerned"),
        _("One person a line: role; name; how to reach them. It is sealed, and stands in no log."),
    )
    facts = _text(_("What is known"), _("It is sealed, and may name persons."), rows=5, most=8000)

    @classmethod
    def initial_of(cls, case: Case, known: Details | None) -> dict[str, Any]:
        """What the form shows of a case."""
        lines = [
            f"{PART} ".join(filter(None, (each.role, each.name, each.contact)))
            for each in (known.parties if known else [])
        ]
        facts = known.facts if known else ""
        return {"title": case.title, "reference": case.reference, "parties": "\n".join(lines), "facts": facts}

    def clean_parties(self) -> list[Party]:
        """Lines of up to three parts, with at least role and name."""
        parties = []
        for line in filter(None, map(str.strip, self.cleaned_data["parties"].splitlines())):
            parts = [part.strip() for part in line.split(PART)]
            if not 2 <= len(parts) <= 3 or not parts[0] or not parts[1]:
                raise ValidationError(
                    _("“%(line)s” is not “role; name; contact”."), params={"line": line[:60]}
                )
            parties.append(Party(*parts))
        if len(parties) > MOST_PARTIES:
            raise ValidationError(_("Name at most %(most)d people."), params={"most": MOST_PARTIES})
        return parties

    def details(self) -> Details:
        """What is sealed."""
        return Details(self.cleaned_data["parties"], self.cleaned_data["facts"].strip())


class NewCaseForm(CaseForm):
    """The first facts of a new case; sent twice, it opens one."""

    token = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As a form."""
        super().__init__(*args, **kwargs)
        self.initial.setdefault("token", new_id())


class CaseSpanForm(SpanForm):
    """Footage that the case is about."""

    camera = forms.ModelChoiceField(
        label=_("Camera"), queryset=Camera.objects.none(), to_field_name="code", empty_label=None
    )
    note = forms.CharField(
        label=_("Note"), max_length=200, required=False, help_text=_("What is to be seen; no names.")
    )
    field_order = ("camera", "day", "start", "end_day", "end", "note")

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        """`site` gives cameras and zone."""
        super().__init__(*args, **kwargs)
        self.zone = ZoneInfo(site.time_zone)
        camera = self.fields["camera"]
        assert isinstance(camera, forms.ModelChoiceField)
        camera.queryset = Camera.objects.filter(site=site).order_by("name")


class LetterForm(forms.Form):
    """A letter, warrant, mail or note."""

    kind = forms.ChoiceField(label=_("What it is"), choices=LetterKind.choices)
    title = forms.CharField(
        label=_("Short title"),
        max_length=160,
        help_text=_("No names: “Warrant 2026-118”, “Answer to the insurer”."),
    )
    document_number = forms.CharField(label=_("Number of the document"), max_length=60, required=False)
    dated = day_field(_("Date of the document"), required=False)
    sender = forms.CharField(
        label=pgettext_lazy("party", "From"),
        max_length=160,
        required=False,
        help_text=_("It is sealed, and may name persons."),
    )
    recipient = forms.CharField(
        label=pgettext_lazy("party", "To"),
        max_length=160,
        required=False,
        help_text=_("It is sealed, and may name persons."),
    )
    text = _text(_("Text"), _("It is sealed, and may name persons."), rows=6, most=20_000)
    upload = forms.FileField(
        label=_("File"), required=False, allow_empty_file=True, max_length=255,
        widget=forms.ClearableFileInput(attrs={"accept": ACCEPT}),
        help_text=_("PDF, JPEG, PNG, DOCX, EML or TXT, up to 20 MB. It is sealed as it comes in."),
    )  # fmt: skip

    def clean_upload(self) -> Any:
        """What was dropped for being too large is told as that."""
        file = self.cleaned_data["upload"]
        if file is not None and getattr(file, TOO_LARGE, False):
            raise ValidationError(f"{PaperTooLarge.message} {PaperTooLarge.hint}")
        return file

    def clean(self) -> dict[str, Any]:
        """A text, a file or both."""
        data = super().clean() or {}
        if not self.errors and not data.get("upload") and not data.get("text", "").strip():
            self.add_error("text", _("Write what it says, or choose the file."))
        return data
