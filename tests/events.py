"""`python -m tests.events`: write docs/events.md, the table of everything that the access log says.

Also what the tests of events share: an example body for every kind, made from the names of its fields.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from accesslog import registry
from accesslog.registry import EventType

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "events.md"
HEAD = """# What the access log says

Written by `python -m tests.events` from the registry; a test fails when this page is stale. An entry of an
unknown kind, without a required field, with a field that its kind does not have, or with a common field of
the wrong shape is refused before anything happens ([registry](../accesslog/README.md)).

* **Fields**: required ones first, optional ones in brackets. `actor`, `site`, `camera`, `purpose` are objects
  with id (code) and name (text); `from`, `to`, `hour` are RFC 3339 times in UTC.
* **Personal**: left out for readers who may not see personal detail.
* **Class**: what is kept equally long (`access`, `permission`, `ledger`); see the rules of
  records. What is kept `always` is never pruned.
* *routine* entries are listed only when they are asked for.
"""
MOMENT = "2026-11-14T10:00:00.000Z"
_TEXTS: dict[str, Any] = {
    "segments": 3, "quarantined": 1, "bytes": 4096, "count": 2, "status": 403, "size": 7, "first": 1,
    "end": 9, "below": 40, "lines": 12, "failed": 0, "camera_count": 1, "findings": 0, "deleted": 2,
    "objects": 3,
    "from": MOMENT, "to": "2026-11-14T10:01:00.000Z", "hour": MOMENT, "until": MOMENT, "month": "2026-11",
    "keys": ["k1"], "kinds": ["view.covered"],
}  # fmt: skip
_OBJECTS = ("site", "camera", "object", "hold", "source", "recorder", "where", "deputy", "role", "ground")


def ours() -> list[EventType]:
    """The project's own kinds; those of tests are called test.something."""
    return [each for each in registry.all_types() if not each.kind.startswith("test.")]


def example(event_type: EventType, *, secret: str = "") -> dict[str, Any]:
    """A body with every field; whatever is personal says `secret`, if given, and nothing else does."""
    return {
        name: _value(name, secret if name in event_type.personal and secret else f"the {name}")
        for name in sorted(event_type.fields)
    }


def _value(name: str, text: str) -> Any:
    thing = {"id": f"{text} id", "code": f"{text} code", "name": text, "employer": text}
    if name in ("actor", "confirmed_by"):
        return thing | {"role": "operator"}
    if name == "cameras":
        return [thing]
    if name == "purpose":
        return {"code": f"{text} code", "text": text, "reason": text}
    if name in ("before", "after", "facts", "counts", "query"):
        return {"name": text}
    if name == "sent":
        return [{"camera": {"id": "1", "name": text}, "from": MOMENT, "to": MOMENT}]
    if name in _OBJECTS:
        return thing | {"text": text}
    return _TEXTS.get(name, text)


def page() -> str:
    """The page as it should be."""
    return "\n".join([HEAD, *_sections()])


def _sections() -> Iterator[str]:
    area = ""
    for each in ours():
        begins = each.kind.partition(".")[0]
        if begins != area:
            area = begins
            yield f"## {area}\n\n| kind | meaning | fields | personal | class |\n|---|---|---|---|---|"
        rows = [
            f"`{each.kind}`" + (" *routine*" if each.routine else ""),
            re.sub(r"\{(\w+)\}", r"*\1*", registry.msgid(each.sentence)).replace("|", "\\|"),
            _names(each.required) + (f" [{_names(each.optional)}]" if each.optional else ""),
            _names(each.personal) or "–",
            each.keep,
        ]
        yield f"| {' | '.join(rows)} |" + ("\n" if _ends(each) else "")


def _ends(event_type: EventType) -> bool:
    """Whether it is the last of its area."""
    area = event_type.kind.partition(".")[0] + "."
    return [each.kind for each in ours() if each.kind.startswith(area)][-1] == event_type.kind


def _names(fields: frozenset[str]) -> str:
    return ", ".join(sorted(fields))


def main() -> None:
    """Write the page."""
    import django

    django.setup()
    PAGE.write_text(page())
    print(f"{PAGE.relative_to(ROOT)}: {len(ours())} kinds")


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
