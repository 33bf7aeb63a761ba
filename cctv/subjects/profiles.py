"""What each law says about requests: one table, for the operator and a lawyer to check.

Methods of identity (O35), grounds of refusal (O28, O32), whom else to turn to (O6), and the numbers: time to
object, age of children (O33), how long a result stays, how long a file is kept. Deadlines: `clocks.rules`.
"""

from dataclasses import dataclass, field

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cctv.subjects.clocks.rules import (
    COMPLAINT,
    COPY,
    CORRECTION,
    ERASURE,
    EXISTENCE,
    RESTRICTION,
    WATCHED,
)

Words = str | Promise
SEEING = frozenset({COPY, EXISTENCE, WATCHED})
ALL = SEEING | {ERASURE, RESTRICTION, CORRECTION, COMPLAINT}
# As `identity.models` names them.
DOCUMENT, IN_PERSON, ACCOUNT, EMAIL, REGISTRATION = (
    "document",
    "in_person",
    "account",
    "email",
    "registration",
)
MANDATE, KINSHIP = "mandate", "kinship"
FIRST_REPLY_HOURS = 24


@dataclass(frozen=True, slots=True)
class Ground:
    """Why a request may be refused, wholly or in part: `text` names the article. `kinds` to which it applies.

    `whole`: it answers the request as such, so nothing is looked for; else it is about certain footage.
    """

    code: str
    text: Words
    kinds: frozenset[str] = ALL
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Regulator:
    """Whom a requester may turn to besides us, and how they are reached."""

    name: Words
    reach: Words


@dataclass(frozen=True, slots=True)
class Profile:
    """What the law of a place says about requests.

    `child_age`: below it a guardian asks. `methods`: how identity is shown by people who ask for pictures of
    themselves; see `methods_of`. `result_days`: how long a result can be fetched. `longest_hours`: of a span.
    """

    code: str
    grounds: tuple[Ground, ...]
    regulators: tuple[Regulator, ...]
    methods: tuple[str, ...]
    child_age: int
    objection_days: int = 30
    first_reply_hours: int = FIRST_REPLY_HOURS
    result_days: int = 14
    file_years: int = 3
    longest_hours: int = 24
    # Reasons for an extension; none where the law knows no extension.
    extensions: tuple[tuple[str, Words], ...] = field(default=())


_KR = (
    Ground("law", _("PIPA Art. 35(4)1: a law forbids or limits showing it"), SEEING),
    Ground(
        "others",
        _("PIPA Art. 35(4)2: it could harm the life or body of others, or wrong their property or interests"),
        SEEING,
    ),
    Ground("kept", _("PIPA Art. 36(1): another law has this footage kept"), frozenset({ERASURE})),
    Ground("right", _("PIPA Art. 36(2): it was looked into and is not wrong"), frozenset({CORRECTION})),
    Ground(
        "duty",
        _("PIPA Art. 37(2)1: a law prescribes it, or a duty by law needs it"),
        frozenset({RESTRICTION}),
    ),
    Ground(
        "others-stop",
        _("PIPA Art. 37(2)2: it could harm the life or body of others, or wrong their property or interests"),
        frozenset({RESTRICTION}),
    ),
    Ground(
        "open",
        _("PIPA Art. 58(2): for places open to the public this right is not given"),
        frozenset({RESTRICTION}),
        whole=True,
    ),
    Ground("identity", _("PIPA Decree Art. 46: it was not shown who asks, or for whom"), whole=True),
)
_JP = (
    Ground(
        "harm",
        _("APPI Art. 33(2)1: it could harm life, body, property or other rights of you or of others"),
        SEEING,
    ),
    Ground(
        "business", _("APPI Art. 33(2)2: it would seriously hinder the proper conduct of business"), SEEING
    ),
    Ground("law", _("APPI Art. 33(2)3: it would break another law"), SEEING),
    Ground("right", _("APPI Art. 34(2): it was looked into and is not wrong"), frozenset({CORRECTION})),
    Ground(
        "no-breach",
        _("APPI Art. 35: it was taken and is used as the law allows"),
        frozenset({ERASURE, RESTRICTION}),
    ),
    Ground(
        "not-retained",
        _("APPI Art. 16(4): footage that is found by its time only is not retained personal data"),
        ALL - {COMPLAINT},
        whole=True,
    ),
    Ground("identity", _("APPI Art. 37: it was not shown who asks, or for whom"), whole=True),
)
_GDPR = (
    Ground("others", _("GDPR Art. 15(4): it would harm the rights and freedoms of others"), SEEING),
    Ground("law", _("GDPR Art. 23: a law of the Union or of the member state limits this right")),
    Ground("kept", _("GDPR Art. 17(3)(b): a law has this footage kept"), frozenset({ERASURE})),
    Ground("claims", _("GDPR Art. 17(3)(e): it is needed for legal claims"), frozenset({ERASURE})),
    Ground("needed", _("GDPR Art. 17(1): none of the grounds for erasure applies"), frozenset({ERASURE})),
    Ground("right", _("GDPR Art. 16: it was looked into and is not wrong"), frozenset({CORRECTION})),
    Ground(
        "no-case", _("GDPR Art. 18(1): none of the grounds for restriction applies"), frozenset({RESTRICTION})
    ),
    Ground("excessive", _("GDPR Art. 12(5)(b): it is manifestly unfounded, or excessive by repetition"),
           whole=True),
    Ground("identity", _("GDPR Art. 11(2), 12(2): it cannot be shown that the request is about you"),
           whole=True),
)  # fmt: skip
_UK = (
    Ground("others", _("UK GDPR Art. 15(4): it would harm the rights and freedoms of others"), SEEING),
    Ground("crime", _("DPA 2018 Sch. 2 para. 2: it would prejudice the prevention or detection of crime"),
           ALL - {COMPLAINT}),
    Ground("claims", _("DPA 2018 Sch. 2 para. 5: it is needed for legal claims"), ALL - {COMPLAINT}),
    Ground("needed", _("UK GDPR Art. 17(1), (3): none of the grounds for erasure applies, or a law has it"
                       " kept"), frozenset({ERASURE})),
    Ground("right", _("UK GDPR Art. 16: it was looked into and is not wrong"), frozenset({CORRECTION})),
    Ground("no-case", _("UK GDPR Art. 18(1): none of the grounds for restriction applies"),
           frozenset({RESTRICTION})),
    Ground("excessive", _("UK GDPR Art. 12(5): it is manifestly unfounded or excessive"), whole=True),
    Ground("identity", _("UK GDPR Art. 11(2), 12(6): it cannot be shown that the request is about you"),
           whole=True),
)  # fmt: skip
_EXTENSIONS = (
    ("complex", _("the request is complex")),
    ("many", _("you have made several requests")),
)

