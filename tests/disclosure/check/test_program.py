"""check.py against every tampering; it runs alone, with nothing of the project and without site packages."""

import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from accesslog import canonical, note
from cctv.disclosure.packages.check import lethe_check
from tests.accesslog.outside import published
from tests.disclosure.check import packages, tampering
from tests.disclosure.check.packages import Options, write


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("package") / "E-2026-0032")


def checked(package: Path, *more: object, capsys: Any) -> tuple[int, list[dict[str, Any]], dict[str, Any]]:
    """Exit code, faults and facts by code."""
    code = lethe_check.main([str(package), "--json", *map(str, more)])
    said = json.loads(capsys.readouterr().out)
    assert said["result"] == {0: "good", 1: "bad", 3: "self"}[code]
    assert said["pinned"] == ("said.pinned" in dict(said["facts"]))
    return code, said["faults"], dict(said["facts"])


def named(faults: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(each["file"], each["code"]) for each in faults}


def test_a_whole_package_is_found_whole_as_folder_and_as_zip(whole: Path, tmp_path: Path, capsys: Any):
    archive = packages.packed(whole, tmp_path / "E-2026-0032.zip")
    nested = tmp_path / "nested"
    packages.copy(whole, nested / "E-2026-0032")
    for place in (whole, archive, nested, packages.packed(nested, tmp_path / "nested.zip")):
        code, faults, facts = checked(place, "--key", published.VKEY, capsys=capsys)
        assert (code, faults) == (0, [])
        assert facts["said.segments"] == {"good": 8, "all": 8}
        assert facts["said.part"] == {"count": 2}
        assert facts["said.log"]["good"] == facts["said.log"]["all"] == 4
        assert "said.pinned" in facts
        assert facts["said.signature"]["key"] == f"{published.ORIGIN}/packages"
        # Whoever makes up a log makes up its witnesses.
        assert "said.witness" not in facts
        assert facts["said.witness.named"]["witness"] == "witness.example/w1"
        known = ("--key", published.VKEY, "--witness", packages.WITNESS_KEY)
        assert checked(place, *known, capsys=capsys)[2]["said.witness"]["witness"] == "witness.example/w1"


def test_a_package_of_a_forger_is_never_told_to_be_good_unless_its_log_is_known(tmp_path: Path, capsys: Any):
    """With a log, a witness and keys of his own everything fits: only a key tells them apart."""
    forged = write(tmp_path / "forged", replace(Options(), recipient="Nobody"))
    code, faults, facts = checked(forged, capsys=capsys)
    assert (code, faults) == (3, [])
    assert not {"said.pinned", "said.signature", "said.witness"} & set(facts)
    assert {"said.unpinned", "said.signature.self", "said.witness.named"} <= set(facts)
    for language in lethe_check.LANGUAGES:
        assert lethe_check.main([str(forged), "--language", language]) == 3
        assert lethe_check.word("good", language) not in capsys.readouterr().out
    theirs = str(note.key_of(published.ORIGIN, packages.OTHER_KEY))
    assert checked(forged, "--key", theirs, capsys=capsys)[0] == 1


