"""The tree is RFC 6962's: known vectors, and proofs that hold exactly where they should."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accesslog import merkle

# The eight inputs and the roots of the reference implementation (certificate-transparency, merkle tests).
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


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


@pytest.mark.parametrize("count", range(1, 9))
def test_roots_are_those_of_the_reference_vectors(count):
    leaves = [merkle.leaf_hash(each) for each in INPUTS[:count]]
    assert merkle.tree_root(leaves).hex() == ROOTS[count - 1]


def test_the_empty_tree_has_the_hash_of_nothing():
    assert merkle.tree_root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(st.integers(0, 200))
def test_a_frontier_has_the_root_of_the_definition_and_survives_storage(count):
    leaves = leaves_of(count)
    frontier = merkle.Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    stored = merkle.Frontier.from_bytes(frontier.size, frontier.to_bytes())
    assert stored.root() == definition(leaves)
    assert [(a, b, definition(leaves[a:b])) for a, b, _ in stored.subtrees()] == stored.subtrees()


def test_a_frontier_that_does_not_fit_its_size_is_refused():
    with pytest.raises(merkle.MerkleError, match="5 entries has 2 frontier hashes, got 1"):
        merkle.Frontier.from_bytes(5, bytes(32))
    with pytest.raises(merkle.MerkleError, match="multiple of 32"):
        merkle.Frontier.from_bytes(1, bytes(31))


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


def test_a_log_cannot_shrink_or_prove_what_it_does_not_have():
    with pytest.raises(merkle.MerkleError, match="cannot extend"):
        merkle.verify_consistency(old=5, new=4, old_root=b"", new_root=b"", proof=[])
    with pytest.raises(merkle.MerkleError, match="no entry 4"):
        merkle.inclusion_spans(4, 4)
