"""Which deadline each law sets for which request: one table, for the operator and a lawyer to check. Pure.

KR: PIPA Art. 35(3) with Decree Art. 41 (access, 10 days), Art. 36(2) with Decree Art. 43 (correction and
erasure, without delay, the result within 10 days), Art. 37 with Decree Art. 44(2) (suspension, 10 days; Art.
58(2) takes it away for open places). EU: GDPR Art. 12(3). UK: UK GDPR Art. 12(3) and 12A; clarification stops
the clock of access only (12A(5)). JP: APPI Art. 33 to 35 say "without delay"; 14 days are what the operator
aims at, as they are for complaints everywhere (DPA 2018 s. 164A asks for an acknowledgement in 30 days).
"""

from dataclasses import dataclass

OWN_TARGET_DAYS = 14
OPEN = "open"
COPY, EXISTENCE, ERASURE, RESTRICTION = "copy", "existence", "erasure", "restriction"
CORRECTION, COMPLAINT, WATCHED = "correction", "complaint", "watched"
# What may be awaited of a requester.
IDENTITY, CLARIFICATION = "identity", "clarification"
KINDS = (COPY, EXISTENCE, ERASURE, RESTRICTION, CORRECTION, COMPLAINT, WATCHED)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. `basis` names it to people (`profiles.BASES`).

    Either `days` or `months`. `extra_months`: what an extension adds, told before the first deadline ends.
    `postponed_days`: how long after the cause of a postponement has ended. `pauses`: while
    what is awaited the clock stands.
    """

    basis: str
    days: int = 0
    months: int = 0
    extra_months: int = 0
    postponed_days: int = 0
    pauses: frozenset[str] = frozenset()
    is_law: bool = True


OWN = Rule("own", days=OWN_TARGET_DAYS, is_law=False)
_KR_ACCESS = Rule("kr_access", days=10, postponed_days=10)
_KR_MEND = Rule("kr_mend", days=10)
_JP = Rule("jp", days=OWN_TARGET_DAYS, is_law=False)
_EU = Rule("eu", months=1, extra_months=2)
_UK = Rule("uk", months=1, extra_months=2, pauses=frozenset({IDENTITY}))
_UK_ACCESS = Rule("uk", months=1, extra_months=2, pauses=frozenset({IDENTITY, CLARIFICATION}))

RULES: dict[str, dict[str, Rule]] = {
    "KR": {
        COPY: _KR_ACCESS, EXISTENCE: _KR_ACCESS, WATCHED: _KR_ACCESS, ERASURE: _KR_MEND,
        CORRECTION: _KR_MEND, RESTRICTION: Rule("kr_suspend", days=10), COMPLAINT: OWN,
    },
    "JP": {**dict.fromkeys(KINDS, _JP), COMPLAINT: OWN},
    "EU": {**dict.fromkeys(KINDS, _EU), COMPLAINT: OWN},
    "UK": {
        **dict.fromkeys(KINDS, _UK), COPY: _UK_ACCESS, EXISTENCE: _UK_ACCESS, WATCHED: _UK_ACCESS,
        COMPLAINT: OWN,
    },
}  # fmt: skip


def rule_of(kind: str, jurisdiction: str) -> Rule:
    """The row; KeyError for a law or a kind that there is not."""
    return RULES[jurisdiction][kind]


def is_offered(kind: str, jurisdiction: str, openness: str) -> bool:
    """Whether the law gives this right there: suspension is not for places open to the public in Korea."""
    if kind not in RULES[jurisdiction]:
        return False
    return not (jurisdiction == "KR" and kind == RESTRICTION and openness == OPEN)
