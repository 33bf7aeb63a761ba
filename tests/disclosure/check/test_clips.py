"""Real clips with real recipes, as a package is made of them: both come out of the verifier as recorded."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from cctv.disclosure.packages import rebuild
from cctv.disclosure.packages.check import lethe_check
from tests.disclosure.packages import helpers
from tests.footage.media.helpers import WriteOnly


def test_the_recipes_of_real_clips_are_read_as_they_are_written(tmp_path: Path):
    sources, stored = helpers.hour(3)
    facts, clip = helpers.clip_of(sources, 0, 12)
    sink = WriteOnly()
    for source, placed in zip(sources, facts.parts, strict=True):
        assert rebuild.write_recipe(source, placed, sink) is not None
    (tmp_path / "clip.mp4").write_bytes(clip)
    place = lethe_check.Place(str(tmp_path))
    found: list[Any] = list(lethe_check.recipes(bytes(sink.data)))
    assert [segment for segment, *_rest in found] == [source.segment for source in sources]
    for (_segment, size, digest, steps), data in zip(found, stored, strict=True):
        assert lethe_check.rebuilt(place, "clip.mp4", size, steps) == digest.hex()
        assert size == len(data)
        assert digest == sha256(data).digest()
