"""Verifiers that we did not write read what we publish, and see each change to it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accesslog.publish import rounds
from tests.accesslog.cast import note as log_note
from tests.accesslog.outside import outsiders, published
from tests.accesslog.outside.published import entries_of, write
from tests.accesslog.publish.logs import fill, stored

# They need what only `make test-deps` installs.
pytestmark = pytest.mark.servers

SIZE = 600
OLD = 300


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A published log of SIZE entries."""
    return write(tmp_path / "published", entries_of(SIZE))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Its checkpoint when it had OLD entries."""
    path = tmp_path / "old"
    path.write_text(published.checkpoint(entries_of(OLD)))
    # Our own file reads it from the mail that it came in.
    (tmp_path / "mail").write_text(
        f"Subject: the log\n\nThe checkpoint is\n\n{path.read_text()}\n-- \nLethe\n"
    )
    return path


@pytest.mark.django_db(databases=["default", "log"])
def test_outsiders_accept_what_is_published_and_its_growth(folder: Path, tmp_path: Path):
    log_note()
    fill(OLD - 1)
    old = tmp_path / "old"
    old.write_text(rounds.publish() or "")
    fill(SIZE - OLD)
    rounds.publish()
    for name, ask in outsiders.ALL.items():
        accepted, said = ask(folder, old)
        assert accepted, f"{name}: {said}"
    for index in (0, OLD, SIZE - 1):
        accepted, said = outsiders.aics(folder, index=index)
        assert accepted, said
    # And byte by byte what the specification's formulas give, where the file is there at all.
    ours = write(tmp_path / "by-hand", stored())
    for path in ours.rglob("*"):
        if path.is_file():
            assert (folder / path.relative_to(ours)).read_bytes() == path.read_bytes()


def test_outsiders_accept_a_log_with_three_levels_of_tiles(tmp_path: Path):
    entries = entries_of(65_536 + 300)
    folder = write(tmp_path / "published", entries)
    for name in ("lethe_verify.py", "Go"):
        accepted, said = outsiders.ALL[name](folder)
        assert accepted, f"{name}: {said}"


def edit(folder: Path, name: str, at: int) -> None:
    """Flip a bit of a file."""
    data = bytearray((folder / name).read_bytes())
    data[at] ^= 1
    (folder / name).write_bytes(bytes(data))


def edited_entry(folder: Path) -> None:
    length = 2 + len(published.entry_of(3))
    edit(folder, "tile/entries/000", 3 * length + 30)


def edited_leaf(folder: Path) -> None:
    edit(folder, "tile/0/000", 3 * 32)


def edited_tile(folder: Path) -> None:
    edit(folder, f"tile/1/000.p/{SIZE // 256}", 3)


def cut_tail(folder: Path) -> None:
    """The last bundle and tile lose their end."""
    for level in ("entries", "0"):
        path = folder / "tile" / level / f"002.p/{SIZE % 256}"
        path.write_bytes(path.read_bytes()[:320])


def rolled_back(folder: Path) -> None:
    """The whole log as it was before, well signed."""
    write(folder, entries_of(OLD - 50))


def reordered(folder: Path) -> None:
    entries = entries_of(SIZE)
    entries[3], entries[4] = entries[4], entries[3]
    write(folder, entries)


def forged_size(folder: Path) -> None:
    text = (folder / "checkpoint").read_text()
    (folder / "checkpoint").write_text(text.replace(f"\n{SIZE}\n", f"\n{SIZE + 1}\n", 1))


def resigned_size(folder: Path) -> None:
    """One more entry than there is, signed by the real key."""
    (folder / "checkpoint").write_text(published.checkpoint(entries_of(SIZE + 1)))


def other_key(folder: Path) -> None:
    private = Ed25519PrivateKey.generate()
    (folder / "checkpoint").write_text(published.checkpoint(entries_of(SIZE), private=private))


def rewritten(folder: Path) -> None:
    """Another entry 3, with all hashes and the real signature: only who kept a checkpoint sees it."""
    entries = entries_of(SIZE)
    entries[3] = published.entry_of(3)[:-1] + b"\x00"
    write(folder, entries)


@pytest.mark.parametrize(
    ("tamper", "lethe", "go"),
    [
        (edited_entry, "Entry 3, or its hash in the tile, was changed", "entry 3: expected leaf"),
        (edited_leaf, "Entry 3, or its hash in the tile, was changed", "tiles over the entries 0"),
        (edited_tile, "Tile 0 of level 1 (from entry 0) was changed", "growth from 300"),
        (cut_tail, "The entries end before entry 517", "growth from 300"),
        (rolled_back, "The log was cut back", "the log was cut: it had 300 entries, and has 250"),
        (reordered, "Entry 4 is older than the one before it", "growth from 300"),
        (forged_size, "is not signed by the key of", "the checkpoint's signature"),
        (resigned_size, "The file tile/entries/002 of the log is missing", "growth from 300"),
        (other_key, "is not signed by the key of", "the checkpoint's signature"),
        (rewritten, "some of the entries 0 to 299 were rewritten or reordered", "growth from 300 to 600"),
    ],
)
def test_invariant_6_outsiders_see_each_change(
    log: Path, old: Path, tamper: Callable[[Path], None], lethe: str, go: str
):
    tamper(log)
    said = {name: ask(log, old) for name, ask in outsiders.ALL.items() if name != "aics-tlog"}
    assert not any(accepted for accepted, _words in said.values()), said
    assert lethe in said["lethe_verify.py"][1]
    assert go in said["Go"][1]


@pytest.mark.parametrize("tamper", [edited_entry, cut_tail, forged_size, rewritten])
def test_aics_tlog_sees_it_too(log: Path, old: Path, tamper: Callable[[Path], None]):
    tamper(log)
    of_entry = tamper in (edited_entry, cut_tail)
    accepted, said = outsiders.aics(log, index=550) if tamper is cut_tail else outsiders.aics(
        log, None if of_entry else old
    )  # fmt: skip
    assert not accepted
    assert said


def test_the_one_file_reads_a_checkpoint_from_its_mail(log: Path, old: Path):
    accepted, said = outsiders.lethe(log, old.with_name("mail"))
    assert accepted, said
    assert "(300 entries) is its beginning" in said


def test_the_one_file_says_what_it_could_not_check(log: Path):
    accepted, said = outsiders.alone("log", log, "--key", "nonsense+1+2")
    assert not accepted
    assert "NOT CHECKED: This is no verifier key of a log" in said
    accepted, said = outsiders.alone("checkpoint", log / "nothing", "--key", published.VKEY)
    assert "NOT CHECKED" in said
    (log / "checkpoint").unlink()
    accepted, said = outsiders.lethe(log)
    assert "There is no checkpoint" in said
