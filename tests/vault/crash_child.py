"""A process for the fault tests: does one thing to a ring and kills itself at a named step.

python -m tests.vault.crash_child FOLDER ACTION STEP [MIRROR …]

For what needs both rings of an installation, FOLDER is its home and each MIRROR a disk with both.
"""

import os
import signal
import sys
import time
from pathlib import Path

from cctv.vault import steps
from cctv.vault.keyring import Keyring


def kill_at(step: str) -> None:
    """Die as hard as a process can when `step` is reached."""

    def listener(reached: str) -> None:
        if reached == step:
            os.kill(os.getpid(), signal.SIGKILL)

    steps.listen(listener)


def add_many(ring: Keyring, prefix: str) -> None:
    """Add 25 keys, one file change each."""
    for number in range(25):
        ring.ensure(f"{prefix}-{number}")


def hold(ring: Keyring) -> None:
    """Keep the keys in memory until told to end, and say when they are there."""
    ring.key_ids()
    print("holding", flush=True)
    sys.stdin.readline()


def serve_gets(ring: Keyring, key_id: str) -> None:
    """Get one key as fast as possible; print the time of the last success once it fails."""
    print("started", flush=True)
    last_ns = 0
    try:
        while True:
            ring.get(key_id)
            last_ns = time.time_ns()
    except Exception as error:
        print(type(error).__name__, last_ns, flush=True)


def in_home(home: Path, mirrors: list[str], action: str, argument: str) -> None:
    """Do it as an installation that lives in `home`."""
    os.environ.update(
        LETHE_HOME=str(home), DJANGO_SETTINGS_MODULE="config.settings", LETHE_KEY_MIRRORS=",".join(mirrors)
    )
    import django

    django.setup()
    from cctv.vault import journal, rings

    if action == "journal":
        journal.append("test", {"x": argument})
    elif action == "compact":
        journal.compact()
    elif action == "ratchet-records":
        rings.records().remove_and_ratchet([argument])


def main() -> None:
    """Do it."""
    folder, action, step, *mirrors = sys.argv[1:]
    kill_at(step)
    ring = Keyring(Path(folder), "footage", mirrors=[Path(mirror) for mirror in mirrors])
    verb, _, argument = action.partition(":")
    if verb == "initialise":
        ring.initialise()
    elif verb == "ensure":
        ring.ensure(argument)
    elif verb == "ratchet":
        ring.remove_and_ratchet(argument.split(","))
    elif verb == "add-many":
        add_many(ring, argument)
    elif verb == "hold":
        hold(ring)
    elif verb == "gets":
        serve_gets(ring, argument)
    elif verb in ("journal", "compact", "ratchet-records"):
        in_home(Path(folder), mirrors, verb, argument)
    print("finished", flush=True)


if __name__ == "__main__":
    main()
