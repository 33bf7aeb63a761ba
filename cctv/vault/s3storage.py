"""Sealed objects in an S3 bucket, through django-storages' settings and one boto3 client.

Reads are ranged GETs, writes are streamed in parts of a bounded size: an object smaller than one
part is a single PUT, a larger one a multipart upload, which is aborted when the writing fails. A
process that dies in the middle leaves an upload without a key; `abort_unfinished` removes those.
"""

import contextlib
import io
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from storages.backends.s3 import S3Storage

from cctv.core.errors import LetheError
from cctv.vault.errors import ObjectMissing, StorageFailed, StorageMismatch
from cctv.vault.names import KEYRINGS, all_parts, check_name, is_name, new_name
from cctv.vault.removal import Left, StillThere
from cctv.vault.storage import MARKER, FootageStorage, StoredObject, check_marker_content, marker_content

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES = 8 << 20  # S3 wants at least 5 MiB for every part but the last
READ_AHEAD_BYTES = 1 << 20
MARKER_TRUSTED_S = 30.0  # a bucket cannot be unmounted, only replaced
CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 30
ATTEMPTS = 3
DELETED_AT_ONCE = 1000  # the most keys that DeleteObjects takes
REQUESTS_AT_ONCE = 16
_ABSENT = {"404", "NoSuchKey", "NotFound"}


