"""What the tree of an hour says of a recording, and how anybody checks it. Imports no Django.

Every segment that comes in is a leaf of the Merkle tree (RFC 6962) of its camera's hour; the root of the tree
is in the access log. The data of a leaf are these lines, each ended by a line feed:

    lethe/1/ingest-leaf
    <id of the segment>
    <id of the camera>
    <first moment, µs since 1970 UTC>
    <end, µs since 1970 UTC>
    <SHA-256 of the file as it was stored, hexadecimal>
    <salt, hexadecimal>

Only who has the salt can tell which file is meant, and the salt ends with the recording's key: when the
footage is gone, the leaf is 32 bytes that say nothing. docs/formats-evidence.md has a worked example.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accesslog import merkle

HEADER = "lethe/1/ingest-leaf"
VERSION = "lethe/1/evidence"


class EvidenceBroken(ValueError):
    """The evidence does not prove this file; the message has expected and calculated."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """The facts of one leaf: ids and hashes as text, the span half-open in µs since 1970."""

    segment: str
    camera: str
    from_us: int
    to_us: int
    clear_sha256: str
    salt: str

    def data(self) -> bytes:
        """The leaf's data, as hashed."""
        facts = (self.segment, self.camera, self.from_us, self.to_us, self.clear_sha256, self.salt)
        return "".join(f"{line}\n" for line in (HEADER, *facts)).encode("ascii")

    def hash(self) -> bytes:
        """The leaf's hash: SHA-256(0x00 ‖ data)."""
        return merkle.leaf_hash(self.data())


def inclusion(number: int, hashes: list[bytes]) -> list[bytes]:
    """The path from leaf `number` to the root over `hashes`, the leaf's side first."""
    return [merkle.tree_root(hashes[start:end]) for start, end in merkle.inclusion_spans(number, len(hashes))]


def verify(evidence: Mapping[str, Any], *, file_sha256: str, root: str) -> None:
    """Raise EvidenceBroken unless the file with this hash is the one that came in when `root` was logged.

    `evidence` is what `hours.evidence` made. `root` has to come from the log's own entry (its field `root`),
    which is proven by the log; a root from the evidence itself would prove nothing. Both hexadecimal.
    """
    try:
        if evidence["version"] != VERSION:
            raise EvidenceBroken(f"expected {VERSION}, got {evidence['version']!r}")
        leaf = Leaf(**{name: evidence[name] for name in Leaf.__slots__})
        path = [bytes.fromhex(each) for each in evidence["path"]]
        number, size = int(evidence["leaf"]), int(evidence["size"])
        wanted, said = bytes.fromhex(root), leaf.hash()
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise EvidenceBroken(f"this is no evidence: {error}") from error
    if leaf.clear_sha256 != file_sha256:
        raise EvidenceBroken(f"expected a file with SHA-256 {leaf.clear_sha256}, calculated {file_sha256}")
    try:
        merkle.verify_inclusion(index=number, size=size, leaf=said, proof=path, root=wanted)
    except merkle.MerkleError as error:
        raise EvidenceBroken(str(error)) from error
