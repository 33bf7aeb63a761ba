"""What is published is, byte for byte, what the specifications say; computed here a second time, by hand."""

import base64
from pathlib import Path

import pytest

from accesslog import conf, note
from accesslog.errors import LogDamaged
from accesslog.models import LogCheckpoint
from accesslog.publish import database, paths, rounds, tiles
from tests.accesslog.cast import note as noted
from tests.accesslog.publish.logs import fill, root_by_hand, stored, tiles_by_hand, tiles_in

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def leaves() -> list[bytes]:
    from hashlib import sha256

    return [sha256(b"\x00" + each).digest() for each in stored()]


@pytest.mark.both_databases
def test_a_checkpoint_and_its_tiles_are_those_of_the_specifications(published: Path):
    noted("one")
    fill(599)
    text = rounds.publish()
    assert text is not None
    root = base64.b64encode(root_by_hand(leaves())).decode()
    assert (published / "checkpoint").read_text() == text
    assert text.startswith(f"example.org/tests/log\n600\n{root}\n\n— example.org/tests/log ")
    assert note.verify_checkpoint(text, conf.signer().verifier_key()).size == 600
    assert tiles_in(published) == tiles_by_hand(stored())
    row = LogCheckpoint.objects.get()
    assert (row.size, row.note, bytes(row.root)) == (600, text, root_by_hand(leaves()))


def test_growing_bit_by_bit_gives_the_same_files_and_drops_partial_ones_of_full_tiles(published: Path):
    for count in (1, 254, 1, 1, 255, 300, 211, 512):
        fill(count)
        rounds.publish()
        assert tiles_by_hand(stored()).items() <= tiles_in(published).items()
    kept = sorted(set(tiles_in(published)) - set(tiles_by_hand(stored())))
    # 1535 entries: what is left besides is of places whose tile is not full yet.
    assert kept == ["tile/1/000.p/1", "tile/1/000.p/2", "tile/1/000.p/3"]


@pytest.mark.slow
def test_a_tree_of_three_levels_has_the_tiles_of_the_specification(published: Path):
    fill(65_536 + 300)
    rounds.publish()
    found, expected = tiles_in(published), tiles_by_hand(stored())
    assert found == expected
    assert {"tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1", "tile/0/257.p/44"} <= set(found)


def test_edges_that_are_lost_or_altered_are_made_again_from_the_database(published: Path):
    fill(700)
    rounds.publish()
    (published / "tile/1/000.p/2").write_bytes(bytes(64))
    fill(300)
    rounds.publish()
    assert tiles_by_hand(stored()).items() <= tiles_in(published).items()
    (published / "tile/1/000.p/3").unlink()
    fill(300)
    rounds.publish()
    assert tiles_by_hand(stored()).items() <= tiles_in(published).items()


def test_an_entry_without_its_leaf_hash_is_not_published(published: Path, monkeypatch):
    fill(10)
    rounds.publish()
    before = (published / "checkpoint").read_text()
    fill(10)
    real = database.entries

    def altered(start, end):
        for at, (data, leaf) in enumerate(real(start, end)):
            yield (data[:-1] + b"!" if at == 15 else data), leaf

    monkeypatch.setattr(database, "entries", altered)
    with pytest.raises(LogDamaged):
        rounds.publish()
    assert (published / "checkpoint").read_text() == before


def test_the_root_of_any_earlier_size_can_be_read_from_the_tiles(published: Path):
    fill(700)
    rounds.publish()
    for size in (1, 2, 255, 256, 257, 511, 512, 600, 699, 700):
        assert tiles.root_at(published, size, published=700) == root_by_hand(leaves()[:size])
    assert tiles.root_at(published, 800, published=700) is None


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "000"), (999, "999"), (1000, "x001/000"), (1234067, "x001/x234/067")],
)
def test_numbers_are_written_in_groups(number, text):
    assert paths.digits(number) == text
    for path in (f"tile/3/{text}", f"tile/entries/{text}.p/7"):
        tile = paths.parse(path)
        assert (tile.number, tile.path) == (number, path)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/00", "tile/00/000", "tile/64/000", "tile/0/x000/000", "tile/0/000.p/0", "tile/0/000.p/256",
        "tile/0/000.p/01", "tile/0/000.p", "tile/0/001/000", "tile/0/x001", "tile/-1/000", "tile/0/000/",
        "tile/0/../../checkpoint", "tile/0/\u0660\u0660\u0660",
        "tile/0/000\n", "tile/entries/x000/x000/000", "tile/data/000",
    ],
)  # fmt: skip
def test_nothing_else_is_a_path(path):
    with pytest.raises(ValueError):
        paths.parse(path)


def test_the_tiles_that_a_growth_brings_are_named():
    for old, new in ((0, 1), (0, 256), (255, 257), (0, 700), (700, 65_536), (65_535, 65_537)):
        have = {tile.path for tile in paths.grown(0, old)}
        grown = {tile.path for tile in paths.grown(old, new)}
        assert not have & grown
        assert have | grown == {tile.path for tile in paths.grown(0, new)}
