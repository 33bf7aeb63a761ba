"""docs/formats-export.md says what is done: its example is calculated again, and it names every member."""

import json
import re
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cctv.disclosure.packages import check, signing
from tests.disclosure.check.packages import write
from tests.house.files import ROOT

PAGE = (ROOT / "docs" / "formats-export.md").read_text()
ORIGIN = "lethe/0123456789abcdef/log"


def test_the_example_of_a_signature_is_right():
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    assert signing.sign(sha256(b"{}").digest(), origin=ORIGIN, private=private) in PAGE
    assert f"\n{signing.verifier_key(ORIGIN, private)}\n" in PAGE


def test_every_member_of_a_manifest_is_described(tmp_path: Path):
    said = json.loads((write(tmp_path / "package") / "manifest.json").read_bytes())
    words = set(re.findall(r"`([a-z_0-9]+)`", PAGE))
    named = set(said)
    for part in (said["export"], said["log"], said["files"][0], said["spans"][0], said["segments"][0]):
        named |= set(part)
    for part in ("purpose", "ground", "people", "recipient"):
        named |= set(said[part])
    named |= set(said["cameras"][0]) | set(said["log"]["proofs"][0]) | set(said["spans"][0]["gaps"][0])
    assert named - words == set()


def test_what_is_enclosed_names_no_address_and_reads_in_three_languages():
    files = check.enclosed()
    page, readme = files["check.html"].decode(), files["README.txt"].decode("utf-8-sig")
    assert not re.search(r"https?://(?!c2sp\.org)", page)
    assert readme.count("\r\n") == readme.count("\n")
    assert all(word in readme for word in ("확인 방법", "確認の方法", "How to check it"))
    assert "{{" not in page
