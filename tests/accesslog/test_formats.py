"""What entries and records look like, byte by byte; these bytes may never change."""

import json
from hashlib import sha256
from typing import Any

import pytest

from accesslog import canonical, entry
from accesslog.records import decode_record


def test_an_entry_is_version_kind_time_commitment():
    data = entry.encode(b"view.covered", 1_763_000_000_123_456, bytes(range(32)))
    assert data.hex() == "010c" + b"view.covered".hex() + "000643706cbf1240" + bytes(range(32)).hex()
    assert entry.decode(data) == entry.Entry("view.covered", 1_763_000_000_123_456, bytes(range(32)))


def test_a_commitment_is_the_hash_of_salt_and_record():
    assert entry.commitment(b"s" * 32, b"{}") == sha256(b"s" * 32 + b"{}").digest()
    with pytest.raises(entry.EntryError, match="32 bytes"):
        entry.commitment(b"short", b"{}")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "bytes, got 0"),
        (b"\x02" + bytes(60), "version 1, got version 2"),
        (entry.encode(b"a", 0, bytes(32)) + b"x", "expected 43 bytes"),
        (entry.encode(b"a", 0, bytes(32))[:-1], "got 42"),
        (b"\x01\x01A" + bytes(40), "is no kind"),
        (b"\x01\x01a\xff" + bytes(39), "beyond"),
        (bytes([1, 0]) + bytes(70_000), "65535"),
    ],
)
def test_other_bytes_are_no_entry(data, why):
    with pytest.raises(entry.EntryError, match=why):
        entry.decode(data)


@pytest.mark.parametrize("kind", ["", "View", "a..b", ".a", "a.", "a b", "a" * 65, "é"])
def test_unfit_kinds_are_refused(kind):
    with pytest.raises(entry.EntryError):
        entry.check_kind(kind)


def test_canonical_json_of_rfc_8785_by_example():
    value: Any = {
        "numbers": [0, -1, 2**53 - 1],
        "string": '€$\x0f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    assert canonical.encode(value).decode() == (
        '{"literals":[null,true,false],"numbers":[0,-1,9007199254740991],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_canonical_keys_are_sorted_by_utf16_units_as_rfc_8785_shows():
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    found = list(json.loads(canonical.encode(dict.fromkeys(keys, 0))))
    assert found == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (1.5, "float"),
        ({"a": [0.0]}, r"body\.a\[0\]: a float"),
        (2**53, "2\\^53"),
        ({1: 2}, "not a string"),
        ("\ud800", "surrogate"),
        (b"x", "bytes"),
        (object(), "object"),
    ],
)
def test_what_has_no_canonical_form_is_refused(value, why):
    with pytest.raises(canonical.NotCanonical, match=why):
        canonical.encode(value)


def test_endless_nesting_is_refused():
    value: list[object] = []
    for _ in range(20):
        value = [value]
    with pytest.raises(canonical.NotCanonical, match="nested deeper"):
        canonical.encode(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [b'{"b":1,"a":2}', b"[1, 2]", b'"\\u0041"', b"1.0", b"{", b"\xff"])
def test_other_spellings_are_not_canonical(data):
    with pytest.raises(canonical.NotCanonical):
        canonical.decode(data)


def test_a_record_is_body_event_id_and_search_rows():
    data = (
        b'{"body":{"text":"x"},"event_id":"00000000-0000-0000-0000-000000000001",'
        b'"index":[{"actor":"a","footage_from":10,"footage_to":20}]}'
    )
    record = decode_record(data)
    assert record.body == {"text": "x"}
    assert record.rows == [("a", None, None, None, None, None, 10, 20, 0)]
