"""Tests of one group run in one process, so that what they share is made once.

`--dist loadgroup` means to see to that, but xdist 3.8 writes a test's group where pytest 9.2 no longer reads
it, and every demonstration was made by both processes. A pytest plugin (see tests/conftest.py).
"""

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Name the group at the end of the test's id, where the scheduler looks for it."""
    if not config.getoption("loadgroup", False):
        return
    # They begin in this order: what takes long, then the many small ones, between which nothing ends late.
    items.sort(key=_turn)
    for item in items:
        groups = sorted({str(mark.args[0]) for mark in item.iter_markers("xdist_group")})
        if groups and "@" not in item.nodeid.rpartition("]")[2]:
            item._id = type(item._id).parse(f"{item.nodeid}@{'_'.join(groups)}")


def _turn(item: pytest.Item) -> int:
    if item.get_closest_marker("xdist_group"):
        return 0
    return 1 if item.get_closest_marker("servers") else 2 if item.get_closest_marker("browser") else 3
