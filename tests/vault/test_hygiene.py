"""Keys stay out of core dumps, and swap is reported."""

import subprocess
import sys

from cctv.vault import hygiene

CODE = """
import resource
from cctv.vault import hygiene
print(hygiene.is_hardened())
hygiene.harden_process()
hygiene.harden_process()
print(hygiene.is_hardened(), resource.getrlimit(resource.RLIMIT_CORE))
import subprocess, sys
print(subprocess.check_output([sys.executable, "-c",
    "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"]).decode().strip())
"""


def test_a_hardened_process_and_its_children_dump_no_core():
    out = subprocess.check_output([sys.executable, "-c", CODE], text=True).splitlines()
    assert out == ["False", "True (0, 0)", "(0, 0)"]


def test_active_swap_is_listed_and_compressed_memory_told_apart():
    table = (
        "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
        "/dev/sda3                               partition\t1000\t\t10\t\t-2\n"
        "/dev/zram0                              partition\t500\t\t0\t\t100\n"
    )
    disk, zram = hygiene.active_swap(table)
    assert (disk.device, disk.size_bytes, disk.used_bytes, disk.leaves_memory) == (
        "/dev/sda3",
        1000 * 1024,
        10 * 1024,
        True,
    )
    assert not zram.leaves_memory
    assert hygiene.active_swap("Filename Type Size Used Priority\n") == []
    assert isinstance(hygiene.active_swap(), list)
