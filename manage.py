#!/usr/bin/env python
"""Lethe's command line: `manage.py serve`, `demo`, `ingest`, `log verify`, `doctor` and Django's own."""

import gc
import os
import sys


def main() -> None:
    """Run one management command."""
    gc.disable()  # until what is loaded is loaded (cctv.apps): a third of what a start costs
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
