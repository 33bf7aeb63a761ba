"""A scan of every template and static file: nothing inline, nothing from elsewhere, everything translated."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.template.loader import get_template

from cctv.templatetags import _states
from config.navigation import NAVIGATION
from tests.shell.pages import OWN_STATIC, STATIC, TEMPLATES

SVG = "{http://www.w3.org/2000/svg}"
INLINE = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.I),
    "a style element": re.compile(r"<style\b", re.I),
    "a script in the page": re.compile(r"<script\b(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", re.I),
    "an event attribute": re.compile(r"<[^>{}]*\son[a-z]+\s*=", re.I),
    "a javascript: address": re.compile(r"javascript:", re.I),
    "something from another host": re.compile(r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//", re.I),
}
# Attributes whose value a person reads or hears.
SPOKEN = re.compile(r"\b(?:title|aria-label|placeholder|alt)=\"([^\"]*)\"")
TAG = re.compile(r"<!--.*?-->|<[^>]*>", re.S)
CODE = re.compile(
    r"{#.*?#}|{%\s*comment\s*%}.*?{%\s*endcomment\s*%}|<code>.*?</code>|<kbd>.*?</kbd>"
    r"|{%\s*block (?:referrer|\w+_(?:class|attributes))\s*%}.*?{%\s*endblock",  # attributes are not read
    re.S,
)
TRANSLATED = re.compile(r"{%\s*blocktrans(?:late)?\b.*?{%\s*endblocktrans(?:late)?\s*%}", re.S)
EXPRESSION = re.compile(r"{[{%].*?[%}]}", re.S)
# Names and units that are the same in every language.
SAME_EVERYWHERE = {
    "Lethe",
    "Esc",
    "Enter",
    "KST",
    "PDF",
    "SHA",
    "JST",
    "UTC",
    "min",
    "h",
    "d",
    "s",
    "GB",
    "MB",
    "px",
    "fps",
    "ID",
    "DC",  # the prefix of destruction certificates
}

# Handed out with a sealed copy and opened from a disk, without a server: its script and its look
# stand in it, under a policy of its own that names their hashes.
HANDED_OUT = "cctv/disclosure/handing/open.html"


def source(name: str) -> str:
    return TEMPLATES[name].read_text()


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_template_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(name: str) -> None:
    found = {what for what, pattern in INLINE.items() if pattern.search(source(name))}
    assert found == ({"a style element", "a script in the page"} if name == HANDED_OUT else set())


@pytest.mark.parametrize("path", OWN_STATIC, ids=lambda path: path.name)
def test_static_files_load_nothing_from_elsewhere_and_evaluate_nothing(path: Path) -> None:
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"https?://|url\((?!#)|@import|\beval\(|new Function|\.style\.cssText", text) == []


def test_the_scan_finds_what_it_looks_for() -> None:
    bad = [
        '<p style="color:red">', "<style>p{}</style>", "<script>1</script>", '<b onclick="x()">',
        '<a href="javascript:x">', '<img src="//cdn.example/x.png">',
    ]  # fmt: skip
    for what, (pattern, text) in zip(INLINE, zip(INLINE.values(), bad, strict=True), strict=True):
        assert pattern.search(text), what


def untranslated(text: str) -> list[str]:
    """Words that stand in a template outside every translation."""
    text = TRANSLATED.sub(" ", CODE.sub(" ", text))
    spoken = " ".join(EXPRESSION.sub(" ", value) for value in SPOKEN.findall(EXPRESSION.sub(" ", text)))
    shown = TAG.sub(" ", EXPRESSION.sub(" ", text))
    words = re.findall(r"&[a-z#0-9]+;|[^\W\d_]+", f"{shown} {spoken}")
    return [
        word for word in words if not word.startswith("&") and len(word) > 1 and word not in SAME_EVERYWHERE
    ]


def test_the_search_for_untranslated_words_finds_them() -> None:
    assert untranslated('<p>Hello {% translate "x" %}</p>') == ["Hello"]
    assert untranslated('<a title="Close" href="/x">×</a>') == ["Close"]
    assert untranslated('<p>{% translate "Close" %} {{ name }} · 3 h</p>') == []
    assert untranslated("{% blocktranslate %}You see {{ count }}{% endblocktranslate %}") == []


# Names of files and of the format are the same in every language.
FORMATS = {
    "age",
    "key",
    "package",
    "zip",
    "txt",
    "html",
    "open",
    "org",
    "AGE",
    "SECRET",
    "KEY",
    "README",
    "YOUR",
}
# Sample names of places and people in the style guide are not words.
SAMPLES = {"Gate", "in", "Dock", "BH", "GH", "when", "span"}


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_text_goes_through_translation(name: str) -> None:
    allowed = {"shell/styleguide.html": SAMPLES, HANDED_OUT: FORMATS}.get(name, set())
    assert [word for word in untranslated(source(name)) if word not in allowed] == []


def sprite() -> set[str]:
    root = ElementTree.fromstring((STATIC / "img" / "sprite.svg").read_text())  # noqa: S314 - our own file
    return {symbol.attrib["id"] for symbol in root.iter(f"{SVG}symbol")}


def used_icons() -> dict[str, str]:
    """Every icon named in a template, a state or the navigation, and where."""
    used: dict[str, str] = {}
    for name in TEMPLATES:
        text = source(name)
        found = re.findall(r'{%\s*icon\s+"([^"]+)"', text) + re.findall(r'\bicon="([^"]+)"', text)
        used |= dict.fromkeys(found, name)
    used |= {state.symbol: "a state" for state in _states.STATES.values()}
    return used | {entry.icon: "the navigation" for entry in NAVIGATION}


def test_every_icon_that_is_used_is_in_the_sprite() -> None:
    missing = {icon: where for icon, where in used_icons().items() if icon not in sprite()}
    assert missing == {}


def test_every_state_is_a_word_and_an_icon() -> None:
    assert all(state.symbol and state.label for state in _states.STATES.values())


def _declared(css: str) -> set[str]:
    return set(re.findall(r"(--[a-z][\w-]*)\s*:", css))


@pytest.mark.parametrize("name", ["office.css", "public.css"])
def test_every_colour_and_size_comes_from_the_tokens(name: str) -> None:
    css = (STATIC / "css" / name).read_text()
    tokens = _declared((STATIC / "css" / "tokens.css").read_text())
    assert set(re.findall(r"var\((--[\w-]+)", css)) - tokens - _declared(css) == set()


def test_the_office_look_writes_no_colour_of_its_own() -> None:
    css = (STATIC / "css" / "office.css").read_text()
    assert re.findall(r"#[0-9a-f]{3,8}\b(?![^{]*{)", css) == []


def test_both_dark_themes_are_the_same() -> None:
    css = (STATIC / "css" / "tokens.css").read_text()
    system = re.search(r':root:not\(\[data-theme="light"\]\) {(.*?)}', css, re.S)
    chosen = re.search(r':root\[data-theme="dark"\] {(.*?)}', css, re.S)
    assert system is not None
    assert chosen is not None
    assert system[1].split() == chosen[1].split()
