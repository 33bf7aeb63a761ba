"""The lock files: exact versions, hashes, no host, in step with what was asked for."""

import re
from importlib.metadata import distributions
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

from tests.house.files import ROOT

LOCKS = {"requirements.txt": "config/requirements.in", "tests/requirements.txt": "tests/requirements.in"}


def pinned(lock: str) -> dict[str, tuple[str, int]]:
    """Package -> (version, number of hashes)."""
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found = {}
    for line in lines:
        match = re.match(r"([a-z0-9._-]+)==(\S+)(?: ;[^-]*)?((?:\s+--hash=sha256:[0-9a-f]{64})+)\s*$", line)
        assert match, f"{lock}: not an exact version with hashes: {line[:80]}"
        found[_name(match[1])] = (match[2], match[3].count("--hash"))
    return found


def asked_for(source: str) -> set[str]:
    """Names of the packages that a requirements.in asks for."""
    lines = (line.partition("#")[0].strip() for line in (ROOT / source).read_text().splitlines())
    return {_name(re.split(r"[\[<>=!~; ]", line)[0]) for line in lines if line and not line.startswith("-")}


def _name(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_with_hashes(lock: str) -> None:
    packages = pinned(lock)
    assert packages
    assert all(hashes >= 1 for _, hashes in packages.values())


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(
        r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host)\b", text, re.M
    )
    assert not re.search(r"\w+://|@ file:", text)


@pytest.mark.parametrize(("lock", "source"), LOCKS.items())
def test_a_lock_holds_what_was_asked_for(lock: str, source: str) -> None:
    assert asked_for(source) <= pinned(lock).keys()


def test_both_locks_agree() -> None:
    run, test = pinned("requirements.txt"), pinned("tests/requirements.txt")
    assert {
        name: (run[name][0], test[name][0]) for name in run.keys() & test.keys() if run[name] != test[name]
    } == {}


def test_running_and_plain_testing_need_only_requirements_txt() -> None:
    needed = {"django", "celery", "redis", "opencv-python", "django-storages", "pytest-django"}
    assert needed <= pinned("requirements.txt").keys()


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0", "3.13.0", "3.14.0"])
@pytest.mark.parametrize("processor", ["x86_64", "aarch64"])
def test_a_lock_made_here_is_whole_on_other_pythons(python: str, processor: str) -> None:
    """pip-compile resolves for its own interpreter; Debian 12's is older than most."""
    environment: dict[str, Any] = {**default_environment(), "platform_machine": processor, "extra": ""}
    environment |= {"python_full_version": python, "python_version": python.rpartition(".")[0]}
    running = pinned("requirements.txt")
    missing = {
        f"{_name(distribution.metadata['Name'])} needs {requirement}"
        for distribution in distributions()
        if _name(distribution.metadata["Name"]) in running
        for requirement in map(Requirement, distribution.requires or [])
        if _name(requirement.name) not in running
        and (requirement.marker is None or requirement.marker.evaluate(environment))
    }
    assert missing == set()
