"""The three verifiers, all asked the same: is this folder a whole log, grown from that checkpoint?"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from accesslog.outside import lethe_verify
from tests.accesslog.outside import tools
from tests.accesslog.outside.published import ORIGIN, VKEY

LETHE = Path(lethe_verify.__file__)
Verdict = tuple[bool, str]


def lethe(folder: Path, old: Path | None = None, key: str = VKEY) -> Verdict:
    """Our one file, alone: without the project, without any site packages but the interpreter's own."""
    kept = [] if old is None else ["--old", old]
    return alone("log", folder, "--key", key, *kept)


def alone(*arguments: object) -> Verdict:
    """Run the one file from outside the project (-I: no environment, no working directory)."""
    done = _run([sys.executable, "-I", LETHE, *arguments], cwd="/")
    return done.returncode == 0, done.stdout + done.stderr


def go(folder: Path, old: Path | None = None, key: str = VKEY) -> Verdict:
    """golang.org/x/mod/sumdb."""
    kept = [] if old is None else ["-old", old]
    done = _run([tools.go_verifier(), "-key", key, "-log", folder, *kept])
    return done.returncode == 0, done.stdout + done.stderr


def go_proof(path: Path, key: str = VKEY) -> Verdict:
    """The same of one tlog-proof."""
    done = _run([tools.go_verifier(), "-key", key, "-proof", path])
    return done.returncode == 0, done.stdout + done.stderr


def aics(folder: Path, old: Path | None = None, key: str = VKEY, *, index: int = 3) -> Verdict:
    """aics-tlog: growth if there is an older checkpoint, else that an entry is in the log."""
    vkey = folder.parent / f"{ORIGIN.replace('/', '-')}.vkey"
    vkey.write_text(key + "\n")
    what = ["verify-inclusion", "--index", index]
    if old is not None:
        what = ["verify-consistency", "--old-checkpoint", old]
    command = tools.python("-m", "aics_tlog", *what, "--tiles", folder, "--vkey-file", vkey)
    done = _run(command, env=tools.environment())
    said = json.loads(done.stdout or "{}")
    assert bool(said.get("ok")) == (done.returncode == 0), done.stderr
    return done.returncode == 0, str(said.get("error", "")) + done.stderr


ALL: dict[str, Callable[..., Verdict]] = {"lethe_verify.py": lethe, "Go": go, "aics-tlog": aics}


def _run(
    command: list[object] | list[str], *, cwd: str | None = None, env: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
