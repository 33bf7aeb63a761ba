"""Notes, checkpoints and cosignatures, held to the specifications and to vectors that others published."""

import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accesslog import note
from accesslog.note import NoteError, SignatureWrong
from tests.house.files import ROOT as ROOT_OF_PROJECT

# c2sp.org/signed-note, "Verifier keys": a key and a note that it verifies.
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Zt"
    "g1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# c2sp.org/tlog-cosignature: a checkpoint with the log's signature and a witness's.
COSIGNED = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nT"
    "o+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf"
    "5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = note.key_of("example.org/log", PRIVATE)
ROOT = base64.b64encode(sha256(b"").digest()).decode()


def signed(text: str) -> str:
    return str(note.Note(text, (note.sign(text, KEY, PRIVATE),)))


def test_the_specifications_own_note_is_verified_and_an_altered_one_is_not():
    assert note.verify(SPEC_NOTE, SPEC_KEY).text == "This is an example message.\n"
    assert str(note.parse(SPEC_NOTE)) == SPEC_NOTE
    assert str(note.parse_key(SPEC_KEY)) == SPEC_KEY
    with pytest.raises(SignatureWrong):
        note.verify(SPEC_NOTE.replace("example m", "exemple m"), SPEC_KEY)


def test_a_cosigned_checkpoint_is_read_as_the_specification_shows_it():
    read = note.parse(COSIGNED)
    checkpoint = note.parse_checkpoint(read.text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text == read.text
    assert int.from_bytes(read.signatures[1].value[:8], "big") == 1679315147
    assert str(read) == COSIGNED


def test_a_witness_signs_time_and_text():
    text = note.Checkpoint("example.org/log", 5, sha256(b"x").digest()).text
    witness = note.key_of("example.org/witness", PRIVATE, note.COSIGNATURE)
    line = note.cosign(text, witness, PRIVATE, seconds=1_800_000_000)
    assert note.verify_signature(text, line, note.parse_key(str(witness))) == 1_800_000_000
    by_hand = f"cosignature/v1\ntime 1800000000\n{text}".encode()
    PRIVATE.public_key().verify(line.value[8:], by_hand)
    assert witness.key_id == sha256(b"example.org/witness\n\x04" + witness.public).digest()[:4]
    assert witness.key_id != note.key_of("example.org/witness", PRIVATE).key_id
    later = note.Signature(line.name, line.key_id, (1).to_bytes(8, "big") + line.value[8:])
    with pytest.raises(SignatureWrong):
        note.verify_signature(text, later, witness)


@pytest.mark.parametrize(
    "text",
    [
        f"example.org/log\n05\n{ROOT}\n",
        f"example.org/log\n+5\n{ROOT}\n",
        f"example.org/log\n-5\n{ROOT}\n",
        f"example.org/log\n5 \n{ROOT}\n",
        f"example.org/log\n\u0665\n{ROOT}\n",
        f"example.org/log\n9223372036854775808\n{ROOT}\n",
        f"example.org/log\n5\n{ROOT[:-1]}\n",
        f"example.org/log\n5\n{ROOT[:-2]}V=\n",  # the same bytes, spelt with a bit too many
        f"example.org/log\n5\n{ROOT} \n",
        f"example.org/log\n5\n{ROOT}\n\n",
        f"example.org/log\n5\n{ROOT}",
        "example.org/log\n5\n",
        f"\n5\n{ROOT}\n",
        f"example.org/log\r\n5\r\n{ROOT}\r\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(NoteError):
        note.parse_checkpoint(text)


def test_extension_lines_are_kept():
    text = f"example.org/log\n5\n{ROOT}\nmore\nstill more\n"
    assert note.parse_checkpoint(text).extensions == ("more", "still more")
    assert note.parse_checkpoint(text).text == text


@pytest.mark.parametrize(
    "alter",
    [
        lambda text: text[:-1],
        lambda text: text + "\n",
        lambda text: text + "junk\n",
        lambda text: text.replace("\n\n", "\n"),
        lambda text: text.replace("— ", "- "),
        lambda text: text.replace("— ", "—  "),
        lambda text: text.replace("\n\n", "\n\n\n— x+y AAAAAAA=\n"),
        lambda text: text.replace("=\n", "\n") if "=\n" in text else text[:-2] + "\n",
        lambda text: "\t" + text,
        lambda text: text.encode() + b"\xff\n",
        lambda text: "",
    ],
)
def test_what_is_no_note_is_refused(alter):
    with pytest.raises(NoteError):
        note.verify(alter(signed("hello\n")), KEY)


def test_a_checkpoint_of_another_origin_is_not_this_logs():
    mine = note.Checkpoint("example.org/log", 0, sha256(b"").digest())
    assert note.verify_checkpoint(signed(mine.text), str(KEY)) == mine
    with pytest.raises(NoteError, match="expected a checkpoint of"):
        note.verify_checkpoint(signed(mine.text.replace("org/log", "org/other")), KEY)


@pytest.mark.parametrize(
    "vkey",
    [
        "", "a+b", SPEC_KEY.replace("530d903a", "530d903b"), SPEC_KEY.upper(), SPEC_KEY + "=",
        SPEC_KEY.replace("example.com/foo", "example.com foo"), SPEC_KEY.replace("AekyeRrm", "BekyeRrm"),
    ],
)  # fmt: skip
def test_what_is_no_verifier_key_is_refused(vkey):
    with pytest.raises(NoteError):
        note.parse_key(vkey)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\nb"])
def test_a_name_that_no_line_can_have_is_refused(name):
    with pytest.raises(NoteError):
        note.key_of(name, PRIVATE)


def test_the_example_of_the_documentation_is_what_this_code_makes():
    text = (ROOT_OF_PROJECT / "docs" / "formats-log.md").read_text()
    example = text[text.index("lethe/0123456789abcdef/log\n1\n") :].split("```")[0]
    key = note.key_of("lethe/0123456789abcdef/log", PRIVATE)
    checkpoint = note.verify_checkpoint(example, key)
    entry = bytes.fromhex("010c766965772e636f7665726564000643706cbf1240") + bytes(range(32))
    assert checkpoint.root == sha256(b"\x00" + entry).digest()
    assert f"`{key}`" in text
