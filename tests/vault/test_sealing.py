"""Sealed objects against the library that defines them, and against plain byte slices."""

import hashlib
import io
import json
import os
from pathlib import Path

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cctv.vault import sealing
from cctv.vault.errors import SealBroken, WrongKey
from cctv.vault.sealing import (
    CHUNK_BYTES,
    HEADER_BYTES,
    SEALED_CHUNK_BYTES,
    SealedReader,
    SealWriter,
    open_bytes,
    seal_bytes,
    sealed_size,
)

VECTORS = Path(__file__).parent.parent / "vectors" / "sealing"
KEY = bytes(range(32))
CONTEXT = b"lethe/1/00000000-0000-7000-8000-000000000001/media"
BOUNDARIES = [
    0, 1, 15, 16, 17, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1,
    2 * CHUNK_BYTES - 1, 2 * CHUNK_BYTES, 2 * CHUNK_BYTES + 1, 5 * CHUNK_BYTES, 5 * CHUNK_BYTES + 777,
]  # fmt: skip


def clear_of(length: int) -> bytes:
    """Reproducible noise in which no two chunks are alike."""
    return hashlib.shake_128(b"lethe vector").digest(length)


def library_seal(clear: bytes, key: bytes = KEY, context: bytes = CONTEXT) -> bytes:
    encryptor = Cobblestone256Encryptor(key, context)
    return encryptor.update(clear) + encryptor.finalize()


def library_open(sealed: bytes, key: bytes = KEY, context: bytes = CONTEXT) -> bytes:
    decryptor = Cobblestone256Decryptor(key, context)
    return decryptor.update(sealed) + decryptor.finalize()


def reader_over(
    sealed: bytes, *, size: int | None = None, key: bytes = KEY, context: bytes = CONTEXT, **options
):
    return SealedReader(
        lambda offset, length: sealed[offset : offset + length],
        len(sealed) if size is None else size,
        key,
        context,
        **options,
    )


@pytest.mark.parametrize("length", BOUNDARIES)
def test_reader_opens_what_the_library_seals_at_every_chunk_boundary(length):
    clear = clear_of(length)
    sealed = library_seal(clear)
    assert len(sealed) == sealed_size(length)
    reader = reader_over(sealed)
    assert reader.clear_bytes == length
    assert reader.read() == clear
    assert open_bytes(KEY, CONTEXT, sealed) == clear


@pytest.mark.parametrize("length", BOUNDARIES)
@pytest.mark.parametrize("step", [1009, CHUNK_BYTES, 100_000])
def test_library_opens_what_the_writer_seals_and_the_facts_are_true(length, step):
    clear, sink = clear_of(length), io.BytesIO()
    writer = SealWriter(sink, KEY, CONTEXT)
    for start in range(0, length, step):
        writer.write(clear[start : start + step])
    facts = writer.close()
    sealed = sink.getvalue()
    assert library_open(sealed) == clear
    assert facts == sealing.SealedFacts(
        len(sealed), length, hashlib.sha256(sealed).digest(), hashlib.sha256(clear).digest()
    )
    assert writer.close() == facts
    with pytest.raises(ValueError, match="closed"):
        writer.write(b"more")


def test_kept_vectors_of_the_library_open_and_the_tampered_ones_do_not():
    listed = json.loads((VECTORS / "vectors.json").read_text())
    key, context = bytes.fromhex(listed["key"]), listed["context"].encode()
    for vector in listed["good"]:
        sealed = (VECTORS / vector["file"]).read_bytes()
        clear = reader_over(sealed, key=key, context=context).read()
        assert hashlib.sha256(clear).hexdigest() == vector["clear_sha256"]
        assert open_bytes(key, context, sealed) == clear == library_open(sealed, key, context)
    errors = {"SealBroken": SealBroken, "WrongKey": WrongKey}
    for vector in listed["bad"]:
        sealed = (VECTORS / vector["file"]).read_bytes()
        with pytest.raises(errors[vector["error"]]):
            reader_over(sealed, key=key, context=context).read()
        with pytest.raises((SealBroken, WrongKey)):
            open_bytes(key, context, sealed)
    assert len(listed["good"]) >= 6
    assert len(listed["bad"]) >= 6


