"""`make messages`: collect the interface's strings into the catalogues and compile them.

Each app keeps its own: accesslog/locale, cctv/locale, config/locale. English is in the source. This
runs without GNU gettext: Babel finds the strings (templates pass through Django's `templatize`), polib
writes the catalogues. Translations that exist are kept, strings that are gone are dropped.
"""

import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polib
from babel.messages.extract import extract_python
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
APPS = ("accesslog", "cctv", "config")
LANGUAGES = {"ko": "nplurals=1; plural=0;", "ja": "nplurals=1; plural=0;"}
KEYWORDS: dict[str, Any] = {
    **dict.fromkeys(["_", "gettext", "gettext_lazy", "gettext_noop"]),
    **dict.fromkeys(["ngettext", "ngettext_lazy"], (1, 2)),
    **dict.fromkeys(["pgettext", "pgettext_lazy"], ((1, "c"), 2)),
    **dict.fromkeys(["npgettext", "npgettext_lazy"], ((1, "c"), 2, 3)),
}

Key = tuple[str | None, str]  # (context, English)


@dataclass
class Message:
    """One string of the interface and where it is used."""

    context: str | None
    english: str
    plural: str | None = None
    places: list[tuple[str, str]] = field(default_factory=list)


def catalogue_path(app: str, language: str) -> Path:
    """Where the catalogue of an app lies."""
    return ROOT / app / "locale" / language / "LC_MESSAGES" / "django.po"


def extract(app: str) -> dict[Key, Message]:
    """All strings of an app, from its Python modules and templates."""
    found: dict[Key, Message] = {}
    for path in sorted((ROOT / app).rglob("*")):
        name = path.relative_to(ROOT).as_posix()
        if path.suffix == ".py" and "/migrations/" not in name:
            source = path.read_text()
        elif "/templates/" in name and path.suffix in {".html", ".txt", ".svg"}:
            source = _as_python(path.read_text(), name)
        else:
            continue
        for context, english, plural in messages_of(source):
            message = found.setdefault((context, english), Message(context, english))
            message.plural = message.plural or plural
            message.places.append((name, ""))
    return found


def messages_of(source: str) -> Iterator[tuple[str | None, str, str | None]]:
    """(context, English, plural) of every marked string in Python source."""
    stream = io.BytesIO(source.encode())
    options: dict[str, str] = {"encoding": "utf-8"}
    extracted: Iterator[tuple[int, str, Any, Any]] = extract_python(stream, KEYWORDS, [], options)  # type: ignore[arg-type, assignment]
    for _line, function, texts, _comments in extracted:
        if function not in KEYWORDS or not texts:
            continue  # a call without a literal: nothing to collect
        parts: list[str] = [texts] if isinstance(texts, str) else list(texts)
        context = parts.pop(0) if function.startswith(("pgettext", "npgettext")) else None
        plural = parts[1] if "ngettext" in function or function.startswith("npgettext") else None
        if parts and parts[0]:
            yield context, parts[0], plural


def _as_python(template: str, name: str) -> str:
    """A template as Python source; blanked text loses its indentation, which Python would trip over."""
    converted = templatize(template, origin=name)
    return "\n".join(line.lstrip() for line in converted.splitlines())


def update(app: str, language: str) -> tuple[int, int]:
    """Bring one catalogue up to date; (strings, untranslated)."""
    path = catalogue_path(app, language)
    messages = extract(app)
    if not messages:
        return 0, 0
    old = polib.pofile(str(path)) if path.exists() else polib.POFile()
    known = {(entry.msgctxt, entry.msgid): entry for entry in old if not entry.obsolete}
    new = polib.POFile(wrapwidth=110)
    new.metadata = {
        "Project-Id-Version": "Lethe",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": LANGUAGES[language],
    }
    for key in sorted(messages, key=lambda key: (messages[key].places[0], key[1], key[0] or "")):
        new.append(_entry(messages[key], known.get(key)))
    path.parent.mkdir(parents=True, exist_ok=True)
    new.save(str(path))
    new.save_as_mofile(str(path.with_suffix(".mo")))
    return len(new), len(new.untranslated_entries())


def _entry(message: Message, known: polib.POEntry | None) -> polib.POEntry:
    entry = polib.POEntry(
        msgctxt=message.context,
        msgid=message.english,
        msgid_plural=message.plural or "",
        occurrences=sorted(set(message.places)),
    )
    if re.search(r"%\(\w+\)[sd]", message.english):
        entry.flags.append("python-format")
    elif re.search(r"\{\w+\}", message.english):
        entry.flags.append("python-brace-format")
    if message.plural:
        entry.msgstr_plural = dict(known.msgstr_plural) if known and known.msgstr_plural else {0: ""}
    elif known:
        entry.msgstr = known.msgstr
    return entry


def main() -> int:
    """Update and compile every catalogue."""
    for app in APPS:
        for language in LANGUAGES:
            strings, untranslated = update(app, language)
            print(f"{app:10} {language}: {strings} strings, {untranslated} without translation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
