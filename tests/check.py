"""`make check`: every static check, each run to its end, with one summary."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

CHECKS: dict[str, list[str]] = {
    "ruff check": [str(BIN / "ruff"), "check", "."],
    "ruff format": [str(BIN / "ruff"), "format", "--check", "."],
    "mypy": [str(BIN / "mypy")],
    "import layers": [str(BIN / "lint-imports"), "--no-cache"],
    "migrations": [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
    "system checks": [sys.executable, "manage.py", "check"],
}


def main() -> int:
    """Run all checks; 0 when every one of them passed."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    failed = []
    for name, command in CHECKS.items():
        started = time.monotonic()
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        print(
            f"--- {name}: {'ok' if code == 0 else 'FAILED'} ({time.monotonic() - started:.1f} s)", flush=True
        )
        if code:
            failed.append(name)
    print(f"check: {'failed: ' + ', '.join(failed) if failed else 'everything is clean'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
