"""What finds people in one picture: an ONNX file of one of two interfaces, run by onnxruntime on the CPU."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from cctv.redaction.looking.errors import DetectorUnusable
from cctv.redaction.tracks.boxes import Boxes, Kind, iou

VENDORED = Path(__file__).resolve().parent.parent / "detectors" / "centernet.onnx"
# Below this a detector says little more than that there is something; linking asks for more.
LEAST_SCORE = 0.06
THREADS = 2
_NO_KIND = 255
# COCO's 80 classes counted from 0, and its own numbers, which begin at 1 and leave some out.
_BY_PLACE = {0: Kind.PERSON, **dict.fromkeys((1, 2, 3, 5, 7), Kind.VEHICLE), 24: Kind.OTHER}
_BY_PLACE |= {26: Kind.OTHER, 28: Kind.OTHER}
_BY_NUMBER = {1: Kind.PERSON, **dict.fromkeys((2, 3, 4, 6, 8), Kind.VEHICLE), 27: Kind.OTHER}
_BY_NUMBER |= {31: Kind.OTHER, 33: Kind.OTHER}


class Found(NamedTuple):
    """Boxes float32 (n, 4) x, y, w, h in 0..1; scores float32 (n); kinds uint8 (n) of `Kind`."""

    boxes: Boxes
    scores: NDArray[np.float32]
    kinds: NDArray[np.uint8]


class Detector(Protocol):
    """Finds people, vehicles and bags in an RGB picture, uint8 (h, w, 3), of any size."""

    sha256: str

    def detect(self, rgb: NDArray[np.uint8]) -> Found:
        """What was found, low scores too (from `LEAST_SCORE`), overlapping ones not yet sorted out."""


class OnnxDetector:
    """A detector from a file (see `detectors/README.md`). Raises `DetectorUnusable` when it cannot be used.

    The file is read once and never written; at most `threads` threads, none of them spinning while idle.
    """

    def __init__(self, path: Path | str = VENDORED, threads: int = THREADS) -> None:
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise DetectorUnusable(f"The detector's file cannot be read: {error.strerror}") from error
        self.sha256 = hashlib.sha256(data).hexdigest()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = max(1, min(threads, THREADS))
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = onnxruntime.InferenceSession(
                data, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises types of its own that are not exported
            raise DetectorUnusable("The detector's file is not an ONNX model that can be run.") from error
        self._side = 0  # of the square input; 0: any size, the second interface
        self._names: tuple[str, ...] = ()
        self._understand()

    def detect(self, rgb: NDArray[np.uint8]) -> Found:
        """See `Detector.detect`."""
        return self._square(rgb) if self._side else self._four(rgb)

    def _understand(self) -> None:
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        names = {each.name.partition(":")[0].rpartition("/")[2]: each.name for each in outputs}
        wanted = ("detection_boxes", "detection_scores", "detection_classes")
        shape = list(inputs[0].shape)
        self._input = inputs[0].name
        if len(inputs) == 1 and inputs[0].type == "tensor(uint8)" and set(wanted) <= set(names):
            self._names = tuple(names[each] for each in wanted)
            return
        square = len(shape) == 4 and shape[0] in (1, None) and shape[3] == 3 and shape[1] == shape[2]
        if len(inputs) == 1 and inputs[0].type == "tensor(float)" and square and len(outputs) == 1:
            last = list(outputs[0].shape)
            if isinstance(shape[1], int) and 32 <= shape[1] <= 2048 and len(last) == 3 and last[2] == 6:
                self._side = shape[1]
                return
        found = f"{inputs[0].type} {shape} -> {[(each.name, each.shape) for each in outputs]}"
        raise DetectorUnusable(f"The detector has an interface that is not known here: {found}")

    def _square(self, rgb: NDArray[np.uint8]) -> Found:
        side = self._side
        small = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
        (rows,) = self._session.run(None, {self._input: small[None]})
        rows = np.asarray(rows[0], np.float64)
        edges = rows[:, :4] / side
        return _found(edges, rows[:, 4], rows[:, 5], _BY_PLACE)

    def _four(self, rgb: NDArray[np.uint8]) -> Found:
        boxes, scores, classes = self._session.run(list(self._names), {self._input: rgb[None]})
        edges = np.asarray(boxes[0], np.float64)[:, [1, 0, 3, 2]]
        return _found(edges, np.asarray(scores[0], np.float64), classes[0], _BY_NUMBER)


def _found(
    edges: NDArray[np.float64], scores: NDArray[np.float64], classes: NDArray[Any], meaning: dict[int, Kind]
) -> Found:
    kinds = np.full(len(classes), _NO_KIND, np.uint8)
    for number, kind in meaning.items():
        kinds[np.rint(classes) == number] = kind
    boxes = np.concatenate([edges[:, :2], edges[:, 2:] - edges[:, :2]], axis=1)
    sound = np.isfinite(boxes).all(axis=1) & np.isfinite(scores) & (boxes[:, 2:] > 0).all(axis=1)
    keep = (kinds != _NO_KIND) & sound & (scores >= LEAST_SCORE)
    return Found(boxes[keep].astype(np.float32), np.clip(scores[keep], 0, 1).astype(np.float32), kinds[keep])


def sorted_out(found: Found, most: float = 0.6) -> Found:
    """Without the weaker of two boxes of one kind that share more than `most` of their union."""
    order = np.argsort(-found.scores, kind="stable")
    boxes, scores, kinds = found.boxes[order], found.scores[order], found.kinds[order]
    alike = iou(boxes, boxes) > most
    alike &= kinds[:, None] == kinds[None, :]
    keep: list[int] = []
    for row in range(len(boxes)):
        if not alike[row, keep].any():
            keep.append(row)
    return Found(boxes[keep], scores[keep], kinds[keep])
