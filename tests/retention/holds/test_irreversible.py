"""Invariant 4 for holds: a held object dies with its hold, whatever was copied while it stood.

The attacker saved the ciphertext, the database (so each wrapped key), the journal and the whole key folder
while the hold stood, and has the machine afterwards. What they lack is the root keys of then.
"""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from cctv.retention.holds import services
from cctv.retention.holds.models import HeldObject
from tests.retention.attacker import attack, windows
from tests.retention.holds.court import HOUR, TERMINAL, Court
from tests.retention.yard import Sealed

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]


def keyrings(home: Path) -> list[bytes]:
    return [(home / "keys" / ring / "keyring").read_bytes() for ring in ("footage", "records")]


def through_hold(sealed: Sealed) -> Sealed:
    """The same object with the key as the hold has it."""
    sealed.row.wrapped_key = bytes(HeldObject.objects.get(segment=sealed.row).wrapped_key)
    return sealed


def test_invariant_4_release_destroys_what_only_the_hold_could_open(court: Court, tmp_path: Path) -> None:
    sealed = court.yard.segment(expires_in=timedelta(minutes=5))
    hold = court.place(sealed).hold
    court.expire(2 * HOUR)
    saved = tmp_path / "saved"
    shutil.copytree(court.yard.home, saved)
    old, clear = keyrings(saved), sealed.clear
    by_epoch = attack(windows(saved / "keys"), old, sealed)
    assert by_epoch is None, "its epoch is over: only the hold opens it"
    through_hold(sealed)
    assert attack(windows(saved / "keys"), old, sealed) == clear, "while it stands the attack works"
    for ring in ("footage", "records"):
        (saved / "keys" / ring / "root.key").unlink()

    services.release_hold(hold_id=hold.pk, actor=court.people.approver, terminal=TERMINAL, reason="settled")
    court.purge(trigger="release")

    everything = windows(court.yard.home / "keys") | windows(saved / "keys")
    assert attack(everything, [*old, *keyrings(court.yard.home)], sealed) is None
    files = [path for folder in (court.yard.home, saved) for path in folder.rglob("*") if path.is_file()]
    assert not any(sealed.object_key in path.read_bytes() for path in files)
    assert sealed.row.sealed_name not in court.yard.objects()


def test_invariant_4_control_with_the_old_root_the_same_attack_succeeds(court: Court, tmp_path: Path) -> None:
    sealed = court.yard.segment(expires_in=timedelta(minutes=5))
    hold = court.place(sealed).hold
    court.expire(2 * HOUR)
    saved = tmp_path / "saved"
    shutil.copytree(court.yard.home, saved)
    through_hold(sealed)
    services.release_hold(hold_id=hold.pk, actor=court.people.approver, terminal=TERMINAL, reason="settled")
    court.purge(trigger="release")
    assert attack(windows(saved / "keys"), keyrings(saved), sealed) == sealed.clear
