"""The few requests to OpenBao that a root needs: a thin client for its transit engine.

Times are short and failures are told apart: what the server refuses (400), what it does not have
(404), and all else, which proves nothing and is `RootUnavailable`.
"""

import base64
import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from cctv.vault.roots import forks
from cctv.vault.roots.errors import RootGone, RootSettings, RootUnavailable

CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 4.0
ATTEMPTS = 2  # after the first
_TRY_AGAIN = (412, 429, 502, 503, 504)
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Refused(Exception):
    """The server understood and said no (400)."""


@dataclass(frozen=True, slots=True)
class BaoSettings:
    """Where OpenBao is and who we are there: a token, a file with one, or an AppRole."""

    url: str
    token: str = ""
    token_file: str = ""
    role_id: str = ""
    secret_id_file: str = ""
    ca: str = ""
    mount: str = "transit"
    namespace: str = ""
    key_prefix: str = "lethe"

    def __repr__(self) -> str:
        """Never the token."""
        return f"<BaoSettings {self.url} {self.mount}>"

    def check(self) -> None:
        """RootSettings unless these can be used safely."""
        where = urlsplit(self.url)
        if where.scheme not in ("http", "https") or not where.hostname:
            raise RootSettings(f"{RootSettings.message} (LETHE_OPENBAO_URL)")
        if where.scheme == "http" and where.hostname not in _LOOPBACK:
            raise RootSettings(f"{RootSettings.message} (LETHE_OPENBAO_URL: https)")
        if not (self.token or self.token_file or (self.role_id and self.secret_id_file)):
            raise RootSettings(f"{RootSettings.message} (LETHE_OPENBAO_TOKEN_FILE)")


@dataclass(frozen=True, slots=True)
class TransitKey:
    """Which versions of a transit key there are."""

    latest: int
    min_available: int
    min_decryption: int
    versions: frozenset[int]

    def has_older_than(self, version: int) -> bool:
        """Whether the server still has or would still open anything before `version`."""
        return self.min_available < version or self.min_decryption < version or min(self.versions) < version

    def refuses(self, version: int) -> bool:
        """Whether the server opens nothing of `version` because later ones have taken its place."""
        return version < max(self.min_available, self.min_decryption)