@pytest.mark.parametrize("chunks", [0, 1, 2, 3])
def test_object_cut_at_a_chunk_boundary_is_refused_before_any_read(chunks):
    sealed = library_seal(clear_of(3 * CHUNK_BYTES + 5))[: HEADER_BYTES + chunks * SEALED_CHUNK_BYTES]
    with pytest.raises(SealBroken):
        reader_over(sealed)


def test_object_cut_inside_a_chunk_is_refused_by_the_registered_size_even_for_an_early_range():
    sealed = library_seal(clear_of(3 * CHUNK_BYTES + 500))
    cut = sealed[: HEADER_BYTES + 2 * SEALED_CHUNK_BYTES + 300]
    reader = reader_over(cut, size=len(sealed))
    with pytest.raises(SealBroken):
        reader.read_range(3 * CHUNK_BYTES, 10)
    with pytest.raises(SealBroken):
        reader_over(cut).read_range(2 * CHUNK_BYTES, 10)


@pytest.mark.parametrize("chunks", [0, 1, 2])
def test_object_cut_to_look_like_an_empty_last_chunk_is_refused_when_the_end_is_read(chunks):
    sealed = library_seal(clear_of(3 * CHUNK_BYTES + 500))
    cut = sealed[: HEADER_BYTES + chunks * SEALED_CHUNK_BYTES + 16]
    with pytest.raises(SealBroken):
        reader_over(cut).read()
    with pytest.raises(SealBroken):
        reader_over(cut).read_range(chunks * CHUNK_BYTES, 1)


def test_swapped_chunks_are_refused():
    sealed = bytearray(library_seal(clear_of(4 * CHUNK_BYTES)))
    first = slice(HEADER_BYTES, HEADER_BYTES + SEALED_CHUNK_BYTES)
    second = slice(HEADER_BYTES + SEALED_CHUNK_BYTES, HEADER_BYTES + 2 * SEALED_CHUNK_BYTES)
    sealed[first], sealed[second] = sealed[second], sealed[first]
    reader = reader_over(bytes(sealed))
    for number in (0, 1):
        with pytest.raises(SealBroken):
            reader.read_range(number * CHUNK_BYTES, 1)
    assert reader.read_range(2 * CHUNK_BYTES, 5) == clear_of(4 * CHUNK_BYTES)[2 * CHUNK_BYTES :][:5]


@pytest.mark.parametrize("position", [0, 23, 24, 55])
def test_altered_header_is_refused(position):
    sealed = bytearray(library_seal(b"frame"))
    sealed[position] ^= 1
    with pytest.raises(WrongKey):
        reader_over(bytes(sealed)).read()


@pytest.mark.parametrize("position", [HEADER_BYTES, HEADER_BYTES + 100, -1])
def test_altered_ciphertext_is_refused(position):
    sealed = bytearray(library_seal(clear_of(1000)))
    sealed[position] ^= 1
    with pytest.raises(SealBroken):
        reader_over(bytes(sealed)).read()
    with pytest.raises(SealBroken):
        open_bytes(KEY, CONTEXT, bytes(sealed))


def test_wrong_key_and_wrong_context_are_told_apart_from_damage():
    sealed = library_seal(b"frame")
    for key, context in ((bytes(32), CONTEXT), (KEY, CONTEXT + b"2")):
        with pytest.raises(WrongKey):
            reader_over(sealed, key=key, context=context).read()
        with pytest.raises(WrongKey):
            open_bytes(key, context, sealed)


def test_an_empty_object_is_authenticated_too():
    assert reader_over(library_seal(b"")).read() == b""
    with pytest.raises(WrongKey):
        reader_over(library_seal(b""), key=bytes(32)).read()


