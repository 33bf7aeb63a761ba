"""`manage.py serve`: web, worker and beat in one command."""

import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string

from cctv.core.errors import LetheError
from cctv.retention.backup.selectors import refuse_unfinished_restore


class Command(BaseCommand):
    """Run Lethe until it is stopped."""

    help = "Run Lethe: the web server and, without REDIS_URL, the worker and the beat with it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Host, port, role."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument("--role", choices=("all", "web", "portal", "worker"), default=None)
        parser.add_argument("--no-migrate", action="store_true", help="leave the databases as they are")

    def handle(self, *args: Any, **options: Any) -> None:
        """Bring the databases up to date and serve; not while a restore is unfinished."""
        try:
            refuse_unfinished_restore()
        except LetheError as error:
            raise CommandError(str(error)) from error
        if not options["no_migrate"]:
            for alias in settings.DATABASES:
                call_command("migrate", database=alias, interactive=False, verbosity=0)
        role = options["role"] or ("all" if settings.LETHE_EMBEDDED else "web")
        import_string(settings.LETHE_SERVER)(
            host=options["host"],
            port=options["port"],
            role=role,
            ready=lambda address: self.stdout.write(f"Lethe is listening on {address}"),
        )
