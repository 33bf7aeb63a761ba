"""Tells connections and caches that they are in a forked child now."""

import os
import weakref
from typing import Protocol


class Forks(Protocol):
    """Whatever must start anew in a child."""

    def forked(self) -> None:
        """Called in the child, before anything else runs there."""


_watched: "weakref.WeakSet[Forks]" = weakref.WeakSet()


def watch(each: Forks) -> None:
    """Call `each.forked()` in every child that is forked from now on."""
    _watched.add(each)


def _in_child() -> None:
    for each in list(_watched):
        each.forked()


os.register_at_fork(after_in_child=_in_child)
