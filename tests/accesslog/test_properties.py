"""Proofs and formats over whatever hypothesis thinks of."""

import json
from hashlib import sha256

import pytest

from accesslog import canonical, merkle, spans

pytest.importorskip("hypothesis")

from hypothesis import given
from hypothesis import strategies as st

KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER) | KEYS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def definition(leaves: list[bytes]) -> bytes:
    """MTH as the RFC writes it, without a frontier."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + definition(leaves[:k]) + definition(leaves[k:])).digest()


def leaves_of(count: int) -> list[bytes]:
    return [merkle.leaf_hash(b"entry %d" % n) for n in range(count)]


def proof(leaves: list[bytes], spans: list[tuple[int, int]]) -> list[bytes]:
    def perfect(level: int, position: int) -> bytes:
        return definition(leaves[position << level : (position + 1) << level])

    return [merkle.span_hash(start, end, perfect) for start, end in spans]


@given(st.integers(0, 200))
def test_a_frontier_has_the_root_of_the_definition_and_survives_storage(count):
    leaves = leaves_of(count)
    frontier = merkle.Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    stored = merkle.Frontier.from_bytes(frontier.size, frontier.to_bytes())
    assert stored.root() == definition(leaves)
    assert [(a, b, definition(leaves[a:b])) for a, b, _ in stored.subtrees()] == stored.subtrees()


@given(st.data())
def test_inclusion_holds_for_its_entry_and_no_other(data):
    size = data.draw(st.integers(1, 130))
    index = data.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    root = definition(leaves)
    path = proof(leaves, merkle.inclusion_spans(index, size))
    merkle.verify_inclusion(index=index, size=size, leaf=leaves[index], proof=path, root=root)
    with pytest.raises(merkle.MerkleError, match=r"expected root .* calculated"):
        merkle.verify_inclusion(index=index, size=size, leaf=bytes(32), proof=path, root=root)
    for wrong in (path[:-1], [*path, bytes(32)]):
        if wrong != path:
            with pytest.raises(merkle.MerkleError):
                merkle.verify_inclusion(index=index, size=size, leaf=leaves[index], proof=wrong, root=root)
    other = data.draw(st.integers(0, size - 1))
    if other != index:
        with pytest.raises(merkle.MerkleError):
            merkle.verify_inclusion(index=other, size=size, leaf=leaves[index], proof=path, root=root)


@given(st.data())
def test_consistency_holds_for_growth_and_for_nothing_else(data):
    new = data.draw(st.integers(1, 130))
    old = data.draw(st.integers(1, new))
    leaves = leaves_of(new)
    path = proof(leaves, merkle.consistency_spans(old, new))
    old_root, new_root = definition(leaves[:old]), definition(leaves)
    merkle.verify_consistency(old=old, new=new, old_root=old_root, new_root=new_root, proof=path)
    rewritten = [merkle.leaf_hash(b"rewritten"), *leaves[1:old]]
    with pytest.raises(merkle.MerkleError):
        merkle.verify_consistency(
            old=old, new=new, old_root=definition(rewritten), new_root=new_root, proof=path
        )
    if old < new:
        for wrong in (path[:-1], [*path, bytes(32)]):
            with pytest.raises(merkle.MerkleError):
                merkle.verify_consistency(old=old, new=new, old_root=old_root, new_root=new_root, proof=wrong)


@given(VALUES)
def test_canonical_json_is_json_and_its_only_spelling(value):
    data = canonical.encode(value)
    assert json.loads(data) == value
    assert canonical.encode(canonical.decode(data)) == data


@given(st.integers(0, 2**55), st.integers(0, 2**55), st.integers(0, 2**55))
def test_every_overlapping_span_lies_in_the_ranges_of_its_class(start, length, question):
    number = spans.span_class(length)
    overlaps = start <= question < start + max(length, 1)
    ranges = dict(spans.start_ranges(question))
    if overlaps:
        lowest = ranges[number]
        assert lowest is None or start >= lowest
