"""The settings of the root provider, turned into what a ring needs."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from cctv.vault.names import KEYRINGS
from cctv.vault.roots.bao import Bao, BaoSettings
from cctv.vault.roots.errors import RootSettings
from cctv.vault.roots.openbao import OpenBaoRoots
from cctv.vault.roots.places import BucketPlace, FolderPlace, Place

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FILE = "file"
OPENBAO = "openbao"


def provider() -> str:
    """`file` or `openbao`; RootSettings for anything else."""
    name = str(settings.LETHE_ROOT)
    if name not in (FILE, OPENBAO):
        raise RootSettings(f"{RootSettings.message} (LETHE_ROOT={name})")
    return name


def identity() -> tuple[str, ...]:
    """What of the settings a ring made from them depends on."""
    options: dict[str, Any] = settings.STORAGES["footage"].get("OPTIONS", {})
    if provider() == FILE:
        return (FILE,)
    return (OPENBAO, *settings.LETHE_OPENBAO.values(), *map(str, options.values()))


def roots(ring: str, place: Place) -> OpenBaoRoots:
    """The roots of a ring at OpenBao. RootSettings where its settings cannot be used."""
    return OpenBaoRoots(_bao(BaoSettings(**settings.LETHE_OPENBAO)), ring, place.name)


def place(ring: str, folder: Path) -> Place:
    """Where the keyring lies: in the footage's bucket, or in `folder` where footage lies in a folder too."""
    footage = settings.STORAGES["footage"]
    options: dict[str, Any] = footage.get("OPTIONS", {})
    if "bucket_name" not in options:
        return FolderPlace(folder, ring)
    prefix = str(options.get("location") or "").strip("/")
    key = "/".join(part for part in (prefix, KEYRINGS, ring) if part)
    return BucketPlace(lambda: _client(options), str(options["bucket_name"]), key, nudge=folder / "moved")


@lru_cache(maxsize=4)
def _bao(known: BaoSettings) -> Bao:
    return Bao(known)


def _client(options: dict[str, Any]) -> "S3Client":
    """A client with short times: who asks for a key does not wait for a minute."""
    # Here, not above: it takes as long to load as all the rest of a command, and most have no bucket.
    import boto3
    from botocore.config import Config

    client: S3Client = boto3.session.Session().client(
        "s3",
        endpoint_url=options.get("endpoint_url"),
        aws_access_key_id=options.get("access_key"),
        aws_secret_access_key=options.get("secret_key"),
        region_name=options.get("region_name"),
        config=Config(
            connect_timeout=2,
            read_timeout=4,
            retries={"total_max_attempts": 2, "mode": "standard"},
            s3={"addressing_style": options.get("addressing_style") or "auto"},
        ),
    )
    return client
