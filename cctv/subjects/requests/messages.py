"""Messages between the requester and the desk, sealed under the request's key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from cctv.core import clock
from cctv.core.ids import new_id
from cctv.people.models import Account
from cctv.subjects.clocks import stored
from cctv.subjects.clocks.due import CLARIFICATION
from cctv.subjects.requests import alarms, details, events, mails, story
from cctv.subjects.requests.errors import RequestOver, TextMissing, TooManyMessages
from cctv.subjects.requests.models import Message, RequestActKind, RequestState, SubjectRequest

LONGEST = 4_000
# Of the requester: nobody has more to say in a day, and a stolen receipt fills no disk.
A_DAY = 30


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """A message with its words; `by` is None for the requester, and `text` None once the file has ended."""

    id: UUID
    by: Account | None
    template: str
    at: datetime
    text: str | None
    read_at: datetime | None

    @property
    def is_from_desk(self) -> bool:
        """Whether the requester is who reads it."""
        return self.by is not None or bool(self.template)


@sensitive_variables()
def add(
    request: SubjectRequest, text: str, *, by: Account | None = None, template: str = "", terminal: str
) -> Message:
    """A message: entry first, then the row. The other side is told of it by mail.

    The desk's first ends the 24 h clock; the requester's lets a clock go on that stood for their answer.
    TextMissing, RequestOver, TooManyMessages, LogUnavailable.
    """
    words = details.plain(text).strip()
    if not words or len(words) > LONGEST:
        raise TextMissing
    if request.state == RequestState.ENDED:
        raise RequestOver
    lately = request.messages.filter(by=None, template="", at__gt=clock.now() - timedelta(days=1))
    if by is None and not template and lately.count() >= A_DAY:
        raise TooManyMessages
    with transaction.atomic():
        return _write(request, words, by, template, terminal)


@sensitive_variables()
def _write(
    request: SubjectRequest, words: str, by: Account | None, template: str, terminal: str
) -> Message:  # fmt: skip
    message_id = new_id()
    sealed = details.seal(request, words.encode(), f"message/{message_id}")
    receipt = story.enter(
        request, events.MESSAGE, actor=by, terminal=terminal, by_lethe=by is None and bool(template),
        body={"message": {"id": str(message_id), "name": template}},
    )  # fmt: skip
    row = Message.objects.create(
        id=message_id, request=request, by=by, template=template, text=sealed, entry=receipt.index
    )
    if by is not None:
        _replied(request, by, terminal)
        mails.queue(request, "message", f"request/{request.pk}/message/{row.pk}")
    elif not template:
        alarms.written(request)
        if stored.awaits(request, CLARIFICATION):
            stored.resume(request, by_lethe=True)
    return row


def listing(request: SubjectRequest) -> list[Opened]:
    """All of them with their words, the oldest first."""
    return [
        Opened(row.pk, row.by, row.template, row.at, _text(request, row), row.read_at)
        for row in request.messages.select_related("by")
    ]


def mark_read(request: SubjectRequest, *, by_desk: bool) -> int:
    """The other side has seen what was written to it; how many were new."""
    unread = request.messages.filter(read_at=None, by__isnull=by_desk)
    return unread.update(read_at=clock.now())


def _text(request: SubjectRequest, row: Message) -> str | None:
    opened = details.unseal(request, bytes(row.text), f"message/{row.pk}")
    return None if opened is None else opened.decode()


def _replied(request: SubjectRequest, by: Account, terminal: str) -> None:
    if request.replied_at is not None:
        return
    story.act(request, RequestActKind.REPLIED, actor=by, terminal=terminal)
    request.replied_at = clock.now()
    request.save(update_fields=["replied_at"])
