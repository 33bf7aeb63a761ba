"""On which grounds footage may be held, per jurisdiction: for the operator and a lawyer to check."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Grounds = tuple[tuple[str, str | Promise], ...]

_INCIDENT = ("incident", _("An incident that is being looked into"))
_CLAIM = ("claim", _("To make or to answer a legal claim"))
_AUTHORITY = ("authority", _("An authority or a court has asked for it in writing"))
_VITAL = ("vital", _("Urgent danger to life, body or property"))
_REQUEST = ("request", _("Somebody who was filmed has asked for it"))

GROUNDS: dict[str, Grounds] = {
    "KR": (
        ("incident", _("PIPA Art. 15(1)6: an incident that is being looked into")),
        ("claim", _("PIPA Art. 15(1)6: to make or to answer a legal claim")),
        ("authority", _("PIPA Art. 18(2)2: a special provision of law, such as a warrant")),
        ("vital", _("PIPA Art. 18(2)3: urgent danger to life, body or property")),
        ("request", _("PIPA Art. 35: somebody who was filmed has asked for it")),
        ("preservation", _("PIPA Art. 21(1): another law demands that it is kept")),
    ),
    "JP": (
        _INCIDENT,
        _CLAIM,
        ("authority", _("APPI Art. 27(1)1, 4: an authority has asked for it on the ground of a law")),
        ("vital", _("APPI Art. 27(1)2: danger to life, body or property")),
        ("request", _("APPI Art. 33: somebody who was filmed has asked for it")),
    ),
    "EU": (
        ("incident", _("GDPR Art. 6(1)(f): an incident that is being looked into")),
        ("claim", _("GDPR Art. 17(3)(e): to make, use or answer legal claims")),
        ("authority", _("GDPR Art. 6(1)(c): a legal obligation towards an authority or a court")),
        ("vital", _("GDPR Art. 6(1)(d): vital interests of a person")),
        ("request", _("GDPR Art. 15, 18(1)(c): somebody who was filmed has asked for it")),
    ),
    "UK": (
        ("incident", _("UK GDPR Art. 6(1)(f): an incident that is being looked into")),
        ("claim", _("UK GDPR Art. 17(3)(e): to make, use or answer legal claims")),
        ("authority", _("UK GDPR Art. 6(1)(c): a legal obligation towards an authority or a court")),
        ("vital", _("UK GDPR Art. 6(1)(d): vital interests of a person")),
        ("request", _("UK GDPR Art. 15, 18(1)(c): somebody who was filmed has asked for it")),
    ),
}
_EVERY: Grounds = (_INCIDENT, _CLAIM, _AUTHORITY, _VITAL, _REQUEST)


def grounds_of(jurisdiction: str) -> Grounds:
    """Code and text of each ground that is offered there."""
    return GROUNDS.get(jurisdiction, _EVERY)


def ground_text(jurisdiction: str, code: str) -> str:
    """The ground in words; the code itself where the list no longer has it."""
    return str(dict(grounds_of(jurisdiction)).get(code, code))