class Bao:
    """A client for one server. Threads share it, forked children do not."""

    def __init__(self, settings: BaoSettings) -> None:
        """Connects at the first request."""
        settings.check()
        self.settings = settings
        self.forked()
        forks.watch(self)

    def forked(self) -> None:
        """A child shares no connection and no login with its parent."""
        self._lock = threading.Lock()
        self._login: tuple[str, float] | None = None  # token, when to renew it (monotonic)
        retries = urllib3.Retry(
            total=ATTEMPTS,
            backoff_factor=0.1,
            status_forcelist=_TRY_AGAIN,
            allowed_methods=None,  # all of these requests may be repeated
            redirect=0,  # would carry the token to another server
            raise_on_redirect=False,
            raise_on_status=False,
        )
        self._http = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S),
            retries=retries,
            cert_reqs="CERT_REQUIRED",
            ca_certs=self.settings.ca or None,
            maxsize=4,
        )

    # Transit

    def create(self, key: str) -> None:
        """Make a key that can be neither exported nor backed up in clear; an existing one stays as it is."""
        self._ask("POST", self._key(key), {"type": "aes256-gcm96", "exportable": False})

    def describe(self, key: str) -> TransitKey:
        """Its versions. RootGone without such a key."""
        data = self._ask("GET", self._key(key))
        versions = frozenset(int(version) for version in data["keys"])
        return TransitKey(
            data["latest_version"], data["min_available_version"], data["min_decryption_version"], versions
        )

    def rotate(self, key: str) -> int:
        """Add a version; returns a number that is greater than all there were before."""
        self._ask("POST", f"{self._key(key)}/rotate", {})
        return self.describe(key).latest

    def encrypt(self, key: str, version: int, plaintext: bytes, context: bytes) -> str:
        """Seal under exactly that version."""
        body = {
            "plaintext": _b64(plaintext),
            "associated_data": _b64(context),
            "key_version": version,
        }
        ciphertext = str(self._ask("POST", f"{self.settings.mount}/encrypt/{key}", body)["ciphertext"])
        if version_of(ciphertext) != version:
            raise RootUnavailable(f"{RootUnavailable.message} ({key}: version {ciphertext[:12]})")
        return ciphertext

    def decrypt(self, key: str, ciphertext: str, context: bytes) -> bytes:
        """Open; Refused when the version is gone or anything was altered."""
        body = {"ciphertext": ciphertext, "associated_data": _b64(context)}
        return base64.b64decode(self._ask("POST", f"{self.settings.mount}/decrypt/{key}", body)["plaintext"])

    def raise_minimum(self, key: str, version: int) -> None:
        """Open and seal under `version` and later only. Refused when a later one is the minimum already."""
        body = {"min_decryption_version": version, "min_encryption_version": version}
        self._ask("POST", f"{self._key(key)}/config", body)

    def trim(self, key: str, version: int) -> None:
        """Delete all before `version` for good."""
        self._ask("POST", f"{self._key(key)}/trim", {"min_available_version": version})

    # Inside

    def _key(self, key: str) -> str:
        return f"{self.settings.mount}/keys/{key}"

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        status, data = self._send(method, path, body, self._token())
        if status == 403:  # an agent may have put a new token into the file, a login may have ended
            self._login = None
            status, data = self._send(method, path, body, self._token())
        if status == 400:
            raise Refused(_errors(data))
        if status == 404:
            raise RootGone(f"{RootGone.message} ({path})")
        if status not in (200, 204):
            raise RootUnavailable(f"{RootUnavailable.message} ({status} {_errors(data)})".rstrip())
        answer: dict[str, Any] = data.get("data") or {}
        return answer

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, token: str
    ) -> tuple[int, dict[str, Any]]:
        headers = {"X-Vault-Request": "true"}
        if token:
            headers["X-Vault-Token"] = token
        if self.settings.namespace:
            headers["X-Vault-Namespace"] = self.settings.namespace
        try:
            answer = self._http.request(
                method,
                f"{self.settings.url.rstrip('/')}/v1/{path}",
                headers=headers,
                body=None if body is None else json.dumps(body).encode(),
            )
            data = json.loads(answer.data) if answer.data else {}
        except (HTTPError, OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise RootUnavailable(f"{RootUnavailable.message} ({type(reason).__name__})") from error
        return answer.status, data if isinstance(data, dict) else {}

    def _token(self) -> str:
        with self._lock:
            if self._login is None:
                self._login = self._log_in()
            token, renew_at = self._login
            if time.monotonic() >= renew_at:
                self._login = token, self._renew(token)
            return token

    def _log_in(self) -> tuple[str, float]:
        settings = self.settings
        if settings.role_id and settings.secret_id_file:
            body = {"role_id": settings.role_id, "secret_id": _read(settings.secret_id_file)}
            status, data = self._send("POST", "auth/approle/login", body, "")
            if status != 200:
                raise RootUnavailable(f"{RootUnavailable.message} (AppRole: {status} {_errors(data)})")
            return str(data["auth"]["client_token"]), _half_way(data["auth"]["lease_duration"])
        token = settings.token or _read(settings.token_file)
        return token, time.monotonic()  # how long it lasts is not known: ask at the first use

    def _renew(self, token: str) -> float:
        """Ask for more time; when to ask again. One that cannot be renewed is used until it ends."""
        status, data = self._send("POST", "auth/token/renew-self", {}, token)
        return _half_way(data["auth"]["lease_duration"]) if status == 200 else _half_way(600)


def version_of(ciphertext: str) -> int:
    """The version of the transit key that sealed it; 0 if it is no such text."""
    parts = ciphertext.split(":")
    return int(parts[1][1:]) if len(parts) == 3 and parts[1][1:].isdigit() else 0


def _half_way(seconds: float) -> float:
    return time.monotonic() + (seconds / 2 if seconds else 3600.0)


def _errors(data: dict[str, Any]) -> str:
    return "; ".join(str(error) for error in data.get("errors") or ())[:200]


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise RootSettings(f"{RootSettings.message} ({path}: {error.strerror})") from error


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
