"""Sealed copies: age files that tools which are not ours open, streamed in flat memory."""

import base64
import io
import resource
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime

import pyrage
import pytest
from django.test import Client

from cctv.disclosure.handing import agefile, outer, tokens
from cctv.disclosure.handing.models import Sending
from tests.disclosure.handing.conftest import Ready, Stream, download, opened, taken, unpacked

MIB = 1 << 20


def raw(armoured: str) -> bytes:
    return base64.b64decode("".join(armoured.splitlines()[1:-1]))


@pytest.mark.parametrize("size", [0, 1, 64 << 10, (64 << 10) + 1, 3 * MIB])
def test_what_is_sealed_opens_with_the_library(size: int) -> None:
    identity, public = agefile.new_identity()
    clear = bytes(index % 251 for index in range(size))
    pieces = (clear[at : at + 100_000] for at in range(0, size, 100_000))
    sealed = b"".join(agefile.sealed_to(public, pieces))
    assert pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(identity)]) == clear


def test_an_error_while_it_is_sealed_comes_out_and_the_file_has_no_end() -> None:
    identity, public = agefile.new_identity()

    def pieces() -> Iterator[bytes]:
        yield b"x" * 200_000
        raise OSError("gone")

    parts: list[bytes] = []
    with pytest.raises(OSError, match="gone"):
        parts.extend(agefile.sealed_to(public, pieces()))
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(b"".join(parts), [pyrage.x25519.Identity.from_str(identity)])


def test_the_enclosed_key_opens_with_the_pass_phrase_and_no_other() -> None:
    phrase = tokens.new_phrase()
    sealed = raw(agefile.seal_by_phrase("AGE-SECRET-KEY-1X", phrase))
    assert pyrage.passphrase.decrypt(sealed, phrase) == b"AGE-SECRET-KEY-1X\n"
    with pytest.raises(pyrage.DecryptError):
        pyrage.passphrase.decrypt(sealed, tokens.new_phrase())
    assert (
        f" {agefile.WORK_FACTOR}\n".encode() in sealed.split(b"---")[0]
    )  # not what the machine would choose


def test_a_sealed_copy_is_made_in_flat_memory() -> None:
    _identity, public = agefile.new_identity()
    piece = bytes(MIB)
    count = 192

    def send(pieces: int) -> int:
        sealed = agefile.sealed_to(public, (piece for _piece in range(pieces)))
        return sum(
            len(data)
            for data in outer.around(
                sealed, name="package.zip.age", about_bytes=pieces * MIB, beside={"README.txt": b"x"},
                modified=datetime(2026, 11, 22, tzinfo=UTC),
            )
        )  # fmt: skip

    send(8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    assert send(count) > count * MIB
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 24 * MIB
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 64 << 10  # KiB


@pytest.mark.parametrize("about", [MIB, 5 << 30])
def test_the_outer_archive_opens_with_standard_tools_large_or_small(about: int) -> None:
    data = b"".join(
        outer.around(
            iter([b"sealed " * 1000, b"end"]), name="package.zip.age", about_bytes=about,
            beside={"README.txt": "한국어".encode()}, modified=datetime(2026, 11, 22, 10, tzinfo=UTC),
        )
    )  # fmt: skip
    assert data.count(b"README.txt") == 2  # before the file and in the directory: nothing is there twice
    assert unpacked(data) == {"README.txt": "한국어".encode(), "package.zip.age": b"sealed " * 1000 + b"end"}


@pytest.mark.django_db(databases=["default", "log"])
@pytest.mark.parametrize("sealing", ["age", "phrase"])
def test_a_sealed_copy_is_opened_by_whom_it_is_for(ready: Ready, sealing: str) -> None:
    identity, public = agefile.new_identity()
    made = ready.link(sealing=sealing, age_recipient=public)
    answer = download(opened(Client(), made), made)
    assert "Content-Length" not in answer.headers
    assert answer.headers["Accept-Ranges"] == "none"
    files = unpacked(taken(answer))
    if sealing == "phrase":
        assert set(files) == {"README.txt", "open.html", "key.age", "package.zip.age"}
        identity = pyrage.passphrase.decrypt(raw(files["key.age"].decode()), made.phrase).decode().strip()
        assert made.phrase.encode() not in b"".join(files.values())
    else:
        assert set(files) == {"README.txt", "open.html", "package.zip.age"}
    package = pyrage.decrypt(files["package.zip.age"], [pyrage.x25519.Identity.from_str(identity)])
    assert unpacked(package) == ready.content
    assert zipfile.ZipFile(io.BytesIO(package)).namelist()[0].startswith("clips/정문/")
    assert Sending.objects.get().is_whole


@pytest.mark.django_db(databases=["default", "log"])
def test_a_sealed_copy_that_broke_is_begun_again_and_counts_once(ready: Ready) -> None:
    made = ready.link(sealing="phrase")
    client = opened(Client(), made)
    stream = Stream(download(client, made))
    next(stream)
    stream.close()
    again = download(client, made, **{"range": "bytes=100-"})
    assert again.status_code == 200
    Stream(again).close()
    assert len(unpacked(taken(download(client, made)))) == 4
    assert [each.is_whole for each in Sending.objects.order_by("at")] == [False, False, True]
    assert download(client, made).status_code == 410
