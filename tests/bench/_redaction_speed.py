"""How fast, and with how much memory: whole processes from file to file, ours and deface's, in turn."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

ROOT = Path(__file__).resolve().parent.parent.parent
REQUIREMENTS = Path(__file__).with_name("deface.txt")
SAMPLE_S = 0.05
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Ran:
    """One process to its end: seconds on the wall, the most memory of its tree in MiB, what it printed."""

    seconds: float
    peak_mib: float
    text: str


def ran(command: Sequence[str], text: str = "") -> Ran:
    """Run it; its tree's resident memory is read twenty times a second."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    peak, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(SAMPLE_S):
            peak[0] = max(peak[0], _resident(process.pid))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    out, error = process.communicate(text)
    seconds = time.perf_counter() - started
    done.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{command[0]} failed: {error[-2000:]}")
    return Ran(seconds, peak[0], out)


def _resident(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        children = [child for each in threads for child in (each / "children").read_text().split()]
    except OSError:
        return 0.0  # it has just ended
    return pages * PAGE / 2**20 + sum(_resident(int(child)) for child in children)


def ours(source: Path, output: Path, mode: str, edits: Sequence[tuple[str, Mapping[str, Any]]]) -> Ran:
    """Both passes in a process of their own."""
    job = {"source": str(source), "output": str(output), "mode": mode, "edits": list(edits)}
    return ran([sys.executable, "-m", "tests.bench._redaction_run"], json.dumps(job))


def deface(program: Path, source: Path, output: Path) -> Ran:
    """The peer as its own documents say, with its defaults."""
    return ran([str(program), str(source), "--output", str(output)])


def installed() -> Path:
    """deface in an environment of its own, made once for each content of deface.txt; the path to run."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    home = Path(tempfile.gettempdir()) / "cache" / f"lethe-bench-deface-{digest}"
    program, whole = home / "bin" / "deface", home / ".whole"
    if not whole.exists():
        print("installing deface beside", flush=True)
        venv.create(home, clear=True, with_pip=True)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
        done = subprocess.run([*pip, "-r", str(REQUIREMENTS)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"deface cannot be installed: {done.stderr[-2000:]}")
        whole.touch()
    return program


def cut(source: Path, output: Path, frames: int, height: int) -> Path:
    """The first pictures of a clip as H.264 of that height, near to what it was."""
    with av.open(str(source), "r") as container, av.open(str(output), "w") as made:
        stream = container.streams.video[0]
        context = stream.codec_context
        width = round(context.width * height / context.height / 2) * 2
        rate = stream.average_rate or Fraction(10)
        target: Any = made.add_stream("libx264", rate=rate)
        target.width, target.height, target.pix_fmt = width, height, "yuv420p"
        target.options = {"crf": "18", "preset": "veryfast"}
        for number, frame in enumerate(container.decode(stream)):
            if number >= frames:
                break
            picture = frame.reformat(width, height, "yuv420p")
            picture.pts, picture.time_base = number, 1 / rate
            picture.pict_type = av.video.frame.PictureType.NONE
            made.mux(target.encode(picture))
        made.mux(target.encode(None))
    return output