def test_a_module_added_to_a_package_has_no_say(whole: Path, tmp_path: Path):
    folder = packages.copy(whole, tmp_path / "package")
    (folder / "hashlib.py").write_text("print('everything fits'); raise SystemExit(0)")
    (folder / "check.py").write_bytes(Path(lethe_check.__file__).read_bytes())
    ran = subprocess.run(
        [sys.executable, "check.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "hashlib.py" in ran.stdout
    assert "everything fits" not in ran.stdout


@pytest.mark.parametrize("case", tampering.CASES)
def test_tampering_is_named_with_its_file(case: str, whole: Path, tmp_path: Path, capsys: Any):
    act, expected = tampering.CASES[case]
    folder = packages.copy(whole, tmp_path / "package")
    act(folder)
    code, faults, _facts = checked(folder, capsys=capsys)
    found = named(faults)
    assert code == (1 if expected else 0), found
    assert expected <= found
    files = {file for file, _code in expected}
    follows = tampering.FOLLOWS.get(case, set())
    if follows is not None:
        assert found - expected - follows <= {(file, each) for file, each in found if file in files}
    for each in faults:
        for language in lethe_check.LANGUAGES:
            said = lethe_check.word(each["code"], language, file=each["file"], **each["said"])
            assert each["file"] in said


def test_no_byte_of_the_signature_itself_can_be_changed(whole: Path, tmp_path: Path, capsys: Any):
    folder = packages.copy(whole, tmp_path / "package")
    path = folder / "manifest.sig"
    data = path.read_bytes()
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        code, faults, _facts = checked(folder, capsys=capsys)
        assert code == 1
        assert {each["file"] for each in faults} == {"manifest.sig"}, at


def test_the_recording_that_was_changed_is_told_by_its_time(whole: Path, tmp_path: Path, capsys: Any):
    folder = packages.copy(whole, tmp_path / "package")
    tampering.flip(tampering.GATE_CLIP, 0.5)(folder)
    _code, faults, facts = checked(folder, capsys=capsys)
    (fault,) = [each for each in faults if each["code"] == "segment.file"]
    assert fault["said"]["at"] == "2026-11-15 10:00:10 – 10:00:20 UTC"
    assert facts["said.segments"] == {"good": 7, "all": 8}


def test_the_log_of_somebody_else_is_told_by_the_key_that_one_has(whole: Path, tmp_path: Path, capsys: Any):
    other = str(note.key_of(published.ORIGIN, packages.OTHER_KEY))
    code, faults, _facts = checked(whole, "--key", other, capsys=capsys)
    assert (code, named(faults)) == (1, {("manifest.json", "log.key")})
    code, faults, facts = checked(whole, capsys=capsys)
    assert (code, faults) == (3, [])
    assert facts["said.unpinned"]["vkey"] == published.VKEY


def test_a_checkpoint_that_one_kept_pins_the_log(whole: Path, tmp_path: Path, capsys: Any):
    kept = tmp_path / "kept"
    kept.write_text(published.checkpoint(published.entries_of(2)))
    assert checked(whole, "--key", kept, capsys=capsys)[0] == 0
    size = note.parse_checkpoint(note.parse((whole / "checkpoint").read_text()).text).size
    kept.write_text(published.checkpoint(published.entries_of(size)))
    code, faults, _facts = checked(whole, "--key", kept, capsys=capsys)
    assert (code, named(faults)) == (1, {("checkpoint", "log.rewritten")})
    kept.write_text(published.checkpoint(published.entries_of(2), private=packages.OTHER_KEY))
    code, faults, _facts = checked(whole, "--key", kept, capsys=capsys)
    assert (code, named(faults)) == (1, {("manifest.json", "log.key")})


def test_a_witness_that_is_asked_for_must_have_signed(whole: Path, capsys: Any):
    witness = note.key_of("other.example/w2", packages.OTHER_KEY, note.COSIGNATURE)
    code, faults, _facts = checked(whole, "--witness", witness, capsys=capsys)
    assert (code, named(faults)) == (1, {("checkpoint", "checkpoint.witness")})
    assert checked(whole, "--witness", packages.WITNESS_KEY, capsys=capsys)[0] == 3


def test_of_two_packages_of_one_number_the_older_is_named(whole: Path, tmp_path: Path, capsys: Any):
    made_at = Options().made_at + timedelta(days=1)
    newer = write(tmp_path / "newer", replace(Options(), made_at=made_at))
    code, faults, _facts = checked(whole, "--other", newer, capsys=capsys)
    assert (code, named(faults)) == (1, {("manifest.json", "old")})
    assert checked(newer, "--other", whole, capsys=capsys)[0] == 3
    other = write(tmp_path / "another", replace(Options(), made_at=made_at, number="E-2026-0033"))
    assert checked(whole, "--other", other, capsys=capsys)[0] == 3


def test_the_code_on_the_report_is_that_of_the_manifest_without_the_report(whole: Path, capsys: Any):
    said = json.loads((whole / "manifest.json").read_bytes())
    said["files"] = [each for each in said["files"] if each["kind"] != "report"]
    code = sha256(canonical.encode(said)).hexdigest()
    _code, _faults, facts = checked(whole, capsys=capsys)
    assert facts["said.report"]["report"].replace(" ", "") == code
    # Wherever its line stands.
    for place in (0, len(said["files"])):
        report = {"name": "report.pdf", "kind": "report", "facts": {"읽": '"\n\u2028'}}
        more = {**said, "files": [*said["files"][:place], report, *said["files"][place:]]}
        assert lethe_check.report_code(canonical.encode(more), more).replace(" ", "") == code


def test_what_is_open_is_said(tmp_path: Path, capsys: Any):
    folder = write(tmp_path / "open", Options(urgent=True, unproven=True))
    code, faults, facts = checked(folder, capsys=capsys)
    assert (code, faults) == (3, [])
    assert "said.urgent" in facts
    assert facts["said.unproven"] == {"count": 2, "why": "hour_open"}
    assert facts["said.segments"] == {"good": 6, "all": 6}
    assert lethe_check.main([str(folder), "--language", "en"]) == 3
    assert "2 recordings have no proof in the log: their hour had not ended" in capsys.readouterr().out


def test_an_urgent_release_approves_nothing_that_is_not_urgent(tmp_path: Path, capsys: Any):
    folder = write(tmp_path / "open", Options(urgent=True))
    packages.resign(folder, lambda said: said["export"].update(urgent=False), packages.PACKAGE_KEY)
    code, faults, _facts = checked(folder, capsys=capsys)
    assert (code, named(faults)) == (1, {("manifest.json", "approval")})


def test_what_operating_systems_leave_is_no_fault(whole: Path, tmp_path: Path, capsys: Any):
    folder = packages.copy(whole, tmp_path / "package")
    (folder / "clips" / "Thumbs.db").write_bytes(b"x")
    (folder / ".DS_Store").write_bytes(b"x")
    code, faults, facts = checked(folder, capsys=capsys)
    assert (code, faults) == (3, [])
    assert facts["said.ignored"] == {"names": ".DS_Store, clips/Thumbs.db"}


def test_a_zip_with_two_lists_or_two_files_of_a_name_is_refused(whole: Path, tmp_path: Path, capsys: Any):
    archive = packages.packed(whole, tmp_path / "a.zip")
    with zipfile.ZipFile(archive) as opened:
        at = opened.getinfo("report.pdf").header_offset + 30
    data = bytearray(archive.read_bytes())
    data[at : at + 10] = b"rep0rt.pdf"
    archive.write_bytes(data)
    code, faults, _facts = checked(archive, capsys=capsys)
    assert (code, named(faults)) == (1, {("report.pdf", "unreadable")})
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as twice:
        twice.writestr("manifest.json", "{}")
        with pytest.warns(UserWarning, match="Duplicate"):
            twice.writestr("manifest.json", "{}")
    assert lethe_check.main([str(tmp_path / "b.zip")]) == 2
    assert "manifest.json 2 ×" in capsys.readouterr().out


def test_what_cannot_be_checked_is_told_apart(whole: Path, tmp_path: Path, capsys: Any):
    deflated = packages.packed(whole, tmp_path / "again.zip", compression=zipfile.ZIP_DEFLATED)
    (tmp_path / "no.zip").write_bytes(b"no")
    (tmp_path / "empty").mkdir()
    empty = tmp_path / "empty"
    for place, said in ((deflated, "unpack it"), (tmp_path / "no.zip", "no.zip"), (empty, "no man")):
        assert lethe_check.main([str(place), "--language", "en"]) == 2
        assert said in capsys.readouterr().out
    assert lethe_check.main([str(whole), "--key", str(tmp_path / "no.zip")]) == 2


def test_the_signature_is_verified_without_any_library():
    private, fits = packages.PACKAGE_KEY, lethe_check.verify_in_python
    public, signature = private.public_key().public_bytes_raw(), private.sign(b"message")
    assert fits(public, signature, b"message")
    assert not fits(public, signature, b"massage")
    assert not fits(public, signature[:63] + bytes([signature[63] ^ 0x10]), b"message")
    too_large = int.from_bytes(signature[32:], "little") + lethe_check.L
    assert not fits(public, signature[:32] + too_large.to_bytes(32, "little"), b"message")
    assert not fits(b"\xff" * 32, signature, b"message")


def test_it_runs_alone_and_speaks_three_languages(whole: Path, tmp_path: Path):
    """-I -S: no environment, no working directory, no site packages, so no library for the signatures."""
    program = whole / "check.py"
    said_in = {"ko": "묶음이 빠짐없이", "ja": "パッケージは完全", "en": "complete and unchanged"}
    for language, said in said_in.items():
        done = subprocess.run(
            [sys.executable, "-I", "-S", program, "--language", language, "--key", published.VKEY],
            cwd="/", capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert said in done.stdout
    done = subprocess.run(
        [sys.executable, "-I", "-S", program, "--language", "en"],
        cwd="/", capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "no key was given" in done.stdout
    assert published.VKEY in done.stdout
    changed = packages.copy(whole, tmp_path / "package")
    tampering.flip("report.pdf")(changed)
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(program), str(changed)],
        cwd="/", capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "report.pdf 파일이 변경되었습니다" in done.stdout
