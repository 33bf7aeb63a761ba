"""The registry of events is complete: whatever is logged is known, readable and says what is personal."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest
from django.urls import get_resolver
from django.utils import translation

from accesslog import links, registry, sentences
from cctv.subjects.requests.models import RequestActKind
from tests import events
from tests.house.files import ROOT, python_files

KINDS = {each.kind: each for each in events.ours()}
CLASSES = {"access", "permission", "ledger", "always"}
# Registered before the act that logs them is built: kind -> the issue that brings it.
LATER: dict[str, str] = {}
# Fields that tell of a person by themselves, or that people type freely and may name one in.
OF_PERSONS = {
    "actor", "terminal", "witness", "recipient", "deputy", "confirmed_by", "reference", "reason", "query",
    "item", "comment", "requester", "person", "before", "after",
}  # fmt: skip
# Codes, or words of Lethe's own: no person can be in them.
NOT_PERSONAL = {
    "viewing.closed": {"reason"},
    "ingest.quarantined": {"reason"},
    "ingest.retried": {"reason"},
    "vault.job": {"reason"},
    "log.prune": {"reason"},
    # A witness here is a server that signs; so is what it says.
    "log.witness_refused": {"witness", "reason"},
    # A public key.
    "vault.recovery_key": {"recipient"},
    # A stated purpose, as it stands in each entry of the viewing.
    "viewing.purpose_changed": {"before"},
    "purpose.changed": {"before", "after"},
    "hold.prolonged": {"before"},
    "records.rule_changed": {"before"},
}
KIND = re.compile(r"[a-z]+(\.[a-z_]+)+\Z")
SAID = re.compile(r'id="([a-z]+)"')


@cache
def trees() -> dict[str, ast.Module]:
    """Every module of the product that could log."""
    names = [name for name in python_files() if name.startswith(("cctv/", "accesslog/", "config/"))]
    return {name: ast.parse((ROOT / name).read_text()) for name in names}


def constants() -> dict[str, set[str]]:
    """NAME -> kinds that a module-level NAME = "kind" stands for anywhere."""
    found: dict[str, set[str]] = {}
    for tree in trees().values():
        for node in tree.body:
            for name, value in _assigned(node):
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    found.setdefault(name, set()).add(value.value)
    return found


def _assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if not isinstance(node, ast.Assign):
        return
    for target in node.targets:
        if isinstance(target, ast.Name):
            yield target.id, node.value
        elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = zip(target.elts, node.value.elts, strict=True)
            yield from ((one.id, value) for one, value in pairs if isinstance(one, ast.Name))


def passing() -> set[str]:
    """Functions that hand a `kind` of their own on to append(), or to another such function."""
    found = {"append"}
    functions = [
        node for tree in trees().values() for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
    ]
    with_kind = [node for node in functions if "kind" in _parameters(node)]
    while more := {each.name for each in with_kind if each.name not in found and _calls(each, found)}:
        found |= more
    return found - {"append"}


def _calls(function: ast.FunctionDef, names: set[str]) -> bool:
    """Whether it calls one of these with its own `kind`."""
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call) and _name(node) in names)
    given = (each for call in calls for each in (*call.args, *(one.value for one in call.keywords)))
    return any(isinstance(each, ast.Name) and each.id == "kind" for each in given)


def _parameters(node: ast.FunctionDef) -> set[str]:
    return {each.arg for each in (*node.args.args, *node.args.kwonlyargs, *node.args.posonlyargs)}


def _name(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _appends(tree: ast.AST) -> Iterator[ast.expr]:
    """What calls of append(kind=…) say."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node) == "append":
            yield from (given.value for given in node.keywords if given.arg == "kind")


def logged() -> dict[str, set[str]]:
    """Kind -> modules that hand it to append(), or to a function that does."""
    found: dict[str, set[str]] = {}
    known, functions = constants(), passing()
    for module, tree in trees().items():
        said = list(_appends(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node) in functions:
                said += [*node.args, *(given.value for given in node.keywords if given.arg == "kind")]
        for expression in said:
            for kind in _kinds(expression, known):
                found.setdefault(kind, set()).add(module)
    return found


def mentioned() -> set[str]:
    """Kinds that some module speaks of, apart from those that register them."""
    known = constants()
    return {
        kind
        for module, tree in trees().items()
        if not module.endswith("/events.py")
        for kind in _kinds(tree, known)
    }


def _kinds(tree: ast.AST, known: dict[str, set[str]]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            said = {node.value}
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "RequestActKind":
            said = {f"request.{RequestActKind[node.attr].value}"}  # acts of a story have their kinds from it
        elif isinstance(node, ast.Name | ast.Attribute):
            said = known.get(getattr(node, "attr", getattr(node, "id", "")), set())
        else:
            continue
        yield from (kind for kind in said if KIND.match(kind))


def test_whatever_is_logged_is_registered():
    unknown = {kind: modules for kind, modules in logged().items() if kind not in KINDS}
    assert not unknown


def test_whatever_is_registered_is_logged_or_said_to_come_later():
    # Some kinds are chosen from a table, so being spoken of has to do.
    assert not set(KINDS) - mentioned() - set(LATER)
    assert not set(LATER) & set(logged())
    assert {"view.covered", "camera.retired", "hold.lapsed", "ingest.hour", "access.refused"} <= mentioned()


def test_every_kind_has_an_icon_a_class_and_a_page_that_is_there():
    symbols = set(SAID.findall((ROOT / "config/static/img/sprite.svg").read_text()))
    assert not {each.kind: each.icon for each in KINDS.values() if each.icon not in symbols}
    assert not {each.kind: each.keep for each in KINDS.values() if each.keep not in CLASSES}
    assert not {each.kind: each.link for each in KINDS.values() if each.link and not _leads(each.link)}


def _leads(link: tuple[str, ...]) -> bool:
    """Whether some page of that name takes as many values."""
    pages = get_resolver().reverse_dict.getlist(link[0])
    return len(link) - 1 in {len(values) for page in pages for _pattern, values in page[0]}


def test_every_kind_says_which_of_its_fields_tell_of_a_person():
    silent = {
        each.kind: telling
        for each in KINDS.values()
        if (telling := each.fields & OF_PERSONS - each.personal - NOT_PERSONAL.get(each.kind, frozenset()))
    }
    assert not silent


@pytest.mark.parametrize("language", ["en", "ko", "ja"])
def test_every_kind_reads_as_a_sentence(language: str):
    with translation.override(language):
        for each in KINDS.values():
            body = events.example(each)
            registry.check_new(each.kind, body)
            told, zone = sentences.sentence(body, each.kind), sentences.zone_of(body)
            for name in registry.placeholders(registry.msgid(each.sentence)):
                assert sentences.show(name, body[name], zone, body) in told, (each.kind, name)


def test_no_kind_shows_what_is_personal_to_who_may_not_see_it(monkeypatch):
    monkeypatch.setattr(links, "_may_open", lambda *_given: True)
    for each in KINDS.values():
        body = events.example(each, secret="Hong Gildong")
        assert not each.personal or "Hong Gildong" in str(sentences.details(body, each.kind)), each.kind
        shown = (
            sentences.sentence(body, each.kind, personal=False),
            str(sentences.sentence_html(body, each.kind, personal=False)),
            str(sentences.details(body, each.kind, personal=False)),
            links.link_of(each.kind, body, None, personal=False),
        )
        assert "Hong" not in " ".join(shown), each.kind


def test_the_page_of_events_is_up_to_date():
    assert events.PAGE.read_text() == events.page(), "run: python -m tests.events"
