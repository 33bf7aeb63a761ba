"""`manage.py demo`: make the demonstration in LETHE_HOME, serve it, and say where."""

from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from rich.console import Console
from rich.table import Table

from cctv.core import clock
from cctv.people.models import Account
from cctv.sites.models import Organisation
from cctv.vault import services as vault
from config import serving
from config.demo import asking, feeder, footage, papers, register
from config.demo.plan import PASSWORD, PEOPLE

MARKER = "demo-installation"
# The register is older than the footage that stands on it.
AGE = timedelta(days=12)


class NotADemo(CommandError):
    """LETHE_HOME holds an installation that is not a demonstration."""


def run(*, host: str, port: int, output: TextIO) -> None:
    """Prepare (once) and serve until stopped."""
    console = Console(file=output)
    prepare(console)
    folders = register.live_folders()
    stop = feeder.start(folders)
    try:
        role = "all" if settings.LETHE_EMBEDDED else "web"
        serving.run(host=host, port=port, role=role, ready=lambda address: _welcome(console, address))
    finally:
        stop()


def prepare(console: Console) -> None:
    """Databases, keys, storage, register, people and footage; nothing is done twice."""
    home: Path = settings.LETHE_HOME
    if (home / MARKER).exists():
        _migrate()
        console.print(f"Using the demonstration in {home}")
        return
    _refuse(
        any(_holds_something(folder) for folder in (settings.LETHE_KEYS_ROOT, settings.LETHE_FOOTAGE_ROOT))
    )
    home.mkdir(parents=True, exist_ok=True)
    console.print(f"Making a demonstration in {home}")
    _migrate()
    # The databases may lie elsewhere: a real register must never get accounts with published passwords.
    _refuse(Organisation.objects.exists() or Account.objects.exists() or vault.is_initialised())
    vault.initialise()
    with clock.pretend(clock.now() - AGE):
        register.create()
    register.watch_folders()
    footage.create(console)
    papers.create()
    asking.create(home)
    (home / MARKER).write_text("This installation shows its accounts on the sign-in page.\n")
    settings.LETHE_DEMO = True


def _refuse(is_real: bool) -> None:
    if is_real:
        raise NotADemo(
            "This is an installation that is not a demonstration; nothing was changed. "
            "Set LETHE_HOME to an empty folder and unset the other LETHE_ variables."
        )


def _holds_something(folder: Any) -> bool:
    path = Path(str(folder))
    return path.is_dir() and any(path.iterdir())


def _migrate() -> None:
    for alias in settings.DATABASES:
        call_command("migrate", database=alias, interactive=False, verbosity=0)


def _welcome(console: Console, address: str) -> None:
    table = Table(title=f"Lethe is up: {address}", title_justify="left")
    for heading in ("role", "e-mail", "name"):
        table.add_column(heading)
    for person in PEOPLE:
        site = f" ({person.site})" if person.site else ""
        table.add_row(person.role.replace("_", " ") + site, person.email, person.name)
    console.print(table)
    console.print(f"Password of all of them: {PASSWORD}")
    console.print(f"The public portal, for people who were filmed: {address}/portal/")
    reference, secret = asking.receipt(settings.LETHE_HOME)
    if reference:
        console.print(
            f"One of them has asked for a copy. Reference {reference}, secret {secret}", soft_wrap=True
        )
    console.print("Some footage has already expired; watch it being destroyed on the retention page.")
    console.print("Stop with Ctrl-C.")
