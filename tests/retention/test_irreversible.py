"""Invariant 4: after a purge nothing under LETHE_HOME opens what was destroyed.

The attacker has everything: each object's ciphertext, saved in time; the databases and the whole key
folder as they were before the purge; and the machine itself afterwards. Their one lack is the root
key of then, which the purge has overwritten. The control hands them that as well, and they win.
"""

import shutil
from base64 import b64decode
from datetime import timedelta
from pathlib import Path

import pytest

from cctv.footage.models import Segment
from cctv.retention import erase, purge
from cctv.retention.models import Trigger
from cctv.vault import journal, keyfile, rings
from cctv.vault import services as vault
from tests.retention.attacker import attack, keys_of, roots_among, windows
from tests.retention.people import people
from tests.retention.yard import Sealed, Yard

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


def copy_without_root(yard: Yard, saved: Path) -> bytes:
    """Everything as it is now but for the root, as a backup would have it; returns the root of now."""
    shutil.copytree(yard.home, saved)
    (root,) = roots_among(windows(saved / "keys"), keyring_of(saved))
    (saved / "keys" / "footage" / "root.key").unlink()
    return root


def opens_now(sealed: Sealed) -> bool:
    """Whether the register as it is plays it."""
    row = Segment.objects.select_related("epoch").get(pk=sealed.row.pk)
    return clear_of(row, rings.footage().get(row.epoch.key_id), bytes(row.wrapped_key)) == sealed.clear


def clear_of(row: Segment, epoch_key: bytes, wrapped: bytes) -> bytes:
    storage_name = vault.part_name(row.sealed_name, "media")
    key = keyfile.unwrap_key(epoch_key, wrapped)
    reader = vault.provisional_reader(storage_name, row.size_bytes, key, vault.context(row.pk, "media"))
    return bytes(reader.read())


def erase_it(yard: Yard, sealed: Sealed) -> None:
    """A granted request: gone before its time, while others of its hour live on."""
    erase.erase_segments(
        camera=sealed.row.camera, starts_at=sealed.row.starts_at, ends_at=sealed.row.ends_at,
        reference="DSR-1", ground="subject", actor=people(yard.sites).officer, terminal="",
    )  # fmt: skip
    purge.purge_due(trigger=Trigger.REQUEST)


def shorten_it(yard: Yard, sealed: Sealed) -> None:
    """A shorter rule for its camera alone ends it at once."""
    yard.rule(30)
    yard.rule(1, camera=sealed.row.camera, since=-timedelta(minutes=1))
    purge.purge_due()
    yard.move(timedelta(minutes=2))
    purge.purge_due()


ENDINGS = {"erased": erase_it, "shortened": shorten_it}


@pytest.mark.parametrize("ending", ENDINGS)
def test_invariant_4_what_ended_early_is_opened_by_no_earlier_copy_though_its_hour_lives_on(
    yard: Yard, tmp_path: Path, ending: str
) -> None:
    doomed = yard.segment(expires_in=timedelta(days=5))
    survivor = yard.segment(yard.cameras[1], expires_in=timedelta(days=5))
    assert doomed.row.epoch_id == survivor.row.epoch_id
    saved = tmp_path / "saved"
    old_root = copy_without_root(yard, saved)
    old_keyring = keyring_of(saved)
    assert doomed.clear == attack([old_root], [old_keyring], doomed), "with the root of then it works"

    ENDINGS[ending](yard, doomed)

    assert list(Segment.objects.values_list("pk", flat=True)) == [survivor.row.pk]
    everything = windows(yard.home / "keys") | windows(saved / "keys")
    keyrings = [old_keyring, keyring_of(yard.home)]
    assert attack(everything, keyrings, doomed) is None, "the register of then wraps it under a dead key"
    assert attack(everything, keyrings, survivor) is None, "so it does the survivor"
    survivor.row.refresh_from_db()
    assert attack(everything, keyrings, survivor) == survivor.clear, "the register of now does not"
    assert opens_now(survivor)
    for path in [path for folder in (yard.home, saved) for path in folder.rglob("*") if path.is_file()]:
        data = path.read_bytes()
        assert not any(secret in data for secret in (old_root, doomed.object_key)), f"a key lies in {path}"


@pytest.mark.parametrize("ending", ENDINGS)
def test_invariant_5_with_an_older_register_the_journal_still_opens_the_survivors(
    yard: Yard, ending: str
) -> None:
    doomed = yard.segment(expires_in=timedelta(days=5))
    survivor = yard.segment(yard.cameras[1], expires_in=timedelta(days=5))
    older = Segment.objects.select_related("epoch").get(pk=survivor.row.pk)

    ENDINGS[ending](yard, doomed)

    assert not rings.footage().has(older.epoch.key_id), "what the older register says opens nothing"
    told = [line.facts for line in journal.read() if line.kind == "moved"]
    wrapped = {
        (kind, pk): (facts["epoch"]["key_id"], b64decode(text))
        for facts in told
        for kind, pk, _expires_at, text in facts["objects"]
    }
    key_id, key = wrapped["segment", str(older.pk)]
    assert clear_of(older, rings.footage().get(key_id), key) == survivor.clear
    if ("segment", str(doomed.row.pk)) in wrapped:  # shortened: it was moved before it ended
        key_id, key = wrapped["segment", str(doomed.row.pk)]
        yard.move(timedelta(hours=2))
        purge.purge_due()
        assert not rings.footage().has(key_id), "its own hour has ended since"
