"""A worker that packages an export in a process of its own, killed (SIGKILL) at a named step of it.

    python -m tests.disclosure.packaging.killed_child prepare|work|report [STEP]

Prints one JSON object, unless it is killed.
"""

import json
import os
import signal
import sys
from datetime import timedelta
from typing import Any


def main() -> None:
    """Set Django up and do what the arguments say."""
    import django

    django.setup()
    act, step = sys.argv[1], (sys.argv[2] if len(sys.argv) > 2 else "")
    if step:
        from cctv.vault import steps

        steps.listen(lambda reached: os.kill(os.getpid(), signal.SIGKILL) if reached == step else None)
    sys.stdout.write(json.dumps({"prepare": prepare, "work": work, "report": report}[act]()) + "\n")


def prepare() -> dict[str, Any]:
    """Databases, keys, a camera with two recordings full of grain, an approved export of both."""
    from django.conf import settings
    from django.core.management import call_command

    from cctv.core import clock
    from cctv.people.models import Account, RoleGrant
    from cctv.vault import services as vault
    from tests.disclosure.packaging import helping
    from tests.footage.conftest import Room, _site_with_cameras

    for alias in ("default", "log"):
        call_command("migrate", database=alias, verbosity=0)
    vault.initialise()
    site, purpose, (gate, yard) = _site_with_cameras()
    operator = Account.objects.create_user(
        "operator@example.org", "pw", name="operator", employer="Guard Co."
    )
    RoleGrant.objects.create(account=operator, role="operator", site=site)
    starts_at = (clock.now() - timedelta(minutes=5)).replace(microsecond=0)
    home = settings.LETHE_HOME
    room = Room(home, site, gate, yard, purpose, operator, operator, operator, starts_at)
    for number in range(2):
        room.record(gate, starts_at + timedelta(seconds=2 * number), seconds=2, noise=60)
    return {"export": helping.approved(room, (gate, 0, 4)).number}


def work() -> dict[str, Any]:
    """What the next worker does, once the lease of the dead one is over."""
    from cctv.core import clock
    from cctv.core.working import LEASE
    from cctv.disclosure.exports.models import Export
    from cctv.disclosure.packaging import work as job

    Export.objects.update(lease_until=clock.now() - LEASE)
    return {"done": job.package_due()}


def report() -> dict[str, Any]:
    """What is there after the orphans have been swept away at once; whether all of it opens."""
    from django.conf import settings

    from cctv.disclosure.exports.models import Export, PackageFile
    from cctv.ingest import orphans
    from cctv.vault import services as vault
    from tests.disclosure.packaging import helping

    settings.LETHE_ORPHAN_LEASE_S = -5
    orphans.sweep()
    export = Export.objects.select_related("site", "case").get()
    named = set(PackageFile.objects.values_list("sealed_name", flat=True))
    unknown = {each.name.partition(".")[0] for each in vault.list_objects()} - named
    opened = [len(helping.content(each)) == each.size_bytes for each in helping.files(export)]
    return {
        "state": export.state, "error": export.error, "files": len(opened), "opened": all(opened),
        "others": len(unknown), "told": export.package.get("files"),
    }  # fmt: skip


if __name__ == "__main__":
    main()