def test_neighbouring_chunks_come_in_one_read_and_are_not_read_twice():
    clear = clear_of(10 * CHUNK_BYTES)
    sealed, reads = library_seal(clear), []

    def read_range(offset: int, length: int) -> bytes:
        reads.append((offset, length))
        return sealed[offset : offset + length]

    reader = SealedReader(read_range, len(sealed), KEY, CONTEXT)
    reader.read_range(0, 10)
    assert reads == [(0, HEADER_BYTES + SEALED_CHUNK_BYTES)]
    reader.read_range(3 * CHUNK_BYTES - 1, CHUNK_BYTES + 2)
    assert reads[1:] == [(HEADER_BYTES + 2 * SEALED_CHUNK_BYTES, 3 * SEALED_CHUNK_BYTES)]
    reader.read_range(2 * CHUNK_BYTES, 3 * CHUNK_BYTES)
    assert len(reads) == 2
    assert reader.read_range(CHUNK_BYTES, 5 * CHUNK_BYTES) == clear[CHUNK_BYTES : 6 * CHUNK_BYTES]
    assert reads[2:] == [
        (HEADER_BYTES + SEALED_CHUNK_BYTES, SEALED_CHUNK_BYTES),
        (HEADER_BYTES + 5 * SEALED_CHUNK_BYTES, SEALED_CHUNK_BYTES),
    ]


def test_read_ahead_grows_in_order_and_stops_after_a_jump():
    clear = clear_of(200 * CHUNK_BYTES)
    sealed, reads = library_seal(clear), []

    def read_range(offset: int, length: int) -> bytes:
        reads.append(length)
        return sealed[offset : offset + length]

    reader = SealedReader(read_range, len(sealed), KEY, CONTEXT, read_ahead_bytes=64 * CHUNK_BYTES)
    copied = b"".join(iter(lambda: reader.read(4096), b""))
    assert copied == clear
    assert len(reads) < 15
    reads.clear()
    reader.read_range(7 * CHUNK_BYTES, 10)
    assert reads == [SEALED_CHUNK_BYTES]


def test_invariant_3_guard_refuses_bytes_that_are_already_decrypted():
    expired = False

    def guard() -> None:
        if expired:
            raise PermissionError

    reader = reader_over(library_seal(b"frame"), guard=guard)
    assert reader.read_range(0, 5) == b"frame"
    expired = True
    with pytest.raises(PermissionError):
        reader.read_range(0, 5)


def test_closed_reader_reads_nothing_and_holds_no_key():
    reader = reader_over(library_seal(b"frame"))
    reader.read()
    reader.close()
    with pytest.raises(ValueError, match="closed"):
        reader.read_range(0, 1)
    assert not any(isinstance(value, bytes) and len(value) == 32 for value in vars(reader).values())


def test_no_key_in_the_text_of_reader_and_errors():
    reader = reader_over(library_seal(b"frame"))
    assert KEY.hex() not in repr(reader)
    assert repr(KEY) not in repr(reader)


LONG_CLEAR = clear_of(4 * CHUNK_BYTES + 321)
LONG_SEALED = library_seal(LONG_CLEAR)
positions = st.integers(0, len(LONG_CLEAR) + 10)
verbs = st.sampled_from(["seek", "read", "into", "range"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(verbs, positions, positions), max_size=12),
    st.integers(1, 4),
    st.sampled_from([0, 3 * CHUNK_BYTES]),
)
def test_reader_behaves_like_a_byte_stream(acts, cached_chunks, ahead):
    sealed = reader_over(LONG_SEALED, cached_chunks=cached_chunks, read_ahead_bytes=ahead)
    plain = io.BytesIO(LONG_CLEAR)
    for act, one, two in acts:
        if act == "seek":
            assert sealed.seek(one) == plain.seek(one)
            assert sealed.seek(-min(one, sealed.tell()), os.SEEK_CUR) == plain.seek(
                -min(one, plain.tell()), 1
            )
        elif act == "read":
            assert sealed.read(one) == plain.read(one)
        elif act == "into":
            mine, theirs = bytearray(one), bytearray(one)
            assert sealed.readinto(mine) == plain.readinto(theirs)
            assert mine == theirs
        else:
            assert sealed.read_range(one, two) == LONG_CLEAR[one : one + two]
        assert sealed.tell() == plain.tell()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=3 * CHUNK_BYTES), st.binary(max_size=200))
def test_small_objects_round_trip(clear, context):
    sealed = seal_bytes(KEY, context, clear)
    assert open_bytes(KEY, context, sealed) == clear == library_open(sealed, KEY, context)


def test_any_single_truncation_of_a_short_object_is_refused():
    sealed = library_seal(b"a frame")
    for length in range(len(sealed)):
        with pytest.raises((SealBroken, WrongKey)):
            open_bytes(KEY, CONTEXT, sealed[:length])
        with pytest.raises((SealBroken, WrongKey)):
            reader_over(sealed[:length]).read()
