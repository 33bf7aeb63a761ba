"""Both passes of a redaction over a file, as the job runs them, in a process of its own for the benchmark.

`python -m tests.bench._redaction_run` reads one job as JSON from its standard input and ends with a line of
JSON: how many pictures, and how many seconds each pass took.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import av

from cctv.footage.media.encoder import encoder, output_size
from cctv.redaction import movie, pipeline
from cctv.redaction.looking.detector import OnnxDetector
from cctv.redaction.looking.facts import FrameFacts
from cctv.redaction.looking.looker import Looker, analysis_size
from cctv.redaction.resolve import Edit, Known, Resolved, Settings, resolve

Span = tuple[int, int]


def decoded(source: Path, span: Span | None = None) -> Iterator[pipeline.Decoded]:
    """Pictures first..last of a file with their times from the first one, on one thread as in the child."""
    with av.open(str(source), "r") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        start: float | None = None
        for number, frame in enumerate(container.decode(stream)):
            if span and number < span[0]:
                continue
            if span and number > span[1]:
                return
            at = float(frame.time or 0.0) * 1000
            start = at if start is None else start
            yield frame, at - start


def size_of(source: Path) -> tuple[int, int]:
    """Width and height of its pictures."""
    with av.open(str(source), "r") as container:
        context = container.streams.video[0].codec_context
        return context.width, context.height


def looked(source: Path, span: Span | None = None) -> list[FrameFacts]:
    """The first pass."""
    size = analysis_size(*size_of(source))
    looker = Looker(*size, OnnxDetector())
    return list(pipeline.look(pipeline.shown(decoded(source, span), size), looker))


def rendered(
    source: Path,
    output: Path,
    resolved: Resolved,
    facts: Sequence[FrameFacts],
    span: Span | None = None,
) -> None:
    """The second pass, to a file."""
    size = output_size(*size_of(source))
    paint = pipeline.paint_for(resolved, facts, size)
    context = encoder(*size, movie.TIMESCALE)
    packets = pipeline.render(decoded(source, span), resolved, paint, context)
    times = [each.at_ms for each in facts]
    end_ms = times[-1] + (times[-1] - times[0]) / max(1, len(times) - 1)
    with output.open("wb") as sink:
        sink.write(movie.head(context))
        sink.writelines(movie.fragments(packets, context, end_ms=end_ms))


def decide(
    facts: Sequence[FrameFacts] | Known,
    edits: Iterable[Edit],
    mode: str,
    size: tuple[int, int],
    kind: str = "person",
) -> Resolved:
    """What is drawn, with the settings that a redaction of that mode begins with."""
    chosen: dict[str, Any] = {"mode": mode, "subject_kind": kind}
    return resolve(facts, edits, Settings(aspect=size[0] / size[1], **chosen))


def main() -> None:
    """One job: {source, output, mode, edits: [[kind, body], ...]}."""
    job = json.load(sys.stdin)
    started = time.perf_counter()
    source, output = Path(job["source"]), Path(job["output"])
    facts = looked(source)
    seen = time.perf_counter()
    edits = [Edit(number, kind, body) for number, (kind, body) in enumerate(job["edits"], 1)]
    resolved = decide(facts, edits, job["mode"], size_of(source))
    decided = time.perf_counter()
    rendered(source, output, resolved, facts)
    done = time.perf_counter()
    times = {"look_s": seen - started, "decide_s": decided - seen, "render_s": done - decided}
    print(json.dumps({"frames": len(facts), **times}))


if __name__ == "__main__":
    main()
