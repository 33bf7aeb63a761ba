"""The tree is RFC 6962's: known vectors, and proofs that hold exactly where they should."""

import pytest

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


@pytest.mark.parametrize("count", range(1, 9))
def test_roots_are_those_of_the_reference_vectors(count):
    leaves = [merkle.leaf_hash(each) for each in INPUTS[:count]]
    assert merkle.tree_root(leaves).hex() == ROOTS[count - 1]


def test_the_empty_tree_has_the_hash_of_nothing():
    assert merkle.tree_root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_frontier_that_does_not_fit_its_size_is_refused():
    with pytest.raises(merkle.MerkleError, match="5 entries has 2 frontier hashes, got 1"):
        merkle.Frontier.from_bytes(5, bytes(32))
    with pytest.raises(merkle.MerkleError, match="multiple of 32"):
        merkle.Frontier.from_bytes(1, bytes(31))


def test_a_log_cannot_shrink_or_prove_what_it_does_not_have():
    with pytest.raises(merkle.MerkleError, match="cannot extend"):
        merkle.verify_consistency(old=5, new=4, old_root=b"", new_root=b"", proof=[])
    with pytest.raises(merkle.MerkleError, match="no entry 4"):
        merkle.inclusion_spans(4, 4)
