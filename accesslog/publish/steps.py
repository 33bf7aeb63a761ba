"""Named steps of everything here that must survive a kill between any two of them.

Nothing listens, except in the tests. There is no setting for it: only code in the same process can listen.
"""

from __future__ import annotations

from collections.abc import Callable

_listeners: list[Callable[[str], None]] = []


def reached(step: str) -> None:
    """Tell that `step` has been done and the next one has not begun."""
    for listener in _listeners:
        listener(step)


def listen(listener: Callable[[str], None]) -> Callable[[], None]:
    """Call `listener` at each step of this process; returns what ends it."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)
