"""Make an installation ready for its first sign-in; run again, it mends what is missing and says so."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from accesslog.errors import AccessLogError
from cctv.core.errors import LetheError
from cctv.people import services as people
from cctv.people.models import Account, Role, RoleGrant
from cctv.sites import services as register
from cctv.sites.models import Organisation
from cctv.vault import services as vault


class Command(BaseCommand):
    """Databases, keys, storage, organisation, and the people that everything else begins with."""

    help = (
        "Make the databases, the keys and the storage, and the organisation with its first administrator. "
        "Safe to run again, also after an update."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who the installation is for."""
        parser.add_argument("--organisation", metavar="NAME", help="the controller, as notices name it")
        parser.add_argument("--public-body", action="store_true", help="the organisation is a public body")
        parser.add_argument("--contact", default="", help="public contact of the organisation")
        parser.add_argument("--admin-email", metavar="ADDRESS", help="the first administrator")
        parser.add_argument("--admin-name", metavar="NAME")
        parser.add_argument("--admin-employer", metavar="NAME", help="default: the organisation")
        parser.add_argument("--privacy-email", metavar="ADDRESS", help="the privacy officer, if there is one")
        parser.add_argument("--privacy-name", metavar="NAME")
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="read the administrator's password from the first line of the input and the privacy "
            "officer's from the second, instead of making temporary ones",
        )

        parser.add_argument(
            "--new-password",
            metavar="ADDRESS",
            help="only set a temporary password for this account: the way back in for the last administrator",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Step by step; each says what it found or made."""
        try:
            self._prepare()
            if options["new_password"]:
                self._new_password(options["new_password"])
                return
            organisation = self._organisation(options)
            self._person(options, organisation, Role.ADMINISTRATOR, "admin")
            if options["privacy_email"]:
                self._person(options, organisation, Role.PRIVACY_OFFICER, "privacy")
        except (LetheError, AccessLogError) as error:
            raise CommandError(f"{error.message} {error.hint}".strip()) from error
        self.stdout.write(self.style.SUCCESS("Lethe is ready. Start it with: manage.py serve"))

    def _prepare(self) -> None:
        for alias in settings.DATABASES:
            call_command("migrate", database=alias, interactive=False, verbosity=0)
            self._say(f"database “{alias}” is up to date")
        known = vault.is_initialised()
        vault.initialise()
        self._say("keys and storage are there" if known else "keys and storage are made")

    def _organisation(self, options: dict[str, Any]) -> Organisation:
        existing = Organisation.objects.first()
        if existing is not None:
            self._say(f"organisation: {existing.name}")
            return existing
        name = options["organisation"] or self._ask("Name of the organisation", "--organisation")
        made = register.create_organisation(
            name=name, is_public_body=options["public_body"], contact=options["contact"]
        )
        self._say(f"organisation {made.name} is registered")
        return made

    def _person(self, options: dict[str, Any], organisation: Organisation, role: Role, who: str) -> None:
        """Somebody who holds the role everywhere: who does already, or a new account."""
        holder = RoleGrant.objects.in_force().filter(role=role, site=None, account__is_active=True).first()
        email = options[f"{who}_email"]
        if holder is not None and (not email or holder.account.email == email.lower()):
            self._say(f"{role.label}: {holder.account.email}")
            return
        email = email or self._ask(f"E-mail address of the {role.label.lower()}", f"--{who}-email")
        account = Account.objects.filter(email=email.strip().lower()).first()
        if account is None:
            account = self._account(options, organisation, role, who, email)
        if not RoleGrant.objects.in_force().filter(account=account, role=role, site=None).exists():
            people.grant_role(actor=None, account=account, role=role)
            self._say(f"{role.label}: {account.email}")

    def _account(
        self, options: dict[str, Any], organisation: Organisation, role: Role, who: str, email: str
    ) -> Account:
        name = options[f"{who}_name"] or self._ask(f"Name of the {role.label.lower()}", f"--{who}-name")
        given = sys.stdin.readline().rstrip("\n") if options["password_stdin"] else ""
        if options["password_stdin"] and not given:
            raise CommandError(f"The input holds no password for the {role.label.lower()}.")
        password = given or people.new_password()
        account = people.create_account(
            actor=None,
            email=email,
            name=name,
            employer=(options.get(f"{who}_employer") or organisation.name),
            password=password,
            password_is_temporary=not given,
        )
        if not given:
            self._show(account, password)
        return account

    def _new_password(self, email: str) -> None:
        account = Account.objects.filter(email=email.strip().lower()).first()
        if account is None:
            raise CommandError(f"There is no account with the address {email}.")
        self._show(account, people.reset_password(actor=None, account=account))

    def _show(self, account: Account, password: str) -> None:
        self.stdout.write("")
        self.stdout.write(f"  Temporary password of {account.email}: {password}")
        self.stdout.write("  It is shown this once, and has to be replaced at the next sign-in.")
        self.stdout.write("")

    def _ask(self, question: str, option: str) -> str:
        """Ask on a terminal; elsewhere say which option is missing."""
        answer = input(f"{question}: ").strip() if sys.stdin.isatty() else ""
        if not answer:
            raise CommandError(f"{question}? Give it with {option}.")
        return answer

    def _say(self, text: str) -> None:
        self.stdout.write(f"- {text}")
