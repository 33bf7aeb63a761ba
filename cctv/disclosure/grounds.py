"""On which grounds a medium may leave the house, per jurisdiction (O37, O38): for a lawyer to check."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Grounds = tuple[tuple[str, str | Promise], ...]

_GDPR: Grounds = (
    ("consent", _("GDPR Art. 6(1)(a): consent of those concerned")),
    ("law", _("GDPR Art. 6(1)(c): a legal obligation, such as an order of a court or authority")),
    ("vital", _("GDPR Art. 6(1)(d): vital interests of a person")),
    ("claim", _("GDPR Art. 6(1)(f): to make or to answer a legal claim")),
    ("subject", _("GDPR Art. 15: given to the person who was filmed")),
)
GROUNDS: dict[str, Grounds] = {
    # "Investigation" without a warrant is for public bodies (PIPA Art. 18(2), proviso): not offered.
    "KR": (
        ("consent", _("PIPA Art. 18(2)1: consent of those concerned")),
        ("law", _("PIPA Art. 18(2)2: a special provision of law, such as a warrant")),
        ("vital", _("PIPA Art. 18(2)3: urgent danger to life, body or property")),
        ("subject", _("PIPA Art. 35: given to the person who was filmed")),
    ),
    "JP": (
        ("consent", _("APPI Art. 27(1): consent of those concerned")),
        ("law", _("APPI Art. 27(1)1, 4: an authority has asked for it on the ground of a law")),
        ("vital", _("APPI Art. 27(1)2: danger to life, body or property, consent is hard to get")),
        ("subject", _("APPI Art. 33: given to the person who was filmed")),
    ),
    "EU": _GDPR,
    "UK": _GDPR,
}


def grounds_of(jurisdiction: str) -> Grounds:
    """Code and text of each ground that is offered there."""
    return GROUNDS.get(jurisdiction, _GDPR)


def ground_text(jurisdiction: str, code: str) -> str:
    """The ground in words; the code itself where the list no longer has it."""
    return str(dict(grounds_of(jurisdiction)).get(code, code))
