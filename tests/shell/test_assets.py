"""The built front-end libraries are the locked ones, unchanged; checked without Node or network."""

import hashlib
import json
import re
from typing import Any

import pytest

from config import shell
from tests.shell.pages import ROOT, STATIC

ASSETS = ROOT / "config" / "assets"
VENDOR = STATIC / "vendor"


def load(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((ASSETS / name).read_text())
    return content


MANIFEST, LOCK, PACKAGE = load("manifest.json"), load("package-lock.json"), load("package.json")
FILES = [(name, path) for name, entry in MANIFEST["packages"].items() for path in entry["files"]]


def test_exact_versions_are_asked_for_and_all_of_them_are_built() -> None:
    assert set(PACKAGE["dependencies"]) == set(MANIFEST["packages"])
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in PACKAGE["dependencies"].values())


def test_the_lockfile_names_no_registry_and_has_an_integrity_for_each_package() -> None:
    packages = {name: entry for name, entry in LOCK["packages"].items() if name}
    assert not any("resolved" in entry for entry in packages.values())
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())


@pytest.mark.parametrize("name", MANIFEST["packages"])
def test_the_built_version_is_the_locked_one(name: str) -> None:
    locked, built = LOCK["packages"][f"node_modules/{name}"], MANIFEST["packages"][name]
    assert (built["version"], built["integrity"]) == (locked["version"], locked["integrity"])
    assert PACKAGE["dependencies"][name] == locked["version"]


@pytest.mark.parametrize(("name", "path"), FILES)
def test_the_built_file_is_the_recorded_one(name: str, path: str) -> None:
    version = MANIFEST["packages"][name]["version"]
    assert path.split("/")[0].endswith(f"-{version}")
    assert (
        hashlib.sha256((VENDOR / path).read_bytes()).hexdigest() == MANIFEST["packages"][name]["files"][path]
    )


def test_nothing_else_lies_among_the_built_files() -> None:
    there = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    assert there == {path for _name, path in FILES}


@pytest.mark.parametrize("name", MANIFEST["packages"])
def test_each_library_comes_with_its_licence(name: str) -> None:
    assert any(path.endswith("/LICENSE") for path in MANIFEST["packages"][name]["files"])


def test_pages_point_at_the_built_versions() -> None:
    assert (VENDOR / f"htmx-{shell.VERSIONS['htmx.org']}" / "htmx.min.js").exists()
