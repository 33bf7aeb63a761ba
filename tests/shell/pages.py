"""Every template and static file of the project, for the tests that scan them."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "config" / "static"
TEMPLATE_FOLDERS = [
    ROOT / "config" / "templates",
    ROOT / "cctv" / "templates",
    ROOT / "accesslog" / "templates",
]
TEMPLATES = {
    path.relative_to(folder).as_posix(): path
    for folder in TEMPLATE_FOLDERS
    for path in sorted(folder.rglob("*.html"))
}
OWN_STATIC = sorted(path for path in STATIC.rglob("*.*") if "vendor" not in path.parts)
