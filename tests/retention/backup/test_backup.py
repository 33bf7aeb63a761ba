"""Backups: whole, consistent, made while the system runs, and never with a root key in them."""

import base64
import json
import time
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


def test_a_backup_of_a_running_system_has_the_entry_of_every_act_that_it_knows(machines, tmp_path):
    office = machines("office", mirror=tmp_path / "mirror")
    office.do("prepare")
    twin = office.twin()
    try:
        twin.do("facts")  # it has started
        talking = twin.begin("chatter", seconds=8)
        folders = []
        for _ in range(2):
            time.sleep(1)
            folders.append(json.loads(office.manage("backup", str(tmp_path / "backups"), "--json"))["place"])
        talking()
    finally:
        twin.stop()
    office.stop()
    for number, folder in enumerate(folders):
        annex = machines(f"annex{number}", mirror=tmp_path / "mirror")
        annex.manage("restore", folder, "--mirror", str(tmp_path / "mirror"))
        named = annex.do("named")
        assert named, "it was copied while the other process wrote"
        size = json.loads((Path(folder) / "manifest.json").read_text())["log_size"]
        assert max(named) < size
        told = annex.do("sentences")
        assert told["size"] == told["bodies"] >= size
