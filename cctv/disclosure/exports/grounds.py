"""On which ground a copy may leave, per jurisdiction, recipient and kind of controller (O37, O38).

For the operator and a lawyer to check. Pure; nothing else in the house compares grounds of exports.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cctv.disclosure.exports.models import RecipientKind as To

_ALL = frozenset(To.values)
_OFFICIAL = frozenset({To.POLICE, To.COURT, To.AUTHORITY})
_PRIVATE = frozenset({To.INSURER, To.LAWYER, To.OTHER})
_LEGAL = frozenset({To.INSURER, To.LAWYER, To.COURT, To.OWN})
_SUBJECT = frozenset({To.SUBJECT})


@dataclass(frozen=True, slots=True)
class Ground:
    """A ground: for whom it is offered, and what it asks for.

    `public_only`: only a public body may use it. `document`: its number, and the letter, warrant or
    declaration of consent attached. `no_consent`: why consent is impossible has to be said. `life`: glass
    may be broken on it, since somebody's life or body is in danger; property is a ground of its own.
    """

    code: str
    text: str | Promise
    to: frozenset[str]
    held_on: str  # the code of the hold's ground (`retention.holds.grounds`)
    public_only: bool = False
    document: bool = False
    no_consent: bool = False
    life: bool = False


_GDPR: tuple[Ground, ...] = (
    Ground("consent", _("GDPR Art. 6(1)(a): consent of those concerned"), _ALL, "incident", document=True),
    Ground(
        "law", _("GDPR Art. 6(1)(c): a legal obligation, such as an order of a court or authority"),
        _OFFICIAL | _PRIVATE | {To.OWN}, "authority", document=True,
    ),
    Ground("vital", _("GDPR Art. 6(1)(d): vital interests of a person"), _ALL, "vital", no_consent=True,
           life=True),
    Ground("claim", _("GDPR Art. 6(1)(f): to make or to answer a legal claim"), _LEGAL | {To.OTHER}, "claim"),
    Ground("subject", _("GDPR Art. 15: given to the person who was filmed"), _SUBJECT, "request"),
)  # fmt: skip
GROUNDS: dict[str, tuple[Ground, ...]] = {
    # PIPA Art. 18(2), proviso: 5 to 9 are for public bodies. There is none for a company's own rights.
    "KR": (
        Ground("consent", _("PIPA Art. 18(2)1: consent of those concerned"), _ALL, "incident", document=True),
        Ground(
            "law", _("PIPA Art. 18(2)2: a special provision of law, such as a warrant"),
            _OFFICIAL | _PRIVATE | {To.OWN}, "authority", document=True,
        ),
        Ground("vital", _("PIPA Art. 18(2)3: urgent danger to somebody's life or body"), _ALL, "vital",
               no_consent=True, life=True),
        Ground("property",
               _("PIPA Art. 18(2)3: urgent danger to the property of who was filmed or of a third party"),
               _ALL, "vital", no_consent=True),
        Ground("investigation", _("PIPA Art. 18(2)7: investigation and prosecution of a crime"),
               frozenset({To.POLICE}), "authority", public_only=True, document=True),
        Ground("court", _("PIPA Art. 18(2)8: the work of a court"), frozenset({To.COURT}), "authority",
               public_only=True, document=True),
        Ground("safety", _("PIPA Art. 18(2)10: urgently needed for public safety"),
               frozenset({To.POLICE, To.AUTHORITY}), "vital"),
        Ground("subject", _("PIPA Art. 35: given to the person who was filmed"), _SUBJECT, "request"),
    ),
    "JP": (
        Ground("consent", _("APPI Art. 27(1): consent of those concerned"), _ALL, "incident", document=True),
        Ground("law", _("APPI Art. 27(1)1, 4: an authority has asked for it on the ground of a law"),
               _OFFICIAL | {To.OWN}, "authority", document=True),
        Ground("vital", _("APPI Art. 27(1)2: danger to somebody's life or body, consent is hard to get"),
               _ALL, "vital", no_consent=True, life=True),
        Ground("property", _("APPI Art. 27(1)2: danger to somebody's property, consent is hard to get"),
               _ALL, "vital", no_consent=True),
        Ground("rights", _("APPI Art. 27(1)2: protection of the organisation's property, consent is hard to"
                           " get"),
               _LEGAL | {To.OTHER, To.POLICE}, "claim", no_consent=True),
        Ground("subject", _("APPI Art. 33: given to the person who was filmed"), _SUBJECT, "request"),
    ),
    "EU": _GDPR,
    "UK": _GDPR,
}  # fmt: skip


def grounds_of(jurisdiction: str) -> tuple[Ground, ...]:
    """Every ground of the law there."""
    return GROUNDS.get(jurisdiction, _GDPR)


def offered(jurisdiction: str, *, is_public_body: bool, to: str = "") -> list[Ground]:
    """The grounds that a controller of this kind may use, for one kind of recipient or for any."""
    return [
        each
        for each in grounds_of(jurisdiction)
        if (is_public_body or not each.public_only) and (not to or to in each.to)
    ]


def find(jurisdiction: str, code: str) -> Ground | None:
    """The ground with this code; None where the list has none, or no longer."""
    return next((each for each in grounds_of(jurisdiction) if each.code == code), None)


def ground_text(jurisdiction: str, code: str) -> str:
    """The ground in words; the code itself where the list no longer has it."""
    found = find(jurisdiction, code)
    return str(found.text) if found else code
