"""Named steps of everything that must survive a kill between any two of them.

The code says `reached("…")` at each step; nothing listens, except in the fault tests, which kill
their process there. There is no setting for it: only code in the same process can listen.
"""

from collections.abc import Callable

_listeners: list[Callable[[str], None]] = []


def reached(step: str) -> None:
    """Tell that `step` has been done and the next one has not begun."""
    for listener in _listeners:
        listener(step)


def listen(listener: Callable[[str], None]) -> None:
    """Call `listener` at each step of this process."""
    _listeners.append(listener)
