"""The signer's memory: the highest size and root ever signed, beside the tiles and outside every database.

It is written, durably, before a signature is made, so it can only say more than was signed, never less. With
it, a database that was put back from a backup is seen before anything is signed, and before anything is
appended that would fork what outsiders hold (`floor`). A log that was forked cannot be mended any more.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accesslog import conf, merkle
from accesslog.errors import LogRewound, SignerStateDamaged
from accesslog.publish import files

NAME = "signer-state"
LOCK = "signer-lock"
FORMAT = 1


@dataclass(slots=True)
class State:
    """`frontier` (hashes of the perfect subtrees) is empty where only the root was learnt, from a copy.

    `recovering`: what a recovery under way puts back. `pending`: entries that are owed to the log, appended
    as soon as it can be appended to. `lost`: losses that were accepted ({kept, size, root}).
    """

    origin: str = ""
    size: int = 0
    root: bytes = merkle.EMPTY_ROOT
    frontier: bytes = b""
    time_us: int = 0
    recovering: dict[str, Any] | None = None
    pending: list[dict[str, Any]] = field(default_factory=list)
    lost: list[dict[str, Any]] = field(default_factory=list)


def load(folder: Path) -> State | None:
    """The state of a folder; None where none was ever written. Raises SignerStateDamaged, OSError."""
    try:
        data = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return None
    try:
        said: Mapping[str, Any] = json.loads(data)
        if said["format"] != FORMAT:
            raise ValueError(f"format {said['format']}")
        state = State(
            origin=str(said["origin"]), size=int(said["size"]), root=bytes.fromhex(said["root"]),
            frontier=bytes.fromhex(said["frontier"]), time_us=int(said["time_us"]),
            recovering=said["recovering"], pending=list(said["pending"]), lost=list(said["lost"]),
        )  # fmt: skip
        if state.frontier and merkle.Frontier.from_bytes(state.size, state.frontier).root() != state.root:
            raise ValueError("the frontier has another root")
    except (ValueError, KeyError, TypeError) as error:
        raise SignerStateDamaged() from error
    return state


def save(folder: Path, state: State) -> None:
    """Write the state durably. Raises OSError."""
    said = {
        "format": FORMAT, "origin": state.origin, "size": state.size, "root": state.root.hex(),
        "frontier": state.frontier.hex(), "time_us": state.time_us, "recovering": state.recovering,
        "pending": state.pending, "lost": state.lost,
    }  # fmt: skip
    files.write(folder / NAME, (json.dumps(said, indent=1) + "\n").encode())


# ---------------------------------------------------------------------- the floor of appending

_floors: dict[str, tuple[tuple[int, int], int]] = {}


def refuse_fork(size: int) -> None:
    """LogRewound when a log of `size` entries is shorter than what was signed. Costs one stat(2)."""
    if size < floor():
        raise LogRewound()


def floor() -> int:
    """The highest size that this host's state says was signed; the last one known if it cannot be read."""
    folder = conf.folder()
    if folder is None:
        return 0
    path = str(folder / NAME)
    known = _floors.get(path)
    try:
        status = os.stat(path)
        identity = (status.st_mtime_ns, status.st_ino)
        if known is None or known[0] != identity:
            state = load(folder)
            known = _floors[path] = (identity, state.size if state else 0)
    except (OSError, SignerStateDamaged):
        pass  # the publisher reports it; whoever appends learns no more by waiting
    return known[1] if known else 0
