"""Signed notes, held to the specification by hand and to a published vector."""

import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cctv.vault import rings, signing
from cctv.vault.signing import NoteBroken

LINES = ["lethe/certificate/2", "2026-0042", "ünïcode 인증서"]

# golang.org/x/mod/sumdb/note, package documentation: a note and the key of its signer.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqd"
    "ngotpRZb6KE6RyyBwJnAM=\n"
)


def test_the_published_note_of_another_implementation_is_verified():
    assert signing.verify_note(GO_NOTE, GO_KEY)[1] == "then you don't know what your problem is."
    with pytest.raises(NoteBroken):
        signing.verify_note(GO_NOTE.replace("answer", "anwser"), GO_KEY)


def test_a_note_is_what_the_specification_says(keys):
    note = signing.sign_note(LINES)
    text, signature_line = note.split("\n\n")
    assert text.split("\n") == LINES
    dash, name, encoded = signature_line.removesuffix("\n").split(" ")
    assert (dash, name) == ("—", signing.key_name())
    published_name, key_id, published = signing.public_key().split("+", 2)
    raw = base64.b64decode(published)
    assert (published_name, raw[0], len(raw)) == (name, 1, 33)
    signature = base64.b64decode(encoded)
    by_hand = sha256(f"{name}\n".encode() + raw).digest()[:4]
    assert signature[:4] == by_hand == bytes.fromhex(key_id)
    Ed25519PublicKey.from_public_bytes(raw[1:]).verify(signature[4:], f"{text}\n".encode())
    assert signing.verify_note(note, signing.public_key()) == LINES


@pytest.mark.parametrize(
    "alter",
    [
        lambda note: note.replace("0042", "0043"),
        lambda note: note.replace("2026", " 2026"),
        lambda note: note.rstrip("\n"),
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note.replace("— lethe", "— other"),
        lambda note: note[:-10] + "AAAAAAAA\n",
        lambda note: note.replace("— ", "- "),
        lambda note: "",
    ],
)
def test_an_altered_note_is_refused(keys, alter):
    with pytest.raises(NoteBroken):
        signing.verify_note(alter(signing.sign_note(LINES)), signing.public_key())


def test_other_signatures_beside_it_are_passed_over_but_alone_are_not_enough(keys):
    note, other = signing.sign_note(LINES), GO_NOTE.split("\n\n")[1]
    text, ours = note.split("\n\n")
    assert signing.verify_note(f"{text}\n\n{other}{ours}", signing.public_key()) == LINES
    with pytest.raises(NoteBroken):
        signing.verify_note(f"{text}\n\n{other}", signing.public_key())


@pytest.mark.parametrize("lines", [[], ["a\nb"], ["a\tb"], ["\x00"]])
def test_what_a_note_cannot_hold_is_not_signed(keys, lines):
    with pytest.raises(ValueError, match="note"):
        signing.sign_note(lines)


def test_the_key_stays_the_same_through_ratchets_and_is_another_elsewhere(keys, settings, tmp_path):
    note, key = signing.sign_note(LINES), signing.public_key()
    ring = rings.records()
    ring.remove_and_ratchet([ring.ensure("hold/1")])
    assert (signing.sign_note(LINES), signing.public_key()) == (note, key)
    settings.LETHE_KEYS_ROOT = tmp_path / "other"
    for each in rings.both():
        each.folder.mkdir(parents=True)
        each.initialise()
    assert signing.public_key() != key
    with pytest.raises(NoteBroken):
        signing.verify_note(note, signing.public_key())
