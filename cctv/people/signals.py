"""Sign-ins, failed ones and sign-outs become entries of the access log.

Nobody is signed in without an entry; signing out always works, because a forgotten session is the
greater danger.
"""

import logging
from typing import Any

from allauth.account.signals import user_logged_in
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.http import HttpRequest

from accesslog import IndexFields
from accesslog.errors import LogUnavailable
from accesslog.services import append
from cctv.people import refused
from cctv.people.actors import terminal_of
from cctv.people.models import Account

log = logging.getLogger("lethe.people")
NOBODY = {"id": "", "name": "?", "employer": "", "role": ""}


def connect() -> None:
    """Listen, once."""
    user_logged_in.connect(_signed_in, dispatch_uid="lethe.signed_in")
    user_login_failed.connect(_sign_in_failed, dispatch_uid="lethe.sign_in_failed")
    user_logged_out.connect(_signed_out, dispatch_uid="lethe.signed_out")


def _signed_in(request: HttpRequest, user: Account, **_: Any) -> None:
    try:
        _append("account.signed_in", request, user)
    except Exception:
        request.session.flush()
        raise


def _sign_in_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """Whom it was tried for, if there is such an account; never what was typed, which may be a password."""
    email = str(credentials.get("email") or credentials.get("username") or "").lower()
    _append("account.sign_in_failed", request, Account.objects.filter(email=email).first())


def locked_out(request: HttpRequest, email: str) -> None:
    """Too many failures: enter it once in a while. Nobody is let in either way, so a log that is down is told
    to the administrator only.
    """
    account = Account.objects.filter(email=email.lower()).first()
    key = (str(account.pk) if account else "", terminal_of(request), "account_login", "")
    if (repeated := refused.since_last(key)) is None:
        return
    try:
        _append("account.locked_out", request, account, **({"repeated": repeated} if repeated else {}))
    except LogUnavailable as error:
        refused.forget(key)
        log.warning("a lock-out was not logged: %s", error)


def _signed_out(request: HttpRequest | None, user: Any, **_: Any) -> None:
    if not isinstance(user, Account):
        return
    try:
        _append("account.signed_out", request, user)
    except LogUnavailable as error:
        log.warning("a sign-out was not logged: %s", error)


def _append(kind: str, request: HttpRequest | None, account: Account | None, **more: int) -> None:
    terminal = (terminal_of(request) if request else "") or "?"
    known = (
        {} if account is None else {"id": str(account.pk), "name": account.name, "employer": account.employer}
    )
    who = NOBODY | known
    fields = IndexFields(actor=str(account.pk) if account else "", terminal=terminal)
    append(kind=kind, body={"actor": who, "terminal": terminal, **more}, index=[fields])
