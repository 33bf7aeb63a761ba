"""Event types: which kinds of entry exist, which fields each needs, and how it reads as a sentence.

Areas register their events when the project starts. An unknown kind, a missing field, an unknown field and a
field of the wrong shape raise: an entry that nobody can read is as bad as none.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise

from accesslog import entry, shapes
from accesslog.errors import EventRefused

_FORMATTER = string.Formatter()
KEEP_DEFAULT = "access"


@dataclass(frozen=True)
class EventType:
    """One kind of event.

    `sentence` is a lazy translation with {named} placeholders, each a field of the body. `personal` names the
    fields that are left out for readers who may not see personal detail. `icon` names a symbol of the page.
    `routine` entries (bookkeeping of jobs, by the thousand) are listed only when they are asked for.
    `keep` is the retention class: what is kept equally long shares a key per month. `link` leads to what the
    entry is about: the name of a URL pattern, then the fields that are its arguments (dotted: "site.id").
    """

    kind: str
    required: frozenset[str]
    optional: frozenset[str]
    sentence: str | Promise
    personal: frozenset[str] = frozenset()
    icon: str = ""
    routine: bool = False
    keep: str = KEEP_DEFAULT
    link: tuple[str, ...] = ()
    # Computed once: every append asks for them.
    fields: frozenset[str] = field(init=False, repr=False, compare=False)
    checks: tuple[tuple[str, shapes.Shape], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        fields = self.required | self.optional
        object.__setattr__(self, "fields", fields)
        checks = tuple((name, shape) for name, shape in shapes.SHAPES.items() if name in fields)
        object.__setattr__(self, "checks", checks)


_types: dict[str, EventType] = {}


def register(event_type: EventType) -> EventType:
    """Make a kind known. Raises EventRefused if it is taken, badly named or has a wrong sentence."""
    try:
        entry.check_kind(event_type.kind)
    except entry.EntryError as error:
        raise EventRefused(str(error)) from error
    placed = placeholders(msgid(event_type.sentence))
    linked = {path.partition(".")[0] for path in event_type.link[1:]}
    if unknown := sorted((placed | event_type.personal | linked) - event_type.fields):
        raise EventRefused(f"{event_type.kind}: the body has no field {', '.join(unknown)}")
    known = _types.get(event_type.kind)
    if known is not None and _signature(known) != _signature(event_type):
        raise EventRefused(f"{event_type.kind}: this kind is registered already, with other fields")
    _types[event_type.kind] = event_type
    return event_type


def get(kind: str) -> EventType:
    """The registered type. Raises EventRefused for an unknown kind."""
    try:
        return _types[kind]
    except KeyError:
        raise EventRefused(f"{kind!r} is not a registered kind of event") from None


def all_types() -> list[EventType]:
    """Every registered type, by kind."""
    return [_types[kind] for kind in sorted(_types)]


def routine_kinds() -> list[str]:
    """Kinds that a list leaves out unless it is asked for them."""
    return [each.kind for each in all_types() if each.routine]


def check(kind: str, body: Mapping[str, Any]) -> EventType:
    """The type of a body that has all required fields and no unknown one. Raises EventRefused."""
    event_type = get(kind)
    if missing := [name for name in event_type.required if body.get(name) is None]:
        raise EventRefused(f"{kind}: the body lacks {', '.join(sorted(missing))}")
    if not body.keys() <= event_type.fields:
        unknown = sorted(map(str, body.keys() - event_type.fields))
        raise EventRefused(f"{kind}: the body has the unknown field {', '.join(unknown)}")
    return event_type


def check_new(kind: str, body: Mapping[str, Any]) -> EventType:
    """The same for an event about to be logged: common fields must have their shape too (see `shapes`).

    What was logged by an earlier version is only read, and read as it is.
    """
    event_type = check(kind, body)
    if fault := shapes.wrong(body, event_type.checks):
        raise EventRefused(f"{kind}: {fault}")
    return event_type


def placeholders(sentence: str) -> set[str]:
    """Names of the {placeholders} of a sentence. Raises EventRefused for a malformed one."""
    try:
        names = {name for _, name, _, _ in _FORMATTER.parse(sentence) if name is not None}
    except ValueError as error:
        raise EventRefused(f"the sentence {sentence!r} is malformed: {error}") from error
    if bad := sorted(name for name in names if not name.isidentifier()):
        raise EventRefused(f"the sentence {sentence!r} has the unusable placeholder {bad[0]!r}")
    return names


def msgid(sentence: str | Promise) -> str:
    """The sentence before translation, in English: apps register before translations may be looked up."""
    arguments = getattr(sentence, "_args", None)
    return str(arguments[0]) if arguments else str(sentence)


def _signature(event_type: EventType) -> tuple[Any, ...]:
    return (event_type.required, event_type.optional, msgid(event_type.sentence), event_type.personal)
