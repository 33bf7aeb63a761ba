"""The files of the project: what git knows or would add."""

import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_UNTRACKED = {".git", ".venv", "var", "node_modules", "__pycache__"}


@cache
def project_files() -> tuple[str, ...]:
    """Paths relative to the root, ignored files left out; works in a checkout and in an unpacked archive."""
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        names: Iterable[str] = filter(None, listed.split("\0"))
    else:
        paths = (path.relative_to(ROOT) for path in ROOT.rglob("*"))
        names = (path.as_posix() for path in paths if not _UNTRACKED & set(path.parts))
    return tuple(sorted({name for name in names if (ROOT / name).is_file()}))


def python_files() -> list[str]:
    """Our Python modules, without migrations, which are written by a machine and never by hand."""
    return [name for name in project_files() if name.endswith(".py") and "/migrations/" not in name]


def texts(suffixes: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """(path, content) of every text file of the project; those of others (vendored) are left out."""
    for name in project_files():
        if suffixes and not name.endswith(suffixes):
            continue
        if "/vendor/" in name:
            continue
        try:
            yield name, (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
