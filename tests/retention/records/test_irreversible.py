"""Invariant 4, for records: after their end nothing under LETHE_HOME opens what an entry said.

The attacker has everything as it was before: databases, keyrings, escrow and journal, and the machine itself
afterwards. They lack the root key of then, which the ratchet has overwritten. The control hands them that as
well, and they win.
"""

import shutil
from pathlib import Path

import pytest

from accesslog.models import LogBody
from cctv.retention.records import services
from cctv.vault import rings
from cctv.vault.logbodies import _associated
from tests.retention.attacker import keys_of, roots_among, windows
from tests.retention.records.archive import Archive

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]


def opened(keys: set[bytes], body: LogBody) -> bytes | None:
    """The record's plaintext, if one of the keys opens it."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    sealed = bytes(body.sealed)
    for key in keys:
        try:
            return AESGCM(key).decrypt(sealed[:12], sealed[12:], _associated(body.key_id))
        except InvalidTag:
            continue
    return None


def attack(folders: list[Path], body: LogBody) -> bytes | None:
    """Try every 32 bytes of every key file as a root of every keyring, and all that they unwrap."""
    candidates: set[bytes] = set()
    for folder in folders:
        candidates |= windows(folder)
    keys: set[bytes] = set()
    for folder in folders:
        keyring = (folder / "records" / "keyring").read_bytes()
        for root in roots_among(candidates, keyring):
            keys.update(keys_of(keyring, root))
    return opened(keys, body)


@pytest.mark.parametrize("with_root", [False, True], ids=["attack", "control"])
def test_invariant_4_no_earlier_copy_opens_what_entries_said_after_their_end(
    archive: Archive, tmp_path: Path, with_root: bool
) -> None:
    archive.fill(37, 1)
    old = LogBody.objects.get(pk=archive.made["access", archive.month(37)].index)
    new = LogBody.objects.get(pk=archive.made["access", archive.month(1)].index)
    saved = tmp_path / "saved"
    shutil.copytree(archive.home / "keys", saved)
    assert b"Kim Minji" in (attack([saved], old) or b""), "before the end the attack works"
    key = rings.records().get(old.key_id)
    if not with_root:
        (saved / "records" / "root.key").unlink()

    assert {row.state for row in services.end_due()} == {"done"}

    found = attack([saved, archive.home / "keys"], old)
    if with_root:
        assert b"Kim Minji" in (found or b"")
        return
    assert found is None
    assert b"Kim Minji" in (attack([archive.home / "keys"], new) or b""), "the scan finds what is there"
    for path in archive.home.rglob("*"):
        if path.is_file():
            assert key not in path.read_bytes(), f"the month's key lies in {path}"
