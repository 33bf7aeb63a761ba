"""What the law of a place sets as defaults: one table, for the operator and a lawyer to check.

Facts from domain.md; values that it marks as unconfirmed are defaults that this table makes easy to change.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Profile:
    """The defaults of a jurisdiction.

    `default_days`: kept without a rule, and above which a rule needs a reason. `audio_allowed`: whether
    the register may keep sound at all. `legal_bases`: code and text, offered for each camera (O1).
    """

    code: str
    default_days: int
    audio_allowed: bool
    legal_bases: tuple[tuple[str, str | Promise], ...]
    regulator: str | Promise


_CONSENT = ("consent", _("Consent of those concerned"))
_LAW = ("law", _("A law requires or permits it"))

PROFILES: dict[str, Profile] = {
    "KR": Profile(
        "KR",
        30,
        False,
        (
            ("pipa-25-1-2", _("PIPA Art. 25(1)2: crime prevention and investigation")),
            ("pipa-25-1-3", _("PIPA Art. 25(1)3: facility safety and fire prevention")),
            ("pipa-25-1-4", _("PIPA Art. 25(1)4: traffic enforcement")),
            ("pipa-25-1-5", _("PIPA Art. 25(1)5: traffic information")),
            ("pipa-15-1-6", _("PIPA Art. 15(1)6: legitimate interest (staff-only places)")),
            ("pipa-15-1-1", _("PIPA Art. 15(1)1: consent (staff-only places)")),
            _LAW,
        ),
        _("Personal Information Protection Commission"),
    ),
    "JP": Profile(
        "JP",
        30,
        True,
        (
            ("appi-purpose", _("APPI Art. 17, 21: stated purpose of use, recognisable filming")),
            _CONSENT,
            _LAW,
        ),
        _("Personal Information Protection Commission, Japan"),
    ),
    "EU": Profile(
        "EU",
        3,
        False,
        (
            ("gdpr-6-1-f", _("GDPR Art. 6(1)(f): legitimate interests")),
            ("gdpr-6-1-e", _("GDPR Art. 6(1)(e): task in the public interest")),
            ("gdpr-6-1-c", _("GDPR Art. 6(1)(c): legal obligation")),
            ("gdpr-6-1-a", _("GDPR Art. 6(1)(a): consent")),
        ),
        _("The data protection authority of the member state"),
    ),
    "UK": Profile(
        "UK",
        3,
        True,
        (
            ("ukgdpr-6-1-f", _("UK GDPR Art. 6(1)(f): legitimate interests")),
            ("ukgdpr-6-1-e", _("UK GDPR Art. 6(1)(e): task in the public interest")),
            ("ukgdpr-6-1-c", _("UK GDPR Art. 6(1)(c): legal obligation")),
            ("ukgdpr-6-1-a", _("UK GDPR Art. 6(1)(a): consent")),
        ),
        _("Information Commissioner's Office"),
    ),
}


def profile_of(jurisdiction: str) -> Profile:
    """The profile of a site's jurisdiction."""
    return PROFILES[jurisdiction]
