"""Invariant 4, below the file system: the raw image of the disk after a purge (`make forensic`).

An installation lives on a small loop-mounted disk. All along an attacker copies databases, journal, both
keyrings and ciphertext; afterwards they take the disk itself, unmounted, and read every byte of it. They
lack nothing but the roots of then. What they are after has gone in every way there is: at its time, with
the end of a hold, by an erasure. What a hold still keeps plays on the living machine.

The controls show that the search can win: there somebody had copied a ring's root.key on the same disk and
deleted the copy.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from shutil import which
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cctv.core.errors import LetheError
from cctv.vault import sealing
from cctv.vault.keyfile import read_header
from cctv.vault.objects import object_context
from tests.forensic.child import wrapped_in
from tests.house.files import ROOT
from tests.retention.attacker import keys_of, roots_among, unwrapped

pytestmark = [pytest.mark.root, pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(300)]

IMAGE_BYTES = 96 << 20
KEY = 32
# Keys of every format lie at multiples of eight in a block; known secrets are looked for at every offset.
STEP = 8
FILE_SYSTEMS = {
    "ext4": (["mkfs.ext4", "-q", "-F"], "loop,data=ordered"),
    "xfs": (["mkfs.xfs", "-q", "-f"], "loop"),
}


class Disk:
    """An image that is mounted while the machine runs, and read raw once it is not."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.image, self.mount, self.saved = folder / "disk.img", folder / "disk", folder / "saved"
        self.mount.mkdir()
        self.saved.mkdir()
        size = IMAGE_BYTES if kind == "ext4" else 320 << 20  # xfs takes no less than 300 MB
        with self.image.open("wb") as file:
            file.truncate(size)
        make, self.options = FILE_SYSTEMS[kind]
        subprocess.run([*make, str(self.image)], check=True, capture_output=True)

    def __enter__(self) -> "Disk":
        subprocess.run(["mount", "-o", self.options, str(self.image), str(self.mount)], check=True)
        for name in ("db", "keys", "footage", "drop"):
            (self.mount / "home" / name).mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_error: object) -> None:
        subprocess.run(["umount", str(self.mount)], check=True)

    def run(self, *arguments: str) -> str:
        """One act of the machine, in a process of its own."""
        command = [sys.executable, "-m", "tests.forensic.child", *arguments]
        environment = {
            **os.environ, "LETHE_HOME": str(self.mount / "home"), "LETHE_TESTING": "1",
            "DJANGO_SETTINGS_MODULE": "tests.settings", "LETHE_TEST_DATABASE": "sqlite",
        }  # fmt: skip
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout


