"""Proofs that are handed out: anybody can check them, and whoever may not see a body does not get it."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from accesslog import Scope, note, proofs
from accesslog.errors import EntryDamaged
from accesslog.events import QUERIED
from accesslog.models import LogBody, LogCosignature, LogEntry
from accesslog.outside import lethe_verify, proof
from accesslog.publish import rounds
from tests.accesslog.cast import cover
from tests.accesslog.outside import outsiders, published
from tests.accesslog.publish.logs import fill
from tests.accesslog.test_pages import EVERYTHING, Reader
from tests.accesslog.test_tampered import edit_entry
from tests.accesslog.test_verify import erase, log_of, with_the_databases_password

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def extra_of(text: str) -> dict[str, Any]:
    (line,) = [each for each in text.split("\n") if each.startswith("extra ")]
    found: dict[str, Any] = json.loads(base64.b64decode(line[6:]))
    return found


def checked(path: Path, *more: str, capsys: Any) -> tuple[int, str]:
    """Run the one file in this process: it prints the same."""
    code = lethe_verify.main(["proof", str(path), "--key", published.VKEY, *more])
    return code, capsys.readouterr().out


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 600])
def test_proofs_at_all_places_are_accepted(folder: Path, tmp_path: Path, capsys: Any, size: int):
    cover()
    if size > 1:
        fill(size - 1)
    path = tmp_path / "some.tlog-proof"
    for index in {0, size // 2, size - 1}:
        path.write_text(proof.of_entry(index, with_record=True))
        code, said = checked(path, capsys=capsys)
        assert code == 0, said
        assert f"Entry {index} is in the log: test." in said
        assert ('"name":"Minji"' in said) == (index == 0)


@pytest.mark.servers
def test_outsiders_accept_a_proof_and_refuse_a_changed_one(folder: Path, tmp_path: Path):
    log_of(5)
    path = tmp_path / "some.tlog-proof"
    text = proof.of_entry(3, with_record=True)
    path.write_text(text)
    assert outsiders.go_proof(path)[0]
    accepted, said = outsiders.alone("proof", path, "--key", published.VKEY)
    assert accepted, said
    assert "It was logged with exactly these words" in said
    path.write_text(text.replace("index 3", "index 2"))
    assert "entry 2" in outsiders.go_proof(path)[1]
    accepted, said = outsiders.alone("proof", path, "--key", published.VKEY)
    assert not accepted
    assert "WRONG: Entry 2 is not in this log." in said


def test_a_record_that_was_changed_is_refused(folder: Path, tmp_path: Path, capsys: Any):
    cover()
    text = proof.of_entry(0, with_record=True)
    extra = extra_of(text)
    record = base64.b64decode(extra["record"])
    path, other = tmp_path / "some.tlog-proof", tmp_path / "record"
    path.write_text(text)
    other.write_bytes(record.replace(b"Minji", b"Hyuna"))
    code, said = checked(path, "--record", str(other), capsys=capsys)
    assert code == 1
    assert "The record is not what entry 0 was logged with" in said
    path.write_text(proof.of_entry(0, with_record=False))
    code, said = checked(path, capsys=capsys)
    assert code == 0
    assert "only its place was checked" in said
    other.write_bytes(record)
    assert checked(path, "--record", str(other), capsys=capsys)[0] == 0


def test_a_proof_of_an_erased_entry_has_its_place_and_nothing_else(folder: Path):
    log_of(3)
    erase(below=2, say=2)
    assert "record" not in extra_of(proof.of_entry(0, with_record=True))
    assert "record" in extra_of(proof.of_entry(2, with_record=True))
    assert not LogBody.objects.filter(index=0).exists()


def test_a_proof_bears_the_signatures_of_witnesses(folder: Path, tmp_path: Path, capsys: Any):
    log_of(3)
    signed = rounds.publish(noted=True) or ""
    key = note.key_of("witness.example/w1", published.PRIVATE, note.COSIGNATURE)
    line = note.cosign(note.parse(signed).text, key, published.PRIVATE, seconds=1_800_000_000).line
    LogCosignature.objects.create(size=3, witness=key.name, line=line, time_us=1)
    log_of(2)
    path = tmp_path / "some.tlog-proof"
    path.write_text(proof.of_entry(1, with_record=False))
    code, said = checked(path, "--witness", str(key), capsys=capsys)
    assert code == 0, said
    assert "witness.example/w1 saw it at 2027-01-15" in said
    path.write_text(proof.of_entry(4, with_record=False))  # no witness has seen it yet
    assert checked(path, "--witness", str(key), capsys=capsys)[0] == 1
    assert checked(path, capsys=capsys)[0] == 0


def test_no_proof_is_given_of_a_changed_entry(folder: Path):
    log_of(6)
    rounds.publish()
    with with_the_databases_password():
        edit_entry(folder)
    with pytest.raises(EntryDamaged):
        proof.of_entry(3, with_record=True)
    with with_the_databases_password():
        data = bytes(LogEntry.objects.get(index=3).entry)
        LogEntry.objects.filter(index=3).update(leaf_hash=published.leaf(data))
        LogBody.objects.filter(index=3).delete()
    with pytest.raises(EntryDamaged):  # its leaf fits, and does not lead to what was signed
        proof.of_entry(3, with_record=True)


@pytest.mark.slow
def test_a_cache_filled_from_wrong_tiles_does_no_harm(folder: Path):
    fill(256 * 256 + 10)
    rounds.publish()
    tile = folder / "tile/1/000"
    tile.write_bytes(bytes(len(tile.read_bytes())))
    proofs._levels[:] = [[]]
    assert proofs.inclusion(5).holds
    assert proofs.root_at(300) == proofs.root_at(300)
    head = proofs.head()
    assert len(proofs.consistency(300, new=head.size, root=head.root())) > 5


@pytest.mark.parametrize("bodies", [True, False])
def test_a_reader_downloads_a_proof_and_is_logged_first(folder: Path, reader: Reader, bodies: bool):
    cover()
    answer = reader(Scope(all_sites=True, bodies=bodies)).get("/log/0/proof")
    assert answer.status_code == 200
    assert answer["Content-Disposition"] == 'attachment; filename="log-entry-0.tlog-proof"'
    assert answer.content.startswith(b"c2sp.org/tlog-proof@v1\nextra ")
    assert ("record" in extra_of(answer.content.decode())) == bodies
    assert LogEntry.objects.filter(kind=QUERIED).count() == 1


def test_a_proof_is_hidden_from_whom_its_entry_is_hidden_from(folder: Path, reader: Reader):
    cover(site="baram")
    client = reader(Scope(all_sites=False, sites=frozenset({"elsewhere"}), bodies=True))
    assert client.get("/log/0/proof").status_code == 404
    assert client.get("/log/9/proof").status_code == 404
    client = reader(None)
    for address in ("/log/0/proof", "/log/check/", "/log/check/lethe_verify.py"):
        assert client.get(address).status_code == 404
    assert not LogEntry.objects.filter(kind=QUERIED).exists()


def test_the_page_that_tells_how_has_the_key_and_the_program(folder: Path, reader: Reader):
    client = reader(EVERYTHING)
    page = client.get("/log/check/").content.decode()
    assert published.VKEY.split("+")[0] in page
    program = client.get("/log/check/lethe_verify.py")
    assert program.content == Path(lethe_verify.__file__).read_bytes()
