"""The signature of a package: one line under two, by a key that the log vouches for."""

from hashlib import sha256

import pytest

from accesslog import note
from accesslog.models import LogEntry
from accesslog.outside import proof
from cctv.core.errors import LetheError
from cctv.disclosure.packages import signing
from cctv.disclosure.packaging import key
from cctv.vault import records, rings
from tests.accesslog.outside import published

HASH = sha256(b"a manifest").digest()
SIGNED = signing.sign(HASH, origin=published.ORIGIN, private=published.PRIVATE)
VKEY = signing.verifier_key(published.ORIGIN, published.PRIVATE)


def test_a_signature_is_a_signed_note_over_the_hash_of_the_manifest():
    assert SIGNED.split("\n")[:3] == ["lethe/1/package", HASH.hex(), ""]
    assert note.verify(SIGNED, VKEY).signatures[0].name == f"{published.ORIGIN}/packages"
    assert signing.verify(SIGNED, VKEY) == HASH


def test_no_byte_of_a_signature_can_be_changed():
    data = SIGNED.encode()
    for at in range(len(data)):
        for bit in (0x01, 0x20):
            changed = data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]
            with pytest.raises(signing.SignatureWrong):
                signing.verify(changed, VKEY)


@pytest.mark.parametrize(
    "altered",
    [
        SIGNED + note.sign("x\n", published.KEY, published.PRIVATE).line + "\n",
        SIGNED.replace("\n\n", "\nmore\n\n"),
        SIGNED[:-1],
        "",
        str(note.Note("other\n", (note.sign("other\n", note.parse_key(VKEY), published.PRIVATE),))),
    ],
)
def test_nothing_may_stand_beside_it(altered):
    with pytest.raises(signing.SignatureWrong):
        signing.verify(altered, VKEY)


@pytest.mark.django_db(databases=["default", "log"])
def test_the_log_vouches_for_the_key_once_and_for_another_ring_again(vault_ready, settings, tmp_path):
    first = key.entered()
    assert first.body == {"vkey": key.public_key()}
    assert key.entered().index == first.index
    assert signing.verify(key.sign_manifest(HASH), key.public_key()) == HASH
    settings.LETHE_KEYS_ROOT = tmp_path / "other"
    for each in rings.both():
        each.folder.mkdir(parents=True)
        each.initialise()
    assert key.entered().index == first.index + 1
    assert LogEntry.objects.filter(kind="export.key").count() == 2


@pytest.mark.django_db(databases=["default", "log"])
def test_no_destruction_of_records_reaches_the_key(vault_ready):
    public = key.public_key()
    ring = rings.records()
    with pytest.raises(LetheError):
        records.destroy_keys([ring.ensure(key.LABEL)])
    ring.remove_and_ratchet([ring.ensure("hold/1")])
    assert key.public_key() == public


@pytest.mark.django_db(databases=["default", "log"])
def test_proofs_of_several_entries_stand_under_one_checkpoint(vault_ready, settings, tmp_path):
    settings.ACCESSLOG_FOLDER, settings.ACCESSLOG_COPIES = tmp_path / "log", []
    receipt = key.entered()
    checkpoint, found = proof.of_entries([receipt.index], with_record=True)
    assert list(found) == [receipt.index]
    assert all(each.endswith(f"\n\n{checkpoint}") for each in found.values())
