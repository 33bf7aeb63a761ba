"""The shape of the repository: a fixed top level, a README for each area, nothing half-done or foreign."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.house.files import ROOT, project_files, texts

TOP_LEVEL = {
    *("manage.py", "config", "cctv", "accesslog", "tests", "docs", ".ci"),
    *("requirements.txt", "Makefile", "pyproject.toml"),
    *("README.md", "LICENSE", "NOTICE", "CHANGELOG.md"),
    *(".gitignore", ".gitattributes"),
}
# Folders of cctv that are Django's, not areas.
NOT_AREAS = {"locale", "management", "migrations", "static", "templates", "templatetags"}

# Written in halves, so that this file does not find itself.
FOREIGN = re.compile(
    "|".join(
        ["python" + "hosted", "npm" + "js" + r"\.org", "pypi" + r"\.org", "/wo" + "rk/", "artifact" + "ory"]
    ),
    re.IGNORECASE,
)
UNFINISHED = re.compile(
    r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "coming" + " soon"]) + r")\b"
)


def areas() -> list[str]:
    """The areas of cctv."""
    folders = {path.parent for path in (ROOT / "cctv").glob("*/__init__.py")}
    return sorted(folder.name for folder in folders if folder.name not in NOT_AREAS)


def test_the_top_level_is_fixed() -> None:
    found = {name.partition("/")[0] for name in project_files()}
    assert found - TOP_LEVEL == set(), "new at the top level; it has its place further down"
    assert TOP_LEVEL - found == set(), "missing at the top level"


@pytest.mark.parametrize("folder", [*(f"cctv/{area}" for area in areas()), "accesslog", "config", "tests"])
def test_every_area_has_a_readme_of_substance(folder: str) -> None:
    readme = ROOT / folder / "README.md"
    assert readme.is_file(), (
        f"{folder}/README.md says purpose, non-goals, life cycle, invariants, failure modes"
    )
    assert len(readme.read_text().split()) >= 80


def test_every_area_stands_in_the_import_layers() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = " ".join(next(each for each in contracts if each["id"] == "areas")["layers"])
    assert set(areas()) <= set(re.findall(r"\w+", layers))


def test_nothing_is_half_done() -> None:
    found = [f"{name}: {match[0]}" for name, text in texts() for match in UNFINISHED.finditer(text)]
    assert not found


def test_no_registry_host_and_no_workplace_is_named() -> None:
    found = [f"{name}: {match[0]}" for name, text in texts() for match in FOREIGN.finditer(text)]
    assert not found


def test_no_research_footage_is_in_the_project() -> None:
    assert not [
        name for name in project_files() if re.search(r"(^|[/_-])pets(20\d\d)?([/_.-]|$)", name.lower())
    ]


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for name, text in texts((".md",)):
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            if not (ROOT / Path(name).parent / target).exists():
                broken.append(f"{name} -> {target}")
    assert not broken


@pytest.mark.parametrize("name", [name for name in project_files() if name.endswith("package-lock.json")])
def test_package_lock_has_hashes_and_no_host(name: str) -> None:
    packages = json.loads((ROOT / name).read_text())["packages"]
    for path, package in packages.items():
        if path:
            assert package.get("integrity", "").startswith("sha512-"), path
            assert "resolved" not in package, (
                f"{path} names a host: npm install --omit-lockfile-registry-resolved"
            )
