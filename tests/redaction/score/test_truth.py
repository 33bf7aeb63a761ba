"""Ground truth in three forms says the same; what is wrong in it is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cctv.redaction.score import geometry, truth
from cctv.redaction.score.errors import ScoreError
from cctv.redaction.score.truth import Region, Truth

CVML = """<dataset><frame number="0"><objectlist><object id="9"><box h="75.2" w="31.0" xc="515.5" yc="195.6"/>
</object></objectlist></frame><frame number="1"><objectlist/></frame></dataset>"""
MOT = "1,9,500,158,31,75.2,1,-1,-1,-1\n1,10,3,3,9,9,0,-1,-1,-1\n2,9,501,158,31,75.2\n"
OWN: dict[str, Any] = {
    "format": "lethe-truth/1",
    "width": 768,
    "height": 576,
    "frames": [{"frame": 0, "regions": [{"id": "9", "kind": "person", "box": [500, 158, 31, 75.2]}]}],
}


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_three_forms_say_the_same(tmp_path: Path) -> None:
    found = [
        truth.read(written(tmp_path, name, text))
        for name, text in (("a.xml", CVML), ("b.csv", MOT), ("c.json", json.dumps(OWN)))
    ]
    assert [each.at(0) for each in found] == [(Region("9", "person", (500.0, 158.0, 31.0, 75.2)),)] * 3
    assert found[1].path_of("9")[1] == (501.0, 158.0, 31.0, 75.2)
    assert [each.size for each in found] == [None, None, (768, 576)]
    assert found[2].scaled(1536, 576).at(0)[0].box == (1000.0, 158.0, 62.0, 75.2)
    assert truth.read(tmp_path / "b.csv", size=(768, 576)).size == (768, 576)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.xml", "<dataset><frame", "unclosed"),
        ("a.xml", "<dataset/>", "names no picture"),
        ("a.xml", '<!DOCTYPE d [<!ENTITY a "b">]><dataset>&a;</dataset>', "Entit"),
        ("a.xml", '<dataset><frame number="0"><object id="1"/></frame></dataset>', "object has no box"),
        ("a.xml", '<dataset><frame number="1"/><frame number="1"/></dataset>', "picture 1 is named twice"),
        ("a.csv", f'1,"{"9" * 200_000}",1,1,5,5', "field larger"),
        ("a.csv", "1,2,3\n", "line 1 has 3 columns"),
        ("a.csv", "0,9,1,1,5,5\n", "counted from 0"),
        ("a.csv", "1,9,1,1,-5,5\n", "is no box"),
        ("a.json", "{}", "its format"),
        ("a.json", json.dumps({"format": "lethe-truth/1"}), "'frames' is missing"),
        ("a.json", "[1", "Expecting"),
        ("a.json", "[]", "its format is not"),
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.json", json.dumps(OWN | {"width": 0}), "cannot be 0 x 576 pixels"),
        ("a.json", json.dumps(OWN | {"height": -576}), "cannot be 768 x -576 pixels"),
        ("a.json", json.dumps(OWN | {"frames": [3]}), "not where it is expected"),
        ("a.json", json.dumps(OWN | {"frames": OWN["frames"] * 2}), "picture 0 is named twice"),
        ("a.yaml", "", "“.yaml”"),
    ],
)
def test_a_bad_file_is_an_error_that_says_what(tmp_path: Path, name: str, text: str, why: str) -> None:
    with pytest.raises(ScoreError, match="unreadable_truth") as caught:
        truth.read(written(tmp_path, name, text))
    assert why in str(caught.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScoreError, match="No such file"):
        truth.read(tmp_path / "none.xml")


def test_nearer_is_whose_feet_are_lower() -> None:
    far, near = Region("far", "person", (0, 0, 10, 50)), Region("near", "person", (0, 10, 10, 50))
    plate = Region("car", "plate", (0, 90, 10, 5))
    assert geometry.nearer(far, (far, near, plate)) == [near]
    assert geometry.nearer(near, (far, near, plate)) == []


def test_only_whole_people_and_vehicles_have_a_path() -> None:
    known = Truth({3: (Region("a", "plate", (0, 0, 1, 1)), Region("a", "vehicle", (0, 0, 9, 9)))})
    assert known.path_of("a") == {3: (0, 0, 9, 9)}
