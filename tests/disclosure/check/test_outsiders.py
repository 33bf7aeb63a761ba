"""What we did not write accepts the proofs in a package: Go's library for such logs, and its signed notes."""

import base64
from hashlib import sha256
from pathlib import Path

import pytest

from accesslog.outside import lethe_verify
from tests.accesslog.outside import outsiders, published
from tests.disclosure.check import tampering
from tests.disclosure.check.packages import copy, write


@pytest.mark.servers
def test_go_accepts_every_proof_of_a_package_and_refuses_a_changed_one(tmp_path: Path):
    folder = write(tmp_path / "package")
    proofs = sorted((folder / "proofs").iterdir())
    assert len(proofs) == 4
    for path in proofs:
        accepted, said = outsiders.go_proof(path)
        assert accepted, said
    changed = copy(folder, tmp_path / "changed")
    tampering.put(tampering.HOUR, b"index 2", b"index 3")(changed)
    assert not outsiders.go_proof(changed / tampering.HOUR)[0]


def test_the_logs_own_verifier_accepts_them_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = write(tmp_path / "package")
    for path in sorted((folder / "proofs").iterdir()):
        assert lethe_verify.main(["proof", str(path), "--key", published.VKEY]) == 0
    assert lethe_verify.main(["checkpoint", str(folder / "checkpoint"), "--key", published.VKEY]) == 0
    assert '"vkey":"lethe.example/log/packages+' in capsys.readouterr().out


def test_the_signature_can_be_checked_by_hand(tmp_path: Path):
    """As docs/formats-export.md says: two lines, one signature of them."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from tests.disclosure.check.packages import VKEY

    folder = write(tmp_path / "package")
    text, line = (folder / "manifest.sig").read_text().split("\n\n")
    digest = sha256((folder / "manifest.json").read_bytes()).hexdigest()
    assert text == f"lethe/1/package\n{digest}"
    public = base64.b64decode(VKEY.split("+", 2)[2])[1:]
    signature = base64.b64decode(line.split(" ")[2])[4:]
    Ed25519PublicKey.from_public_bytes(public).verify(signature, f"{text}\n".encode())
