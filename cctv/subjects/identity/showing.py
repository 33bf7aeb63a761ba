"""What a requester sees of showing who they are: which step it is, and of several papers which one."""

from dataclasses import dataclass

from cctv.subjects import profiles
from cctv.subjects.identity import asking, reasons, settling
from cctv.subjects.identity.models import CheckState, IdentityCheck, Method
from cctv.subjects.requests import details
from cctv.subjects.requests.models import RequestState, SubjectRequest

SCREENING, SETTLED, WAITING, PAPER, CODE, WORDS = (
    "screening",
    "settled",
    "waiting",
    "paper",
    "code",
    "words",
)  # fmt: skip
_OPEN = (CheckState.ASKED, CheckState.SHOWN)


@dataclass(frozen=True, slots=True)
class Step:
    """`name`: screening (somebody looks at the request first), settled (nothing is wanted), waiting (for the
    checker), paper (`part` of `parts` is wanted now), code (by e-mail), words (only another way is left).

    `refused`: why what was sent before was not enough, in words; "" if nothing was.
    """

    name: str
    method: str = ""
    part: str = ""
    parts: tuple[str, ...] = ()
    arrived: frozenset[str] = frozenset()
    refused: str = ""
    has_address: bool = False

    @property
    def number(self) -> int:
        """Of the paper that is wanted now, from 1."""
        return self.parts.index(self.part) + 1


def step_of(request: SubjectRequest, *, part: str = "") -> Step:
    """The step; `part` asks for a paper that has arrived already, to send another."""
    if request.state == RequestState.SCREENING:
        return Step(SCREENING)
    if not settling.is_awaited(request):
        return Step(SETTLED)
    checks = list(request.checks.filter(for_secret=False).order_by("-asked_at"))
    check = next((each for each in checks if each.state in _OPEN), None)
    if check is not None and check.state == CheckState.SHOWN:
        return Step(WAITING, method=check.method)
    refused = _refused(checks)
    method = check.method if check else next(iter(asking.offered(request)), "")
    if method == Method.EMAIL_CODE:
        known = details.read(request)
        return Step(CODE, method, refused=refused, has_address=known is not None and bool(known.email))
    if method not in (Method.DOCUMENT, Method.REGISTRATION):
        return Step(WORDS, method, refused=refused)
    return _paper(request, check, method, part, refused)


def is_sent(request: SubjectRequest) -> bool:
    """Whether the checker has what they wait for."""
    return settling.is_awaited(request) and (
        request.checks.filter(for_secret=False, state=CheckState.SHOWN).exists()
    )


def _paper(
    request: SubjectRequest, check: IdentityCheck | None, method: str, part: str, refused: str
) -> Step:
    parts = profiles.papers_of(method, about=request.about, claimant=request.claimant)
    arrived = frozenset(check.papers.values_list("part", flat=True)) if check else frozenset()
    missing = [each for each in parts if each not in arrived]
    # Killed between the last paper and its end: the last one is asked for again.
    wanted = part if part in arrived else next(iter(missing), parts[-1])
    return Step(PAPER, method, wanted, parts, arrived, refused)


def _refused(checks: list[IdentityCheck]) -> str:
    """Of the last verdict, if it was no."""
    last = next((each for each in checks if each.state not in _OPEN), None)
    return str(reasons.words(last.reason)) if last and last.state == CheckState.REFUSED else ""
