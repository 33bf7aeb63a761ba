"""Modules and functions stay small enough to be seen whole; exceptions carry a reason."""

import ast
from collections.abc import Iterator

from tests.house.exceptions import LONG_FUNCTIONS, LONG_MODULES
from tests.house.files import ROOT, python_files

MODULE_LINES = 400
FUNCTION_LINES = 40

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def test_modules_are_at_most_400_lines() -> None:
    lengths = {name: len((ROOT / name).read_text().splitlines()) for name in python_files()}
    _compare({name: lines for name, lines in lengths.items() if lines > MODULE_LINES}, LONG_MODULES)


def test_functions_are_at_most_40_lines() -> None:
    too_long = {
        f"{name}::{function}": lines
        for name in python_files()
        for function, lines in function_lengths((ROOT / name).read_text())
        if lines > FUNCTION_LINES
    }
    _compare(too_long, LONG_FUNCTIONS)


def test_the_length_of_a_function_leaves_out_its_docstring_and_counts_the_rest() -> None:
    source = (
        'class A:\n    def b(self):\n        """One.\n\n        Two."""\n        x = 1\n\n        return x\n'
    )
    assert list(function_lengths(source)) == [("A.b", 4)]


def function_lengths(source: str) -> Iterator[tuple[str, int]]:
    """(qualified name, lines from `def` to the end, without the docstring) of every function."""

    def walk(node: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, _Function):
                yield f"{prefix}{child.name}", _lines(child)
            inner = f"{prefix}{child.name}." if isinstance(child, _Function | ast.ClassDef) else prefix
            yield from walk(child, inner)

    yield from walk(ast.parse(source), "")


def _lines(function: _Function) -> int:
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function, clean=False) is not None:
        docstring = function.body[0]
        lines -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
    return lines


def _compare(too_long: dict[str, int], exceptions: dict[str, str]) -> None:
    unexplained = {name: lines for name, lines in too_long.items() if name not in exceptions}
    assert not unexplained, f"too long, split it or give a reason in tests/house/exceptions.py: {unexplained}"
    outdated = sorted(set(exceptions) - set(too_long))
    assert not outdated, f"no longer too long: take it out of tests/house/exceptions.py: {outdated}"
    assert all(len(reason) > 20 for reason in exceptions.values()), "a reason is a sentence"
