"""Hosts that share a ring: each with a folder of its own, all with one OpenBao and one place."""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from cctv.vault.keyfile import Content
from cctv.vault.replica import Settled
from cctv.vault.roots import openbao
from cctv.vault.roots.bao import Bao, BaoSettings
from cctv.vault.roots.openbao import OpenBaoRoots
from cctv.vault.roots.places import BucketPlace, FolderPlace, Place
from cctv.vault.roots.shared import SharedKeyring, SharedReplica

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REPOSITORY = Path(__file__).parent.parent.parent.parent
LEASE_S = 1.0  # half a minute of tests would be waiting otherwise
POLL_S = 0.3


@dataclass(frozen=True)
class Where:
    """All that a process needs in order to be a host of the ring; S3 empty for a folder place."""

    folder: str
    bao: dict[str, str]
    s3: dict[str, Any] = field(default_factory=dict)
    bucket: str = ""
    prefix: str = ""
    mirrors: tuple[str, ...] = ()
    lease_s: float = LEASE_S
    poll_s: float = POLL_S

    def place(self) -> Place:
        """Where the keyring lies."""
        folder = Path(self.folder)
        if not self.bucket:
            return FolderPlace(folder, "footage")
        return BucketPlace(
            self.client,
            self.bucket,
            f"{self.prefix}/lethe-keys/footage",
            nudge=folder / "moved",
            lease_s=self.lease_s,
            poll_s=self.poll_s,
        )

    def client(self) -> "S3Client":
        """A client for the bucket."""
        client: S3Client = boto3.client("s3", **self.s3)
        return client

    def roots(self, place: Place) -> OpenBaoRoots:
        """The provider."""
        return OpenBaoRoots(Bao(BaoSettings(**self.bao)), "footage", place.name)

    def replica(self) -> SharedReplica:
        """The files alone."""
        place = self.place()
        return SharedReplica(Path(self.folder), "footage", self.roots(place), place)

    def ring(self) -> SharedKeyring:
        """The ring as this host has it."""
        place = self.place()
        mirrors = [Path(mirror) for mirror in self.mirrors]
        return SharedKeyring(
            Path(self.folder), "footage", roots=self.roots(place), place=place, mirrors=mirrors
        )

    def stored(self) -> bytes:
        """What an attacker copies from the place."""
        data = self.place().read()
        assert data is not None
        return data

    def opened(self, data: bytes) -> Content:
        """What anybody who has the token gets out of a keyring."""
        settled: Settled = self.replica().open(data)
        return settled.content

    def key_name(self) -> str:
        """The transit key of the stored keyring."""
        return openbao.parse(openbao.split(self.stored())[0]).key


def child(where: Where, action: str, step: str = "-") -> subprocess.Popen[str]:
    """Start a process that does `action` as that host, and kills itself at `step`."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.vault.roots.child", json.dumps(asdict(where)), action, step],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def killed_at(where: Where, action: str, step: str) -> bool:
    """Run `action` to its death; False if it never came to that step."""
    process = child(where, action, step)
    out, err = process.communicate(timeout=60)
    if process.returncode == -9:
        return True
    assert "finished" in out, err
    return False
