"""Ground truth: who or what is where in each picture, as somebody drew it.

Three forms are read. CVML (XML: frame, object with an id, box by its centre), the MOT challenge's table (CSV:
frame counted from 1, id, left, top, width, height, …), and Lethe's own JSON:

    {"format": "lethe-truth/1", "width": 768, "height": 432,
     "frames": [{"frame": 0, "regions": [{"id": "7", "kind": "person", "box": [x, y, w, h]}]}]}

Boxes are in pixels of a picture of `width` x `height`; where the size is not given, of the source's.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException, ElementTree

from cctv.redaction.score.errors import ScoreError

KINDS = ("person", "head", "face", "vehicle", "plate", "other")
FORMAT = "lethe-truth/1"
MAX_BYTES = 256 << 20
PixelBox = tuple[float, float, float, float]  # left, top, width, height


@dataclass(frozen=True)
class Region:
    """Something in one picture. `identity` is the same through the clip; a plate has its vehicle's."""

    identity: str
    kind: str
    box: PixelBox


@dataclass(frozen=True)
class Truth:
    """Regions by picture, counted from 0; `size` is the (width, height) that boxes are meant for.

    Of a picture that is not named nothing is known, but where `unnamed_empty`, nobody is in it.
    """

    frames: Mapping[int, tuple[Region, ...]]
    size: tuple[int, int] | None = None
    unnamed_empty: bool = False

    def at(self, frame: int) -> tuple[Region, ...]:
        """What is in a picture."""
        return self.frames.get(frame, ())

    def knows(self, frame: int) -> bool:
        """Whether somebody looked at that picture."""
        return self.unnamed_empty or frame in self.frames

    def identities(self) -> list[str]:
        """Everybody and everything, shortest names first."""
        known = {region.identity for regions in self.frames.values() for region in regions}
        return sorted(known, key=lambda name: (len(name), name))

    def path_of(self, identity: str) -> dict[int, PixelBox]:
        """Where somebody is (the whole person or vehicle, not a part), by picture."""
        return {
            frame: region.box
            for frame, regions in sorted(self.frames.items())
            for region in regions
            if region.identity == identity and region.kind in ("person", "vehicle")
        }

    def scaled(self, width: int, height: int) -> Truth:
        """The same for pictures of another size; as it is where its own size is not known."""
        if self.size in (None, (width, height)):
            return replace(self, size=(width, height))
        assert self.size is not None
        across, down = width / self.size[0], height / self.size[1]
        frames = {
            frame: tuple(replace(region, box=_scaled(region.box, across, down)) for region in regions)
            for frame, regions in self.frames.items()
        }
        return replace(self, frames=frames, size=(width, height))


def _scaled(box: PixelBox, across: float, down: float) -> PixelBox:
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down


def read(path: Path, *, size: tuple[int, int] | None = None) -> Truth:
    """Read a file by its ending. `size` says what picture its boxes are meant for where it does not itself.

    Raises:
        ScoreError: `unreadable_truth`, with what is wrong and where.
    """
    readers = {".xml": _cvml, ".json": _json, ".csv": _mot, ".txt": _mot}
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES >> 20} MiB")
        reader = readers.get(path.suffix.lower())
        if reader is None:
            raise ValueError(f"files that end in “{path.suffix}” are not known")
        truth = reader(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    except (ParseError, DefusedXmlException, csv.Error) as error:
        raise _unreadable(path, str(error)) from error
    except RecursionError as error:
        raise _unreadable(path, "it is nested too deeply") from error
    except (ValueError, KeyError) as error:
        raise _unreadable(path, _why(error)) from error
    except (TypeError, AttributeError, OverflowError) as error:
        raise _unreadable(path, "something in it is not where it is expected") from error
    if not truth.frames:
        raise _unreadable(path, "it names no picture")
    return replace(truth, size=truth.size or size)


def _unreadable(path: Path, why: str) -> ScoreError:
    return ScoreError("unreadable_truth", file=path.name, why=why)


def _why(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error) or type(error).__name__


def _size_of(document: Mapping[str, Any]) -> tuple[int, int] | None:
    if "width" not in document and "height" not in document:
        return None
    size = int(document["width"]), int(document["height"])
    if not (0 < size[0] < 1 << 16 and 0 < size[1] < 1 << 16):
        raise ValueError(f"its pictures cannot be {size[0]} x {size[1]} pixels")
    return size


def _gathered(
    found: Iterable[tuple[int, Region | None]], *, once: bool = True
) -> dict[int, tuple[Region, ...]]:
    """By picture; `None` says that a picture is named, which may be done once."""
    frames: dict[int, list[Region]] = {}
    named: set[int] = set()
    for frame, region in found:
        if frame < 0:
            raise ValueError(f"picture {frame}: pictures are counted from 0")
        here = frames.setdefault(frame, [])
        if region is not None:
            here.append(region)
        elif once and frame in named:
            raise ValueError(f"picture {frame} is named twice")
        else:
            named.add(frame)
    return {frame: tuple(regions) for frame, regions in frames.items()}


def _region(identity: Any, kind: Any, box: Iterable[Any]) -> Region:
    left, top, width, height = (float(value) for value in box)
    if kind not in KINDS:
        raise ValueError(f"“{kind}” is no kind of region; there are {', '.join(KINDS)}")
    if not (width > 0 and height > 0 and max(map(abs, (left, top, width, height))) < 1e6):
        raise ValueError(f"the box of “{identity}” is no box: {left}, {top}, {width}, {height}")
    return Region(str(identity), str(kind), (left, top, width, height))


def _cvml(text: str) -> Truth:
    root = ElementTree.fromstring(text)
    found: list[tuple[int, Region | None]] = []
    for frame in root.iter("frame"):
        number = int(frame.attrib["number"])
        found.append((number, None))
        for thing in frame.iter("object"):
            drawn = thing.find("box")
            if drawn is None:
                raise ValueError(f"picture {number}: an object has no box")
            box = {key: float(value) for key, value in drawn.attrib.items()}
            corner = (box["xc"] - box["w"] / 2, box["yc"] - box["h"] / 2, box["w"], box["h"])
            found.append((number, _region(thing.attrib["id"], "person", corner)))
    return Truth(_gathered(found))


def _mot(text: str) -> Truth:
    found: list[tuple[int, Region | None]] = []
    for line, row in enumerate(csv.reader(text.splitlines()), 1):
        if not row:
            continue
        if len(row) < 6:
            raise ValueError(f"line {line} has {len(row)} columns, at least 6 are needed")
        # The seventh column is 0 for what the challenge does not count, such as a reflection.
        counted = len(row) < 7 or float(row[6]) != 0
        region = _region(row[1].strip(), "person", row[2:6]) if counted else None
        found.append((int(row[0]) - 1, region))
    return Truth(_gathered(found, once=False), unnamed_empty=True)


def _json(text: str) -> Truth:
    document = json.loads(text)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"its format is not “{FORMAT}”")
    size = _size_of(document)
    found: list[tuple[int, Region | None]] = []
    for frame in document["frames"]:
        number = int(frame["frame"])
        found.append((number, None))
        found += [(number, _region(each["id"], each["kind"], each["box"])) for each in frame["regions"]]
    return Truth(_gathered(found), size)
