"""Named steps: each one that the code tells of stands in the list of a test that kills there."""

import ast
import re
from collections.abc import Iterator

from tests.house.files import ROOT, python_files

HERE = "tests/house/"
_QUOTED = re.compile(r"[\"']([a-z]+\.[a-z-]+)[\"']")


def told() -> Iterator[tuple[str, str]]:
    """(pattern of the step, module) for each `reached("…")`; a placeholder in it stands for one word."""
    for name in python_files():
        if not name.startswith("cctv/") or name == "cctv/vault/steps.py":
            continue
        source = (ROOT / name).read_text(encoding="utf-8")
        if "reached(" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if (
                isinstance(node, ast.Call)
                and node.args
                and ast.unparse(node.func).split(".")[-1] == "reached"
            ):
                yield _pattern(node.args[0]), name


def _pattern(step: ast.expr) -> str:
    if isinstance(step, ast.JoinedStr):
        return "".join(_pattern(part) for part in step.values)
    return re.escape(str(step.value)) if isinstance(step, ast.Constant) else "[a-z]+"


def listed() -> str:
    """All that stands in quotes in the code of the tests and looks like a step, one a line."""
    found: set[str] = set()
    for name in python_files():
        if name.startswith("tests/") and not name.startswith(HERE):
            found |= set(_QUOTED.findall((ROOT / name).read_text(encoding="utf-8")))
    return "\n".join(found)


def test_every_named_step_is_in_the_list_of_a_test() -> None:
    steps, tested = sorted(told()), listed()
    assert len(steps) > 100, "the search finds them"
    missing = [step for step in steps if not re.search(f"^{step[0]}$", tested, re.MULTILINE)]
    assert not missing, "nobody kills there: put them into a list of tests/faults or tests/vault"


def test_what_make_says_to_the_tests_reaches_them() -> None:
    """tests.settings clears the machine's own settings: all of LETHE_ but LETHE_TEST_."""
    said = set(re.findall(r"\b(LETHE_\w+)=", (ROOT / "Makefile").read_text(encoding="utf-8")))
    assert "LETHE_TEST_FAULTS" in said
    assert not {name for name in said if not name.startswith("LETHE_TEST_") and name != "LETHE_HOME"}
