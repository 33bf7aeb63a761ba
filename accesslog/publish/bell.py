"""How the writer tells this process's publisher that the log has grown, at the price of a flag."""

from __future__ import annotations

import threading

_listeners: list[threading.Event] = []


def ring() -> None:
    """The log has grown. Never waits and never raises."""
    for listener in _listeners:
        listener.set()


def hear(listener: threading.Event) -> None:
    """Set `listener` at each commit of this process."""
    _listeners.append(listener)


def leave(listener: threading.Event) -> None:
    """No longer."""
    if listener in _listeners:
        _listeners.remove(listener)
