"""Tools that we did not write: `make test-deps` installs them into .venv/outside (tests/outside.txt).

Run as a module it builds the verifier in Go; the program is kept under the hash of its source.
"""

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
OUTSIDE = ROOT / ".venv" / "outside"
_GO = OUTSIDE / "go"
_VENDORED = "src/cmd/vendor/golang.org/x/mod/sumdb"
_MODULE = """module verify

go 1.24

require golang.org/x/mod v0.0.0
replace golang.org/x/mod => ./mod
"""


def python(*arguments: object) -> list[str]:
    """The command of an installed Python tool, for instance python("-m", "aics_tlog", ...)."""
    return [sys.executable, *map(str, arguments)]


def environment() -> dict[str, str]:
    """The environment in which the installed Python tools are found, and Lethe is not."""
    return {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(OUTSIDE), "PYTHONWARNINGS": "ignore"}


@functools.cache
def go_verifier() -> Path:
    """The program of go/main.go, built when its source is new. Raises FileNotFoundError without a Go."""
    source = HERE / "go" / "main.go"
    name = f"verify-{sha256(source.read_bytes()).hexdigest()[:12]}"
    program = OUTSIDE / "built" / name
    if program.exists():
        return program
    if not (_GO / "bin" / "go").exists():
        raise FileNotFoundError(f"{_GO} is not there: make test-deps installs it")
    program.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lethe-go-") as name:
        _build(source, Path(name), program)
    return program


def _build(source: Path, folder: Path, program: Path) -> None:
    """Build without a network: the library is the copy that Go carries for its own `go mod`."""
    shutil.copy(source, folder / "main.go")
    (folder / "go.mod").write_text(_MODULE)
    for part in ("note", "tlog"):
        shutil.copytree(_GO / _VENDORED / part, folder / "mod" / "sumdb" / part)
    (folder / "mod" / "go.mod").write_text("module golang.org/x/mod\n\ngo 1.24\n")
    made = folder / "verify"
    settings = {
        "GOROOT": str(_GO), "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local",
        "GOTELEMETRY": "off", "CGO_ENABLED": "0", "GOCACHE": str(OUTSIDE / "built" / "cache"),
        "GOPATH": str(folder / "path"), "HOME": str(folder), "PATH": os.environ.get("PATH", ""),
    }  # fmt: skip
    subprocess.run(
        [str(_GO / "bin" / "go"), "build", "-trimpath", "-o", str(made), "."],
        cwd=folder, env=settings, check=True, timeout=300,
    )  # fmt: skip
    # Two test processes may build at the same time: the name appears with the whole program.
    beside = program.with_suffix(f".{os.getpid()}")
    shutil.copy(made, beside)
    os.replace(beside, program)


if __name__ == "__main__":
    go_verifier()
