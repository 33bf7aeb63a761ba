"""The virus scanner that the installation names (LETHE_SCAN_COMMAND): it reads a picture from its input.

Exit code 0 is clean, 1 is refused, and anything else, or no answer in time, is no answer: then nothing is
taken. The picture goes through a pipe: there is no file.
"""

import logging
import os
import shlex
import subprocess

from django.conf import settings

from cctv.subjects.identity.errors import ScanDown, ScanRefused

log = logging.getLogger("lethe.subjects")

CLEAN = "clean"
_REFUSED = 1
# The scanner is not told this process's own settings.
_PASSED_ON = ("PATH", "LANG", "HOME", "TMPDIR")


def is_set() -> bool:
    """Whether the installation has a scanner."""
    return bool(settings.LETHE_SCAN_COMMAND.strip())


def scan(data: bytes | bytearray) -> None:
    """Have it looked at, if there is a scanner. ScanRefused, ScanDown."""
    if not is_set():
        return
    try:
        done = subprocess.run(
            shlex.split(settings.LETHE_SCAN_COMMAND), input=data, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, check=False, timeout=settings.LETHE_SCAN_SECONDS,
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        )  # fmt: skip
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        log.error("the virus scanner gave no answer: %s", type(error).__name__)
        raise ScanDown from error
    if done.returncode == _REFUSED:
        raise ScanRefused
    if done.returncode != 0:
        log.error("the virus scanner ended with code %s", done.returncode)
        raise ScanDown
