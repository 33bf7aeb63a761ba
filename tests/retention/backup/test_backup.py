"""Backups: whole, consistent, made while the system runs, and never with a root key in them."""

import base64
import json
from pathlib import Path

import pytest

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]


def windows(data: bytes, secret: bytes) -> bool:
    """Whether the secret is in there, as it is, in hex or in base64 at any of its three shifts."""
    forms = [secret, secret.hex().encode(), secret.hex().upper().encode()]
    forms += [base64.b64encode(b"\0" * n + secret)[4:-4] for n in range(3)]
    return any(form in data for form in forms)


def test_invariant_4_no_root_key_and_no_key_in_clear_is_in_a_backup(machines, tmp_path):
    office = machines("office", mirror=tmp_path / "mirror")
    office.do("prepare")
    made = office.do("segment", hours=48)
    office.do("hold", segment=made["id"])
    printed = json.loads(office.manage("backup", str(tmp_path / "backups"), "--json"))
    folder = Path(printed["place"])
    assert printed["held_objects"] == 1
    secrets = office.do("secrets")
    assert len(secrets["roots"]) == 2
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in files if path.name in ("root.key", "escrow.age")]
    for path in files:
        data = path.read_bytes()
        assert base64.b64decode(made["clear"])[:64] not in data
        for secret in (*secrets["roots"], *secrets["keys"]):
            assert not windows(data, bytes.fromhex(secret)), path
    # The search can win: it finds the root where it does lie.
    root = (office.home / "keys" / "footage" / "root.key").read_bytes()
    assert any(windows(root, bytes.fromhex(secret)) for secret in secrets["roots"])
    listed = json.loads(office.manage("backup", "--list", "--json"))
    assert [each["id"] for each in listed] == [printed["id"]]
    assert office.do("sentences")["kinds"][-1] == "backup.made"