PROFILES: dict[str, Profile] = {
    "KR": Profile(
        "KR",
        _KR,
        (
            Regulator(
                _("Centre for reports of privacy infringement, Korea Internet & Security Agency"),
                _("telephone 118, privacy.kisa.or.kr"),
            ),
            Regulator(
                _("Personal Information Dispute Mediation Committee"),
                _("telephone 1833-6972, kopico.go.kr"),
            ),
        ),
        (DOCUMENT, IN_PERSON, ACCOUNT),
        child_age=14,
    ),
    "JP": Profile(
        "JP",
        _JP,
        (
            Regulator(
                _("Personal Information Protection Commission, Japan"),
                _("telephone 03-6457-9849, ppc.go.jp"),
            ),
        ),
        (DOCUMENT, IN_PERSON, ACCOUNT),
        child_age=15,
    ),
    "EU": Profile(
        "EU",
        _GDPR,
        (Regulator(_("The data protection authority of your member state"), _("listed at edpb.europa.eu")),),
        (IN_PERSON, ACCOUNT, DOCUMENT),
        child_age=16,
        extensions=_EXTENSIONS,
    ),
    "UK": Profile(
        "UK",
        _UK,
        (Regulator(_("Information Commissioner’s Office"), _("telephone 0303 123 1113, ico.org.uk")),),
        (IN_PERSON, ACCOUNT, DOCUMENT),
        child_age=13,
        extensions=_EXTENSIONS,
    ),
}

# What a deadline rests on; the codes are of `clocks.rules`.
BASES: dict[str, Words] = {
    "kr_access": _("PIPA Art. 35(3), Decree Art. 41: within 10 days"),
    "kr_mend": _("PIPA Art. 36(2), Decree Art. 43: without delay, the result within 10 days"),
    "kr_suspend": _("PIPA Art. 37(2), Decree Art. 44(2): within 10 days"),
    "jp": _("APPI Art. 33 to 35: without delay; we aim at 14 days"),
    "eu": _("GDPR Art. 12(3): within one month"),
    "uk": _("UK GDPR Art. 12(3), 12A: within one month"),
    "own": _("our own aim: 14 days"),
}


def profile_of(jurisdiction: str) -> Profile:
    """The profile of a request's law."""
    return PROFILES[jurisdiction]


def grounds_of(jurisdiction: str, kind: str) -> tuple[Ground, ...]:
    """On which grounds a request of this kind may be refused there."""
    return tuple(each for each in PROFILES[jurisdiction].grounds if kind in each.kinds)


def ground_text(jurisdiction: str, code: str) -> str:
    """The ground in words; the code itself where the list no longer has it."""
    return str(next((each.text for each in PROFILES[jurisdiction].grounds if each.code == code), code))


def extension_text(jurisdiction: str, code: str) -> str:
    """The reason for an extension in words; the code itself where the list no longer has it."""
    return str(dict(PROFILES[jurisdiction].extensions).get(code, code))


def regulators_of(jurisdiction: str) -> tuple[Regulator, ...]:
    """Whom a requester may turn to: what the installation has set (`LETHE_REGULATORS`), else the table's."""
    told = [each.partition("|") for each in settings.LETHE_REGULATORS]
    if told:
        return tuple(Regulator(name.strip(), reach.strip()) for name, _bar, reach in told)
    return PROFILES[jurisdiction].regulators


def methods_of(jurisdiction: str, *, kind: str, about: str, claimant: str) -> tuple[str, ...]:
    """How identity may be shown, what is asked for first at the front.

    A code by e-mail shows that the address is theirs, not who is in the picture: it does for complaints only.
    A vehicle is shown by its registration (or in person). Who acts for another shows papers in any case.
    """
    if kind == COMPLAINT:
        return (EMAIL, IN_PERSON)
    if about == "vehicle":
        return (REGISTRATION, IN_PERSON)
    known = PROFILES[jurisdiction].methods
    return known if claimant == "self" else tuple(each for each in known if each != ACCOUNT)


def papers_of(method: str, *, about: str, claimant: str) -> tuple[str, ...]:
    """Which papers that takes (`identity.models.PaperPart`), numbers covered; none for a code."""
    if method not in (DOCUMENT, REGISTRATION):
        return ()
    own = (DOCUMENT, REGISTRATION) if about == "vehicle" else (DOCUMENT,)
    return own + {"guardian": (KINSHIP,), "agent": (MANDATE,)}.get(claimant, ())
