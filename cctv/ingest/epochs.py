"""Registering something under an epoch that may be given a new key just then."""

from collections.abc import Callable
from typing import TypeVar

from cctv.vault.errors import EpochRetired

R = TypeVar("R")
# An hour gets a new key once in a while; twice within one admission would be odd already.
ATTEMPTS = 4


def under_live(register: Callable[[], R]) -> R:
    """Call it, and again as long as the epoch that it asked for was retired before its commit.

    `register` asks for the epoch itself, each time. EpochRetired when that does not end.
    """
    for _attempt in range(ATTEMPTS - 1):
        try:
            return register()
        except EpochRetired:
            continue
    return register()
