"""Fixtures of rings whose root is at OpenBao."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.servers.openbao import OpenBao
from tests.servers.s3 import ACCESS_KEY, REGION, S3, SECRET_KEY
from tests.vault.roots.hosts import Where

Host = Callable[..., Where]


@pytest.fixture(params=["folder", "bucket"])
def where(request: pytest.FixtureRequest, tmp_path: Path, openbao: OpenBao) -> Where:
    """One host, with its keyring in a folder and again in a bucket; nothing is made yet."""
    alone = Where(str(tmp_path / "here" / "footage"), openbao.settings())
    if request.param == "folder":
        return alone
    return shared(alone, request.getfixturevalue("s3"), request.getfixturevalue("keys_bucket"))


@pytest.fixture
def hosts(tmp_path: Path, openbao: OpenBao, s3: S3, keys_bucket: str) -> Host:
    """`hosts("a")` is a host with a home of that name; all share a bucket."""
    first = shared(Where("", openbao.settings()), s3, keys_bucket)

    def host(name: str, **changes: Any) -> Where:
        return replace(first, folder=str(tmp_path / name / "footage"), **changes)

    return host


@pytest.fixture(scope="session")
def keys_bucket(s3: S3) -> str:
    """One bucket for all of these tests: the server has room for few."""
    return s3.new_bucket()


def shared(where: Where, s3: S3, bucket: str) -> Where:
    """The same host with its keyring in the bucket, below a prefix of its own."""
    credentials = {
        "endpoint_url": s3.endpoint,
        "aws_access_key_id": ACCESS_KEY,
        "aws_secret_access_key": SECRET_KEY,
        "region_name": REGION,
    }
    return replace(where, s3=credentials, bucket=bucket, prefix=uuid4().hex)
