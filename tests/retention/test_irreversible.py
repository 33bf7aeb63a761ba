"""Invariant 4: after a purge nothing under LETHE_HOME opens what was destroyed.

The attacker has everything: each object's ciphertext, saved in time; the databases and the whole key
folder as they were before the purge; and the machine itself afterwards. Their one lack is the root
key of then, which the purge has overwritten. The control hands them that as well, and they win.
"""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from cctv.footage.models import Segment
from cctv.retention import purge
from cctv.vault import rings
from tests.retention.attacker import attack, keys_of, roots_among, windows
from tests.retention.yard import Yard

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]


def keyring_of(home: Path) -> bytes:
    return (home / "keys" / "footage" / "keyring").read_bytes()


def test_invariant_4_no_key_under_home_opens_a_saved_ciphertext_after_the_purge(
    yard: Yard, tmp_path: Path
) -> None:
    sealed = yard.segment(expires_in=-timedelta(hours=2))
    survivor = yard.segment(expires_in=timedelta(days=3))
    saved = tmp_path / "saved"
    shutil.copytree(yard.home, saved)
    old_keyring = keyring_of(saved)
    (old_root,) = roots_among(windows(saved / "keys"), old_keyring)
    assert sealed.clear == attack([old_root], [old_keyring], sealed), "before the purge the attack works"
    old_keys = keys_of(old_keyring, old_root)
    assert rings.footage().get(sealed.row.epoch.key_id) in old_keys
    # What the attacker lacks: the root of then. Everything else of then they have.
    (saved / "keys" / "footage" / "root.key").unlink()

    purge.purge_due()

    everything = windows(yard.home / "keys") | windows(saved / "keys")
    keyrings = [old_keyring, keyring_of(yard.home)]
    assert attack(everything, keyrings, sealed) is None
    assert attack(everything, keyrings, survivor) == survivor.clear, "the scan finds what is there to find"
    secrets = [old_root, sealed.object_key, rings_key(old_keys, survivor_key=survivor.row.epoch.key_id)]
    files = [path for folder in (yard.home, saved) for path in folder.rglob("*") if path.is_file()]
    for path in files:
        data = path.read_bytes()
        assert not any(secret in data for secret in secrets), f"a key lies in {path}"


def rings_key(old_keys: list[bytes], *, survivor_key: str) -> bytes:
    """The destroyed epoch's key: the one of then that the ring does not hold any more."""
    (gone,) = [key for key in old_keys if key != rings.footage().get(survivor_key)]
    return gone


def test_invariant_4_control_with_a_copy_of_the_old_root_the_same_attack_succeeds(
    yard: Yard, tmp_path: Path
) -> None:
    sealed = yard.segment(expires_in=-timedelta(hours=2))
    saved = tmp_path / "saved"
    shutil.copytree(yard.home, saved)

    purge.purge_due()

    assert not Segment.objects.exists()
    assert attack(windows(saved / "keys"), [keyring_of(saved)], sealed) == sealed.clear


def test_invariant_4_every_derivative_goes_with_its_segment(yard: Yard) -> None:
    sealed = yard.segment(expires_in=-timedelta(minutes=2))
    name = sealed.row.sealed_name
    assert yard.objects() == {name, f"{name}.index", f"{name}.thumb"}
    purge.purge_due()
    assert not yard.objects()
    assert sealed.ciphertext not in [p.read_bytes() for p in yard.home.rglob("*") if p.is_file()]
