"""What the access log says of cases and letters. Who is concerned is sealed in them, not here."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register
from cctv.vault.papers import register_paper_kind

OPENED, CHANGED, CLOSED = "case.opened", "case.changed", "case.closed"
LETTER_ADDED, LETTER_OPENED = "letter.added", "letter.opened"
LETTER = "letter"
_WHO = frozenset({"actor", "terminal", "site", "case"})

for _kind, _more, _optional, _sentence, _icon in (
    (OPENED, {"title"}, {"reference"}, _("{actor} opened case {case}: {title}."), "case"),
    (
        CHANGED, {"what"}, {"title", "reference", "camera", "from", "to", "state"},
        _("{actor} changed case {case}."), "edit",
    ),
    (
        CLOSED, {"holds", "copies"}, {"past_retention"},
        _("{actor} closed case {case}: {holds} holds released, {copies} copies ended."), "check",
    ),
    (
        LETTER_ADDED, {LETTER, "kind"}, {"document", "file", "bytes", "sha256"},
        _("{actor} added {letter} to case {case}."), "mail",
    ),
    (LETTER_OPENED, {LETTER}, {"file"}, _("{actor} opened {letter} of case {case}."), "eye"),
):  # fmt: skip
    register(
        EventType(
            kind=_kind,
            required=_WHO | _more,
            optional=frozenset(_optional),
            sentence=_sentence,
            # A reference elsewhere may lead to whom it is about.
            personal=frozenset({"actor", "terminal", "reference"}) & (_WHO | _more | _optional),
            icon=_icon,
            keep="ledger",
            link=("case", "case"),
        )
    )

register_paper_kind(LETTER_OPENED, LETTER)
