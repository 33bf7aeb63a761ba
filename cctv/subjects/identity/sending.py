"""A paper that a requester sends goes into their check; after the last one the checker is told."""

from collections.abc import Iterable

from cctv.subjects.identity import asking, papers, showing
from cctv.subjects.identity.errors import NotWaiting
from cctv.subjects.identity.models import Method
from cctv.subjects.requests.models import SubjectRequest


def send_paper(request: SubjectRequest, part: str, picture: Iterable[bytes], *, terminal: str) -> None:
    """Take one paper. NotWaiting, what `papers.take` raises, LogUnavailable."""
    step = showing.step_of(request)
    if step.name != showing.PAPER or part not in step.parts:
        raise NotWaiting
    check = asking.ask(request, Method(step.method), terminal=terminal)
    papers.take(check, part, picture, terminal=terminal)
    if set(papers.wanted(check)) <= set(check.papers.values_list("part", flat=True)):
        asking.finish(check, terminal=terminal)
