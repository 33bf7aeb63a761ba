"""Korean and Japanese are complete: every string translated, placeholders kept, compiled files in step.

While no catalogue exists, these tests are skipped, and say so; from the first one on, all must be complete.
"""

import re
from pathlib import Path
from typing import Any

import pytest

polib = pytest.importorskip("polib", reason="polib is in tests/requirements.txt: make test checks catalogues")
pytest.importorskip("babel", reason="Babel is in tests/requirements.txt: make test checks catalogues")

from tests import messages  # noqa: E402
from tests.messages import APPS, LANGUAGES, catalogue_path, extract, messages_of  # noqa: E402

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
CASES = [(app, language) for app in APPS for language in LANGUAGES]


def catalogue(app: str, language: str) -> Any:
    """The catalogue; skips while the project has none at all."""
    if not any(catalogue_path(*case).exists() for case in CASES):
        pytest.skip("there are no catalogues yet: make messages starts them")
    path = catalogue_path(app, language)
    return polib.pofile(str(path)) if path.exists() else polib.POFile()


@pytest.mark.parametrize(("app", "language"), CASES)
def test_every_string_of_the_interface_is_in_the_catalogue(app: str, language: str) -> None:
    have = {(entry.msgctxt, entry.msgid) for entry in catalogue(app, language) if not entry.obsolete}
    want = set(extract(app))
    assert want - have == set(), "new strings: run make messages, and translate them"
    assert have - want == set(), "strings that nobody shows any more: run make messages"


@pytest.mark.parametrize(("app", "language"), CASES)
def test_every_string_is_translated_and_certain(app: str, language: str) -> None:
    entries = catalogue(app, language)
    assert [entry.msgid for entry in entries.untranslated_entries()] == []
    assert [entry.msgid for entry in entries.fuzzy_entries()] == []
    assert [entry.msgid for entry in entries.obsolete_entries()] == []


@pytest.mark.parametrize(("app", "language"), CASES)
def test_a_translation_keeps_the_placeholders(app: str, language: str) -> None:
    for entry in catalogue(app, language):
        sources = set(PLACEHOLDER.findall(f"{entry.msgid} {entry.msgid_plural}"))
        for translation in entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]:
            assert set(PLACEHOLDER.findall(translation)) == sources, entry.msgid


@pytest.mark.parametrize(("app", "language"), CASES)
def test_the_compiled_catalogue_is_in_step(app: str, language: str) -> None:
    entries = catalogue(app, language)
    if not len(entries):
        return
    compiled = polib.mofile(str(catalogue_path(app, language).with_suffix(".mo")))

    def content(file: Any) -> dict[object, object]:
        return {(e.msgctxt or None, e.msgid): e.msgstr_plural or e.msgstr for e in file if _says(e)}

    assert content(compiled) == content(entries), "run make messages"


def _says(entry: Any) -> bool:
    """Whether the entry holds a translation (entries of compiled catalogues know less of themselves)."""
    return bool(
        entry.msgid and not getattr(entry, "obsolete", False) and (entry.msgstr or entry.msgstr_plural)
    )


def test_strings_are_found_in_python_and_in_templates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = tmp_path / "cctv" / "templates" / "cctv"
    templates.mkdir(parents=True)
    (tmp_path / "cctv" / "views.py").write_text(
        "a = _('From Python')\nb = ngettext('%(n)s day', '%(n)s days', 2)\nc = pgettext('verb', 'View')\n"
        "d = ngettext_lazy('one', 'many')\ne = _(\n    'In two '\n    'pieces')\nf = other('not this')\n"
    )
    (templates / "page.html").write_text(
        "<p>\n    {% translate 'From a template' %} it's {{ x }}\n"
        "  {% translate 'Open' context 'state' %}\n"
        "{% blocktranslate with name=x trimmed %}\n  Dear {{ name }},\n  hello{% endblocktranslate %}\n"
        "{% blocktranslate count n=n %}{{ n }} hit{% plural %}{{ n }} hits{% endblocktranslate %}</p>\n"
    )
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    assert {key: message.plural for key, message in extract("cctv").items()} == {
        (None, "From Python"): None,
        (None, "%(n)s day"): "%(n)s days",
        ("verb", "View"): None,
        (None, "one"): "many",
        (None, "In two pieces"): None,
        (None, "From a template"): None,
        ("state", "Open"): None,
        (None, "Dear %(name)s, hello"): None,
        (None, "%(n)s hit"): "%(n)s hits",
    }


def test_a_catalogue_keeps_translations_and_drops_what_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cctv").mkdir()
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    (tmp_path / "cctv" / "views.py").write_text("a = _('Keep {name}')\nb = _('Drop')\n")
    assert messages.update("cctv", "ko") == (2, 2)
    path = messages.catalogue_path("cctv", "ko")
    entries = polib.pofile(str(path))
    for entry in entries:
        entry.msgstr = "{name} 유지"
    entries.save()
    (tmp_path / "cctv" / "views.py").write_text("a = _('Keep {name}')\nc = _('New')\n")
    assert messages.update("cctv", "ko") == (2, 1)
    compiled = polib.mofile(str(path.with_suffix(".mo")))
    assert [(entry.msgid, entry.msgstr) for entry in compiled] == [("Keep {name}", "{name} 유지")]


def test_a_string_that_is_no_literal_is_not_taken_for_one() -> None:
    assert list(messages_of("a = _(name)\nb = _(f'Hello {name}')\n")) == []
