"""`manage.py redaction score`: figures for people and for machines, errors without a traceback."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.redaction.score import clips

KNOWN = clips.truth(frames=6)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    pictures = clips.source(KNOWN)
    (tmp_path / "source.mp4").write_bytes(clips.encoded(pictures))
    made = clips.on_heads(pictures, KNOWN, lambda _part: 0, but="far")
    (tmp_path / "output.mp4").write_bytes(clips.encoded(made))
    rows = [
        f"{frame + 1},{region.identity},{','.join(map(str, region.box))}"
        for frame, regions in KNOWN.frames.items()
        for region in regions
    ]
    (tmp_path / "truth.csv").write_text("\n".join(rows))
    return {
        name: tmp_path / f"{name}.{end}"
        for name, end in (("source", "mp4"), ("output", "mp4"), ("truth", "csv"))
    }


def told(files: dict[str, Path], *more: str) -> str:
    out = StringIO()
    options = [f"--{name}={path}" for name, path in files.items()]
    call_command("redaction", "score", *options, *more, stdout=out)
    return out.getvalue()


def test_it_prints_the_figures_and_the_worst_moments(files) -> None:
    text = told(files)
    assert "heads exposed        50.00 %   (6 of 12" in text
    assert "picture 0: person far, 100.0 % shows" in text
    text = told(files, "--subject=far", "--worst=0")
    assert "heads exposed         0.00 %" in text
    assert "subject visible     100.00 %   (6 of 6" in text
    assert "worst" not in text


def test_json_is_one_object(files) -> None:
    found: dict[str, Any] = json.loads(told(files, "--subject=far", "--json", "--frames=2-4", "--reveal"))
    assert found["frames"] == [2, 4]
    assert found["pictures"] == 3
    assert found["heads_exposed_pct"] == 0
    assert found["subject_visible_pct"] == 100
    assert found["overblur_pct"] is None
    assert found["worst"]["exposed"] == []
    assert found["time_off_ms"] < 1


@pytest.mark.parametrize("name", ["source", "output", "truth"])
def test_a_bad_file_is_a_sentence(files, name: str) -> None:
    files[name].write_bytes(b"\xff\xfenothing")
    with pytest.raises(CommandError, match="cannot be read as") as caught:
        told(files)
    assert files[name].name in str(caught.value)


@pytest.mark.parametrize("wrong", ["--frames=5-2", "--frames=x", "--truth-size=10"])
def test_a_wrong_argument_says_what_is_meant(files, wrong: str) -> None:
    with pytest.raises(CommandError, match="such as"):
        told(files, wrong)
