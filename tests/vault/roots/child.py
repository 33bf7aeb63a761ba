"""A process that is a host of a shared ring: does one thing, and kills itself at a named step.

python -m tests.vault.roots.child WHERE ACTION STEP
"""

import json
import sys
from pathlib import Path

import django

from cctv.vault.roots.move import Moving, to_openbao
from tests.vault.crash_child import add_many, hold, kill_at, serve_gets
from tests.vault.roots.hosts import Where


def moving(where: Where) -> Moving:
    """The host's file ring on its way."""
    folder, place = Path(where.folder), where.place()
    return Moving(
        "footage",
        folder,
        [Path(mirror) for mirror in where.mirrors],
        folder / "holders",
        where.roots(place),
        place,
    )


def main() -> None:
    """Do it."""
    django.setup()
    where = Where(**json.loads(sys.argv[1]))
    verb, _, argument = sys.argv[2].partition(":")
    kill_at(sys.argv[3])
    if verb == "move":
        to_openbao(moving(where))
        print("finished", flush=True)
        return
    ring = where.ring()
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
    print("finished", flush=True)


if __name__ == "__main__":
    main()