class FootageS3Storage(FootageStorage, S3Storage):  # type: ignore[misc]  # has no types
    """A bucket, or what lies below `location` in it."""

    read_ahead_bytes = READ_AHEAD_BYTES

    def __init__(self, *, installation_id: Callable[[], str] | None = None, **options: Any) -> None:
        """`options` are django-storages' (bucket_name, endpoint_url, access_key, secret_key, location …)."""
        FootageStorage.__init__(self, installation_id=installation_id)
        options.setdefault("client_config", _config(options))
        S3Storage.__init__(self, **options)
        self._client_lock = threading.Lock()
        self._made_client: S3Client | None = None
        self._trusted_until = 0.0

    @property
    def client(self) -> "S3Client":
        """One client for all threads: boto3's clients may be shared, its resources may not."""
        with self._client_lock:
            if self._made_client is None:
                self._made_client = self._make_client()
            return self._made_client

    def is_empty(self) -> bool:
        """Whether nothing lies in the bucket below the location, but for keyrings that hosts share."""
        keys = f"{self._prefix()}{KEYRINGS}/"
        with _failures():
            listed = self.client.list_objects_v2(Bucket=self.bucket_name, Prefix=self._prefix(), MaxKeys=100)
        return all(entry["Key"].startswith(keys) for entry in listed.get("Contents", []))

    def initialise_storage(self) -> None:
        """Claim an empty bucket or location; claiming one's own again is fine."""
        if self.is_empty():
            content = marker_content(self._installation_id())
            with _failures():
                self.client.put_object(Bucket=self.bucket_name, Key=self._key(MARKER), Body=content)
        self._trusted_until = 0.0
        self.check_marker()

    def check_marker(self) -> None:
        """StorageMismatch unless the marker object is there and ours; believed for half a minute."""
        if time.monotonic() < self._trusted_until:
            return
        try:
            content = self._get(self._key(MARKER), "")
        except ObjectMissing:
            raise StorageMismatch(f"{StorageMismatch.message} ({self._place()})") from None
        check_marker_content(content, self._installation_id(), self._place())
        self._trusted_until = time.monotonic() + MARKER_TRUSTED_S

    def create(self, name: str) -> "S3Sink":
        """Begin a new object."""
        self.check_marker()
        return S3Sink(self.client, self.bucket_name, self._key(check_name(name)))

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """One ranged GET."""
        if length <= 0:
            return b""
        return self._get(self._key(check_name(name)), f"bytes={offset}-{offset + length - 1}")

    def size(self, name: str) -> int:
        """Bytes of ciphertext, by HEAD."""
        with _failures():
            head = self.client.head_object(Bucket=self.bucket_name, Key=self._key(check_name(name)))
        return head["ContentLength"]

    def remove(self, name: str) -> None:
        """Delete the object and its parts in one request."""
        self.check_marker()
        doomed = [{"Key": self._key(part)} for part in all_parts(check_name(name))]
        with _failures():
            answer = self.client.delete_objects(
                Bucket=self.bucket_name,
                Delete={"Objects": doomed, "Quiet": True},  # type: ignore[typeddict-item]
            )
        errors = [error for error in answer.get("Errors", []) if error.get("Code") not in _ABSENT]
        if errors:
            raise StorageFailed(f"{StorageFailed.message} ({errors[0].get('Code')})")

    def remove_many(self, names: Sequence[str]) -> Left:
        """As many objects with their parts as one request may name; then one listing for each object.

        The listing is by the object's name, so it also finds parts that nobody named.
        """
        self.check_marker()
        left: Left = {}
        step = DELETED_AT_ONCE // len(all_parts(new_name()))
        chunks = [names[at : at + step] for at in range(0, len(names), step)]
        with ThreadPoolExecutor(max_workers=REQUESTS_AT_ONCE) as threads:
            for refused in threads.map(self._delete_chunk, chunks):
                left |= refused
            asked = [name for name in names if name not in left]
            for name, error in zip(asked, threads.map(self._seen, asked), strict=True):
                if error is not None:
                    left[name] = error
        return left

    def _delete_chunk(self, names: Sequence[str]) -> Left:
        """One DeleteObjects; which of the names it would not take, and why.

        Of a request that fails as a whole while the store answers, one key may be the reason: halves of it
        are asked for until that one is alone.
        """
        owners = {self._key(part): name for name in names for part in all_parts(check_name(name))}
        try:
            with _failures():
                answer = self.client.delete_objects(
                    Bucket=self.bucket_name,
                    Delete={"Objects": [{"Key": key} for key in owners], "Quiet": True},
                )
        except LetheError as error:
            if len(names) == 1 or not self._answers():
                return dict.fromkeys(names, error)
            half = len(names) // 2
            return self._delete_chunk(names[:half]) | self._delete_chunk(names[half:])
        refused = [error for error in answer.get("Errors", []) if error.get("Code") not in _ABSENT]
        return {
            owners[error["Key"]]: StorageFailed(f"{StorageFailed.message} ({error.get('Code')})")
            for error in refused
            if error.get("Key") in owners
        }

    def _answers(self) -> bool:
        try:
            self._get(self._key(MARKER), "")
        except LetheError:
            return False
        return True

    def _seen(self, name: str) -> LetheError | None:
        """Why the object cannot be called gone."""
        try:
            with _failures():
                listed = self.client.list_objects_v2(
                    Bucket=self.bucket_name, Prefix=self._key(name), MaxKeys=1
                )
        except LetheError as error:
            return error
        return StillThere() if listed.get("Contents") else None

    def exists(self, name: str) -> bool:
        """Whether the object is there, in the right bucket."""
        self.check_marker()
        return self._has(self._key(check_name(name)))

    def iterate(self, prefix: str = "") -> Iterator[StoredObject]:
        """Page by page, in order of names."""
        self.check_marker()
        base = self._prefix()
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket_name, Prefix=base + prefix
        )
        with _failures():
            for page in pages:
                for entry in page.get("Contents", []):
                    name = entry["Key"].removeprefix(base)
                    if is_name(name):
                        yield StoredObject(name, entry["Size"], entry["LastModified"])

    def foreign(self) -> Iterator[str]:
        """Keys below the location that are not ours."""
        self.check_marker()
        base = self._prefix()
        with _failures():
            for page in self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket_name, Prefix=base
            ):
                names = (entry["Key"].removeprefix(base) for entry in page.get("Contents", []))
                yield from (name for name in names if name != MARKER and not is_name(name))

    def abort_unfinished(self, *, before: datetime) -> int:
        """Abort multipart uploads begun before `before` that nobody will finish; returns how many."""
        self.check_marker()
        aborted = 0
        with _failures():
            listed = self.client.list_multipart_uploads(Bucket=self.bucket_name, Prefix=self._prefix())
            for upload in listed.get("Uploads", []):
                if upload["Initiated"] < before and is_name(upload["Key"].removeprefix(self._prefix())):
                    self.client.abort_multipart_upload(
                        Bucket=self.bucket_name, Key=upload["Key"], UploadId=upload["UploadId"]
                    )
                    aborted += 1
        return aborted

    def _make_client(self) -> "S3Client":
        client: S3Client = self._create_session().client(
            "s3",
            region_name=self.region_name,
            use_ssl=self.use_ssl,
            endpoint_url=self.endpoint_url,
            config=self.client_config,
            verify=self.verify,
        )
        return client

    def _get(self, key: str, byte_range: str) -> bytes:
        arguments = {"Range": byte_range} if byte_range else {}
        with _failures():
            try:
                answer = self.client.get_object(Bucket=self.bucket_name, Key=key, **arguments)  # type: ignore[arg-type]
            except ClientError as error:
                if error.response["Error"]["Code"] in {"InvalidRange", "416"}:
                    return b""
                raise
            with contextlib.closing(answer["Body"]) as body:
                return body.read()

    def _has(self, key: str) -> bool:
        try:
            with _failures():
                self.client.head_object(Bucket=self.bucket_name, Key=key)
        except ObjectMissing:
            return False
        return True

    def _prefix(self) -> str:
        location = str(self.location).strip("/")
        return f"{location}/" if location else ""

    def _key(self, name: str) -> str:
        return self._prefix() + name

    def _place(self) -> str:
        return f"s3://{self.bucket_name}/{self._prefix()}"

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        return File(io.BytesIO(self._get(self._key(check_name(name)), "")), name)


