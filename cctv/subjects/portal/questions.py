"""The questions of the portal, one a page: what each asks, what may be answered, and what that means.

A form gets the answers of the other pages (`answers`): its words and choices depend on them.
"""

from typing import Any

from django import forms
from django.core.validators import EmailValidator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cctv.core import clock
from cctv.footage.models import Segment
from cctv.sites.models import Camera, Site, Zone
from cctv.subjects import clocks
from cctv.subjects.clocks import stored
from cctv.subjects.portal import limits
from cctv.subjects.portal.answers import Answers
from cctv.subjects.requests.models import About, Claimant, RequestKind

Words = str | Promise
UNKNOWN_PLACE = "unknown"


def cameras_with_footage() -> "QuerySet[Camera]":
    """Cameras in use, and retired ones of which footage is left."""
    left = Segment.objects.filter(camera=OuterRef("pk"), expires_at__gt=clock.now())
    return Camera.objects.filter(Q(retired_at=None, site__retired_at=None) | Exists(left))


def sites_in_use() -> list[Site]:
    """Places that may have filmed somebody."""
    return list(Site.objects.filter(pk__in=cameras_with_footage().values("site")))


def rights() -> frozenset[str]:
    """The kinds of request that the law of one of the places gives there."""
    places = set(cameras_with_footage().values_list("site__jurisdiction", "openness"))
    return frozenset(
        kind for kind in RequestKind.values if any(clocks.is_offered(kind, *place) for place in places)
    )


def site_of(answers: Answers) -> Site | None:
    """The place that was chosen; the only one where there is one."""
    sites = sites_in_use()
    if len(sites) == 1:
        return sites[0]
    code = answers.text("site", "site")
    return next((site for site in sites if site.code == code), None)


class Question(forms.Form):
    """A page of the wizard. `title` is its heading, `lead` a line below it, `hints` of choices by value."""

    title: Words = ""
    lead: Words = ""
    hints: dict[str, Any] = {}

    def __init__(self, *args: Any, answers: Answers, **kwargs: Any) -> None:
        """Plain fields without what Django's own templates add; `answers` of all pages so far."""
        plain: dict[str, Any] = {"auto_id": "%s", "label_suffix": "", "use_required_attribute": False}
        super().__init__(*args, **(kwargs | plain))
        self.answers = answers
        self.prepare()

    def prepare(self) -> None:
        """Words and choices that depend on the answers."""

    @property
    def only(self) -> Any:
        """The field whose legend is the heading: where a page asks for one choice and nothing else."""
        names = list(self.fields)
        first = self[names[0]]
        return first if len(names) == 1 and first.widget_type in ("radioselect", "checkbox") else None

    @property
    def alone(self) -> str:
        """The field whose label is the heading, where a page asks to write one thing; "" elsewhere."""
        names = list(self.fields)
        return names[0] if len(names) == 1 and self.only is None else ""


def choice(error: Any, choices: Any = (), **options: Any) -> forms.ChoiceField:
    """One of a few."""
    messages = {"required": error, "invalid_choice": error}
    return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, error_messages=messages, **options)


def text(label: Any, longest: int, *, error: Any = "", rows: int = 0, **options: Any) -> forms.CharField:
    """A line, or a few lines."""
    widget = forms.Textarea(attrs={"rows": rows, "class": "in"}) if rows else forms.TextInput({"class": "in"})
    messages = {"required": error} if error else {}
    return forms.CharField(
        label=label, max_length=longest, widget=widget, required=bool(error), error_messages=messages,
        **options,
    )  # fmt: skip


KINDS = (
    (RequestKind.COPY, gettext_lazy("To see footage of me, or get a copy")),
    (RequestKind.EXISTENCE, gettext_lazy("Whether footage of me exists")),
    (RequestKind.WATCHED, gettext_lazy("Who has watched footage of me")),
    (RequestKind.ERASURE, gettext_lazy("That footage of me is erased")),
    (RequestKind.RESTRICTION, gettext_lazy("That footage of me is no longer used")),
    (RequestKind.CORRECTION, gettext_lazy("That something is corrected")),
    (RequestKind.COMPLAINT, gettext_lazy("I want to complain")),
)


class KindQuestion(Question):
    """What is asked for."""

    title = gettext_lazy("What would you like to ask for?")
    hints = {
        RequestKind.COPY: gettext_lazy("Everybody else in it is made unrecognisable."),
        RequestKind.EXISTENCE: gettext_lazy("We look, and tell you yes or no."),
        RequestKind.ERASURE: gettext_lazy("Once we know that it is you, and have decided, it is destroyed."),
        RequestKind.RESTRICTION: gettext_lazy(
            "Once we know that it is you, nobody may see it or pass it on until this is settled."
        ),
        RequestKind.CORRECTION: gettext_lazy("For example a wrong time, or footage taken for yours."),
        RequestKind.COMPLAINT: gettext_lazy("About a camera, or about how somebody used the footage."),
        RequestKind.WATCHED: gettext_lazy("Every time somebody opened it, with the purpose."),
    }

    def prepare(self) -> None:
        """Only what some place's law gives."""
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)
        given = rights()
        field.choices = [each for each in KINDS if each[0] in given]

    kind = choice(gettext_lazy("Choose what you would like to ask for."))


