"""Whoever has the clip and its recipe has the recorder's stored file, bit for bit."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from cctv.disclosure.packages.errors import RecipeBroken
from cctv.disclosure.packages.rebuild import HEADER, RecipeFacts, rebuild, recipes, write_recipe
from cctv.footage.media.errors import MediaError
from cctv.footage.media.ranges import range_of_bytes
from tests.disclosure.packages.helpers import clip_of, hour, pictures, recording
from tests.footage.media.helpers import WriteOnly

VERBATIM = [
    {"container": "mp4"},
    {"container": "faststart"},
    {"container": "fmp4"},
    {"container": "mkv"},
    {"container": "mkv", "codec": "hevc"},
    {"container": "avi", "codec": "mjpeg"},
]


def cooked(sources, clip):
    """What `write_recipe` says of each recording, and all that it wrote."""
    sink = WriteOnly()
    facts = [write_recipe(source, placed, sink) for source, placed in zip(sources, clip.parts, strict=True)]
    return facts, bytes(sink.data)


@pytest.mark.parametrize("shape", VERBATIM, ids=lambda shape: "-".join(shape.values()))
def test_every_stored_file_can_be_made_again(shape):
    sources, files = hour(**shape)
    clip, data = clip_of(sources, 0, 12)
    facts, written = cooked(sources, clip)
    found = list(recipes(written))
    assert [each.segment for each in found] == [source.segment for source in sources]
    for recipe, file, said in zip(found, files, facts, strict=True):
        made = b"".join(rebuild(range_of_bytes(data), recipe))
        assert made == file
        assert recipe.sha256 == hashlib.sha256(made).digest()
        assert isinstance(said, RecipeFacts)
        assert said.stored_bytes == len(file)
    assert sum(each.size_bytes for each in facts if each) == len(written) < 0.25 * sum(map(len, files))


def test_a_file_with_kept_sound_can_be_made_again_as_long_as_it_is_mostly_picture(monkeypatch):
    sources, files = hour(1, audio="aac", noise=60)
    clip, data = clip_of(sources, 0, 12)
    (facts,), written = cooked(sources, clip)
    assert b"".join(rebuild(range_of_bytes(data), written)) == files[0]
    assert facts is not None
    for more, there in ((1, True), (-1, False)):
        share = (facts.size_bytes - len(HEADER) - 8 + more) / len(files[0])
        monkeypatch.setattr("cctv.disclosure.packages.rebuild.MOST_LITERAL", share)
        assert bool(cooked(sources, clip)[1]) is there


def test_there_is_no_recipe_where_packets_do_not_stand_in_the_file():
    for container in ("ts", "avi"):
        sources, _files = hour(2, container=container)
        assert cooked(sources, clip_of(sources, 0, 12)[0]) == ([None, None], b"")


def test_there_is_no_recipe_where_only_the_demuxer_finds_the_packets():
    source, file = recording(0, 0, container="mkv")
    scattered = replace(source, index=replace(source.load(), contiguous=False))
    clip, data = clip_of([scattered], 0, 4)
    assert pictures(data) == pictures(file)
    assert cooked([scattered], clip) == ([None], b"")


def test_a_file_whose_pictures_stand_in_another_order_can_be_made_again():
    source, file = recording(0, 0, codec="mjpeg")
    index = source.load()
    order = np.argsort(np.arange(len(index)) % 3, kind="stable")
    mixed = replace(source, index=replace(index, offset=index.offset[order], size=index.size[order]))
    clip, data = clip_of([mixed], 0, 4)
    _facts, written = cooked([mixed], clip)
    assert b"".join(rebuild(range_of_bytes(data), written)) == file


def test_there_is_no_recipe_of_a_recording_that_is_cut():
    sources, _files = hour()
    clip, _data = clip_of(sources, 2.5, 9)
    facts, _written = cooked(sources, clip)
    assert [each is not None for each in facts] == [False, True, False]


def test_there_is_no_recipe_without_the_hash_of_the_file():
    source, _data = recording(0, 0)
    unknown = replace(source, index=source.load().with_hash(b""))
    assert cooked([unknown], clip_of([unknown], 0, 4)[0]) == ([None], b"")


def test_memory_of_a_recipe_is_a_piece_at_a_time(monkeypatch):
    monkeypatch.setattr("cctv.disclosure.packages.rebuild.PIECE_BYTES", 100)
    sources, files = hour(1)
    clip, data = clip_of(sources, 0, 12)
    sink = WriteOnly()
    assert write_recipe(sources[0], clip.parts[0], sink)
    assert sink.largest <= 105
    pieces = list(rebuild(range_of_bytes(data), bytes(sink.data)))
    assert max(map(len, pieces)) <= 100
    assert b"".join(pieces) == files[0]


def test_damage_is_an_error_or_another_file_never_more():
    sources, files = hour(1)
    clip, data = clip_of(sources, 0, 12)
    _facts, written = cooked(sources, clip)
    for place in range(0, len(written), 3):
        broken = bytearray(written)
        broken[place] ^= 0x10
        try:
            (recipe,) = recipes(bytes(broken))
            made = b"".join(rebuild(range_of_bytes(data), recipe))
        except (RecipeBroken, MediaError):
            continue
        told = (recipe.segment, recipe.sha256, made)
        assert told != (sources[0].segment, hashlib.sha256(files[0]).digest(), files[0])
    for end in (0, 10, len(HEADER) + 8, len(written) - 1):
        with pytest.raises(RecipeBroken):
            b"".join(rebuild(range_of_bytes(data), written[:end]))


def test_a_recipe_that_breaks_off_makes_no_file():
    sources, _files = hour(1)
    clip, data = clip_of(sources, 0, 12)
    (recipe,) = recipes(cooked(sources, clip)[1])
    for end in range(0, len(recipe.steps), 7):
        with pytest.raises(RecipeBroken):
            b"".join(rebuild(range_of_bytes(data), replace(recipe, steps=recipe.steps[:end])))


def test_a_recipe_without_end_stops_at_the_size_of_the_file():
    sources, _files = hour(1)
    clip, data = clip_of(sources, 0, 12)
    _facts, written = cooked(sources, clip)
    (recipe,) = recipes(written)
    endless = replace(recipe, steps=memoryview(bytes(recipe.steps) + b"\x01" + bytes(8) + b"\xff" * 8))
    with pytest.raises(RecipeBroken):
        for _piece in rebuild(range_of_bytes(data), endless):
            pass
