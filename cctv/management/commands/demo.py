"""`manage.py demo`: two sites with real footage, ready to click through; `--check` tries every promise."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string


class Command(BaseCommand):
    """The demonstration."""

    help = "Make a demonstration in LETHE_HOME and serve it on 127.0.0.1:8000 (PORT)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to serve; or only check."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument(
            "--check",
            action="store_true",
            help="on a fresh home, without a browser: try each promise and report",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve, or check and exit non-zero if a promise failed."""
        if options["check"]:
            ok = import_string(settings.LETHE_DEMO_CHECK)(output=self.stdout)
            sys.exit(0 if ok else 1)
        import_string(settings.LETHE_DEMO_RUN)(host=options["host"], port=options["port"], output=self.stdout)