class AboutQuestion(Question):
    """Who or what is in it."""

    title = gettext_lazy("Who or what is in the footage?")
    hints = {
        About.VEHICLE: gettext_lazy("We will ask to see its registration."),
        About.BELONGING: gettext_lazy("Something you left, lost or had taken."),
    }
    about = choice(
        gettext_lazy("Choose who or what is in the footage."),
        [
            (About.PERSON, gettext_lazy("A person")),
            (About.VEHICLE, gettext_lazy("A vehicle")),
            (About.BELONGING, gettext_lazy("A belonging")),
        ],
    )


class SiteQuestion(Question):
    """At which of our places."""

    title = gettext_lazy("At which of our places was it?")
    site = choice(gettext_lazy("Choose the place."))

    def prepare(self) -> None:
        """The places that have cameras."""
        sites = sites_in_use()
        self.fields["site"].choices = [(site.code, site.name) for site in sites]  # type: ignore[attr-defined]
        self.hints = {site.code: site.address for site in sites if site.address}


class PlaceQuestion(Question):
    """Where there: by the parts of the site, or unknown."""

    lead = gettext_lazy("Choose everything that may be right. A wrong guess does no harm.")
    zones = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose a place, or “I don’t know”.")},
    )
    words = text(gettext_lazy("The place in your own words"), 200)

    def prepare(self) -> None:
        """The zones that have cameras, and the way out."""
        site = site_of(self.answers)
        self.title = _("Where at %(site)s was it?") % {"site": site.name if site else ""}
        zones = Zone.objects.filter(site=site, cameras__in=cameras_with_footage()).distinct() if site else []
        choices = [(str(zone.pk), zone.name) for zone in zones]
        self.fields["zones"].choices = [*choices, (UNKNOWN_PLACE, _("I don’t know"))]  # type: ignore[attr-defined]
        self.hints = {str(zone.pk): zone.get_kind_display() for zone in zones}
        self.hints[UNKNOWN_PLACE] = _("We look at all cameras of this place.")

    def cameras(self) -> list[Camera]:
        """The cameras that are meant; of valid answers."""
        named = self.cleaned_data["zones"]
        found = cameras_with_footage().filter(site=site_of(self.answers)).select_related("zone")
        return list(found if UNKNOWN_PLACE in named else found.filter(zone__in=named))

    def clean(self) -> dict[str, Any]:
        """A right that the law gives at that very place."""
        data = super().clean() or {}
        site, kind = site_of(self.answers), self.answers.text("kind", "kind")
        if site is None or not kind or "zones" not in data:
            return data
        cameras = self.cameras()
        if cameras and not clocks.is_offered(kind, site.jurisdiction, stored.openness_of(cameras)):
            self.add_error("zones", _(
                "The law of this place does not give this right where everybody may go. Choose another"
                " place, or go back and choose something else: you can ask for erasure, or complain."
            ))  # fmt: skip
        return data


class WhomQuestion(Question):
    """For whom, and whether of age to ask alone (O33)."""

    title = gettext_lazy("Who are you asking for?")
    CHILD = "child"
    whom = choice(gettext_lazy("Choose who you are asking for."))

    def prepare(self) -> None:
        """The age is that of the place's law."""
        site = site_of(self.answers)
        self.age = limits.child_age(site.jurisdiction if site else "")
        age = {"age": self.age}
        self.fields["whom"].choices = [  # type: ignore[attr-defined]
            (Claimant.SELF, _("For myself, and I am %(age)d or older") % age),
            (self.CHILD, _("For myself, and I am younger than %(age)d") % age),
            (Claimant.GUARDIAN, _("As parent or guardian of a child")),
            (Claimant.AGENT, _("For somebody who has authorised me in writing")),
        ]
        self.hints = {
            Claimant.GUARDIAN: _("We will ask for a document that shows it."),
            Claimant.AGENT: _("We will ask to see the authorisation."),
        }

    def clean_whom(self) -> str:
        """A child is told who can ask, and that there is no rush to lose."""
        whom = str(self.cleaned_data["whom"])
        if whom == self.CHILD:
            raise forms.ValidationError(
                _(
                    "A parent or guardian has to ask for you. Show them this page: "
                    "they choose “As parent or guardian of a child”."
                )
            )
        return whom