class S3Sink:
    """An object on its way into a bucket, at most one part of it in memory."""

    def __init__(self, client: "S3Client", bucket: str, key: str) -> None:
        """Sends nothing yet."""
        self._client = client
        self._target: dict[str, str] = {"Bucket": bucket, "Key": key}
        self._buffer = bytearray()
        self._upload_id = ""
        self._parts: list[dict[str, Any]] = []
        self._ended = False

    def write(self, data: bytes, /) -> None:
        """Collect; send whenever a part is full."""
        self._buffer += data
        while len(self._buffer) >= PART_BYTES:
            self._send(bytes(self._buffer[:PART_BYTES]))
            del self._buffer[:PART_BYTES]

    def commit(self) -> None:
        """The object appears, whole."""
        with _failures():
            if not self._upload_id:
                self._client.put_object(**self._target, Body=bytes(self._buffer))  # type: ignore[arg-type]
            else:
                if self._buffer:
                    self._send(bytes(self._buffer))
                self._client.complete_multipart_upload(
                    **self._target,  # type: ignore[arg-type]
                    UploadId=self._upload_id,
                    MultipartUpload={"Parts": self._parts},  # type: ignore[typeddict-item]
                )
        self._buffer.clear()
        self._ended = True

    def abort(self) -> None:
        """Drop the parts sent so far."""
        if self._upload_id and not self._ended:
            with contextlib.suppress(BotoCoreError, ClientError):
                self._client.abort_multipart_upload(**self._target, UploadId=self._upload_id)  # type: ignore[arg-type]
        self._buffer.clear()
        self._ended = True

    def _send(self, part: bytes) -> None:
        with _failures():
            if not self._upload_id:
                self._upload_id = self._client.create_multipart_upload(**self._target)["UploadId"]  # type: ignore[arg-type]
            number = len(self._parts) + 1
            answer = self._client.upload_part(
                **self._target,  # type: ignore[arg-type]
                UploadId=self._upload_id,
                PartNumber=number,
                Body=part,
            )
            self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})


def _config(options: dict[str, Any]) -> Config:
    """Short waits, so that a store that is down becomes an error instead of a hanging page."""
    return Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        max_pool_connections=32,
        s3={"addressing_style": options.get("addressing_style") or "auto"},
        signature_version=options.get("signature_version"),
        proxies=options.get("proxies"),
    )


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    """Turn the client's errors into the vault's."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _ABSENT:
            raise ObjectMissing() from error
        raise StorageFailed(f"{StorageFailed.message} ({code})") from error
    except BotoCoreError as error:
        raise StorageFailed(f"{StorageFailed.message} ({type(error).__name__})") from error
