"""The access log stands alone: a project without cctv logs, searches, reviews and verifies with it."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_another_project_logs_searches_reviews_and_verifies(tmp_path: Path) -> None:
    paths = os.pathsep.join([str(Path(__file__).parent), str(ROOT)])
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("LETHE_", "DJANGO_"))
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "clinic.story"], cwd=tmp_path, capture_output=True, text=True,
        timeout=60, env={**environment, "CLINIC_HOME": str(tmp_path), "PYTHONPATH": paths},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    verified = said.pop("verified")
    assert said == {
        "stranger": 404, "search": True, "entry": 200, "flags": 1, "overview": True, "rules": 200,
        "begun": 302, "month": True, "signing": 200, "signed": 302, "state": "stands", "foreign": [],
    }  # fmt: skip
    assert "entries" in verified