class SubjectQuestion(Question):
    """Whom a guardian or an agent asks for."""

    name = text(gettext_lazy("Name"), 100, error=gettext_lazy("Write the name."))
    relation = text(gettext_lazy("What you are to them"), 100)

    def prepare(self) -> None:
        """A child, or whoever gave the authority."""
        child = self.answers.text("whom", "whom") == Claimant.GUARDIAN
        self.title = _("Which child are you asking for?") if child else _("Whom are you asking for?")
        self.lead = _("The one who is in the footage, not you.")
        self.fields["relation"].help_text = (
            _("For example mother, grandfather, legal guardian.") if child
            else _("For example lawyer, daughter, insurer.")
        )  # fmt: skip


class LooksQuestion(Question):
    """How to find them."""

    plate = text(gettext_lazy("Number plate"), 20, error=gettext_lazy("Write the number plate."))
    looks = text(
        gettext_lazy("What it looks like"),
        500,
        rows=4,
        error=gettext_lazy("Write a few words: they are how we find it."),
    )

    def prepare(self) -> None:
        """A person by looks, a vehicle by its plate, a thing by what it is."""
        about = self.answers.text("about", "about")
        whom = self.answers.text("whom", "whom")
        looks = self.fields["looks"]
        if about == About.VEHICLE:
            self.title = _("Which vehicle is it?")
            looks.required = False
            looks.help_text = _("For example: small white car, dent in the left door.")
            return
        del self.fields["plate"]
        if about == About.BELONGING:
            self.title = _("What does it look like?")
            looks.help_text = _("For example: black rucksack with a red ribbon, left on the bench.")
            return
        yours = whom not in (Claimant.GUARDIAN, Claimant.AGENT)
        self.title = _("What did you look like?") if yours else _("What did they look like?")
        looks.help_text = _("Clothes, a bag, an umbrella, who else was there. No photo is needed.")


class WhyQuestion(Question):
    """What happened, or what is wrong; and whether it is urgent (O26)."""

    reason = text(gettext_lazy("In your own words"), 1000, rows=5)
    correction = text(
        gettext_lazy("What it should be"), 500, rows=3, error=gettext_lazy("Write what it should be.")
    )
    urgent = forms.BooleanField(
        required=False,
        label=gettext_lazy("It is urgent: somebody’s life, body or property is in danger"),
        help_text=gettext_lazy(
            "The person on duty is told at once. If somebody is in danger now, call first."
        ),
    )

    def prepare(self) -> None:
        """A complaint and a correction are nothing without words; the law of a place may ask for a reason."""
        kind = self.answers.text("kind", "kind")
        site = site_of(self.answers)
        titles = {
            RequestKind.COMPLAINT: _("What are you complaining about?"),
            RequestKind.CORRECTION: _("What is wrong?"),
        }
        self.title = titles.get(kind, _("What is it about?"))  # type: ignore[call-overload]
        self.lead = _("One sentence is enough. Please write no identity number and no password.")
        if kind in titles or limits.needs_reason(site.jurisdiction if site else ""):
            self.fields["reason"].required = True
            self.fields["reason"].error_messages["required"] = _("Write a sentence: one is enough.")
        if kind != RequestKind.CORRECTION:
            del self.fields["correction"]


class ContactQuestion(Question):
    """A name and at least one way to answer; which one is theirs to choose (O36)."""

    title = gettext_lazy("How can we reach you?")
    lead = gettext_lazy("Your name, and a telephone number or an e-mail address. One of the two is enough.")
    name = text(gettext_lazy("Your name"), 100, error=gettext_lazy("Write your name."))
    phone = text(gettext_lazy("Telephone"), 40)
    email = text(
        gettext_lazy("E-mail"), 200,
        validators=[
            EmailValidator(
                gettext_lazy("This is not a whole e-mail address: it looks like name@example.com.")
            )
        ],
    )  # fmt: skip

    def prepare(self) -> None:
        """What browsers know to fill in."""
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        self.fields["phone"].widget.attrs |= {"autocomplete": "tel", "type": "tel", "inputmode": "tel"}
        self.fields["email"].widget.attrs |= {
            "autocomplete": "email",
            "inputmode": "email",
            "spellcheck": "false",
        }
        self.fields["email"].help_text = _(
            "We write to it when there is news, and send the code that opens your clip."
            " Without it you get that code at our place."
        )

    def clean_phone(self) -> str:
        """Something that can be dialled."""
        phone = str(self.cleaned_data["phone"])
        if phone and sum(sign.isdigit() for sign in phone) < 6:
            raise forms.ValidationError(_("This is not a whole telephone number."))
        return phone

    def clean(self) -> dict[str, Any]:
        """One way at least."""
        data = super().clean() or {}
        if not self.errors and not data.get("phone") and not data.get("email"):
            self.add_error("phone", _("Write a telephone number or an e-mail address. One is enough."))
        return data