@pytest.fixture(params=sorted(FILE_SYSTEMS))
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A disk of each file system that this machine can make."""
    if os.geteuid() != 0:
        pytest.skip("NOT TRIED: examining a raw disk needs root (sudo make forensic)")
    if which(FILE_SYSTEMS[request.param][0][0]) is None:
        pytest.skip(f"NOT TRIED: no mkfs.{request.param} on this machine")
    try:
        made = Disk(tmp_path, request.param)
        with made:
            pass
    except subprocess.CalledProcessError as error:
        pytest.skip(f"NOT TRIED: this machine mounts no {request.param} image here ({error})")
    yield made
    subprocess.run(["umount", str(made.mount)], check=False, capture_output=True)


def hits(image: Path, facts: dict[str, Any]) -> list[str]:
    """Names of the secrets that stand somewhere on the raw disk, at any offset."""
    raw = image.read_bytes()
    return [name for name, secret in facts["secrets"].items() if raw.find(bytes.fromhex(secret)) >= 0]


def candidates(image: Path) -> set[bytes]:
    """Every 32 bytes at a multiple of eight that could be a key: many different bytes in them."""
    raw = np.frombuffer(image.read_bytes(), dtype=np.uint8)
    blocks = raw.reshape(-1, 4096)
    used = np.flatnonzero(blocks.any(axis=1))
    found: set[bytes] = set()
    for number in used:
        block = raw[number * 4096 : (number + 1) * 4096 + KEY].tobytes()
        for at in range(0, 4096, STEP):
            window = block[at : at + KEY]
            if len(window) == KEY and len(set(window)) > 20:
                found.add(window)
    return found


class Attacker:
    """Whoever has the raw disk, every copy of keyrings and journal, and each wrapping of each key."""

    def __init__(self, disk: Disk, found: set[bytes], ring: str = "*") -> None:
        """`found` are the candidates on the disk, `ring` the one whose copies are tried (by default both)."""
        self.saved = disk.saved
        keyrings = {path.read_bytes() for path in self.saved.glob(f"copy-*/{ring}/keyring")}
        journals = list(self.saved.glob("copy-*/footage/journal"))
        assert len(keyrings) > 2, "the rings have moved while the attacker copied"
        assert journals, "holds and erasures are in the journal"
        # All copies of a generation open with the same root.
        newest = {(read_header(data).ring_id, read_header(data).generation): data for data in keyrings}
        roots = {root for data in newest.values() for root in roots_among(found, data)}
        self.keys = {key for data in keyrings for root in roots for key in keys_of(data, root)}
        self.journalled = {key for journal in journals for key in wrapped_in(journal)}

    def opens(self, sealed: dict[str, Any]) -> bool:
        """Whether any of it opens the saved ciphertext."""
        keys = set(self.keys)
        for wrapped in {*map(bytes.fromhex, sealed["wrapped"]), *self.journalled}:
            keys |= unwrapped(self.keys, wrapped)
        return self._opens_with(keys, sealed)

    def opens_of_both(self, sealed: dict[str, Any]) -> bool:
        """The same for what is made of two: its key is derived from both of theirs."""
        first, second = (unwrapped(self.keys, bytes.fromhex(each)) for each in sealed["wrapped"])
        derive = lambda keys: HKDF(SHA256(), 32, salt=None, info=b"lethe/1/of-several").derive(b"".join(keys))  # noqa: E731
        several = {derive(pair) for pair in product(first, second)}
        return self._opens_with(first | second | several | self.keys, sealed)

    def _opens_with(self, keys: set[bytes], sealed: dict[str, Any]) -> bool:
        context = sealed.get("context", "").encode() or object_context(UUID(sealed["id"]), "media")
        for key in keys:
            try:
                clear = bytes(sealing.open_bytes(key, context, (self.saved / sealed["id"]).read_bytes()))
            except LetheError:
                continue
            return clear.startswith(bytes.fromhex(sealed["clear"]))
        return False


def lived(disk: Disk, *, copied: Sequence[str] = ()) -> dict[str, Any]:
    """Let the machine live and purge on the disk; what the attacker knows, with the disk unmounted."""
    with disk:
        disk.run("prepare", str(disk.saved))
        for ring in copied:
            disk.run("leave", ring)
        said = json.loads(disk.run("purge", str(disk.saved)))
    facts: dict[str, Any] = json.loads((disk.saved / "facts.json").read_text())
    assert said["left"] == sorted(each["id"] for each in facts["held"] + facts["living"])
    assert set(said["states"]) == {"done"}
    assert len(said["certificates"]) > 1
    assert said["held"] == said["living"] == [True], "what is held or lives must play"
    assert said["made"] == [], "what was made of footage is deleted with it"
    return facts


def test_invariant_4_the_raw_disk_holds_no_secret_of_what_was_purged(disk: Disk) -> None:
    facts = lived(disk)
    assert hits(disk.image, facts) == []
    attacker = Attacker(disk, candidates(disk.image))
    for fate in ("doomed", "released", "erased"):
        assert not any(attacker.opens(sealed) for sealed in facts[fate]), fate
        assert not attacker.opens(facts["made"][fate]), f"what was made of {fate}"
    assert not attacker.opens_of_both(facts["made_of_both"]), "one of its two keys is gone"


def test_invariant_4_control_deleted_copies_of_roots_are_found_on_the_raw_disk(disk: Disk) -> None:
    facts = lived(disk, copied=("footage", "records"))
    assert hits(disk.image, facts) == ["the footage root of then", "the records root of then"]
    found = candidates(disk.image)
    for ring, fates in (("footage", ("doomed", "erased")), ("records", ("released",))):
        attacker = Attacker(disk, found, ring)
        for fate in fates:
            assert attacker.opens(facts[fate][0]), f"{fate}: the search wins where there is something to find"
            assert attacker.opens(facts["made"][fate]), f"what was made of {fate}"
        assert attacker.opens_of_both(facts["made_of_both"]) == (ring == "footage")
