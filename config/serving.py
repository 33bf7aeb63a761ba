"""One command that runs Lethe: the web server, and in the embedded mode the worker and the beat with it.

Measured reasons for this shape (2 cores): cheroot streams bodies both ways without temporary files;
one process with threads keeps SQLite's writer lock short; a worker in the same process as threads
sees the in-memory queue, and media work runs in child processes that can be killed without the web
noticing.
"""

import logging
import resource
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from django.conf import settings
from django.urls import clear_url_caches, set_urlconf

from accesslog.publish import publisher
from cctv.core.leaving import leaving
from config.webserver import WebServer

log = logging.getLogger("lethe.serve")

ROLES = ("all", "web", "portal", "worker")
PORTAL_URLS = "config.portal_urls"
WORKER_THREADS = 4
OPEN_FILES = 4096
QUEUES = "default,media,purge"
# Remembers nothing and writes no file: every entry is safe to run again after a restart.
SCHEDULER = "celery.beat:Scheduler"


def run(*, host: str, port: int, role: str, ready: Callable[[str], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM.

    `role` is "all" (web, worker and beat in this process), "web", "portal" (the public pages of requests and
    nothing else), or "worker" (a Celery worker with beat, for installations with Redis). `ready` is called
    with the address once it answers.
    """
    _harden()
    _refuse_unfinished()
    if role == "worker":
        _run_worker()
        return
    if role == "portal":
        serve_portal_alone()
    server = web_server(host, port)
    stops: list[Callable[[], None]] = [] if role == "portal" else [publisher.start()]
    if role == "all":
        stops += [start_worker(), start_beat()]
    if role == "all":
        from cctv.ingest import watcher

        stops.append(watcher.start())
    _serve(server, stops, ready)


def serve_portal_alone() -> None:
    """From now on this process knows no address of the office."""
    settings.ROOT_URLCONF = PORTAL_URLS
    set_urlconf(None)
    clear_url_caches()


def web_server(host: str, port: int) -> WebServer:
    """The threaded HTTP server, bound but not yet serving. Port 0 takes a free one."""
    from config.wsgi import application

    server = WebServer(
        (host, port),
        application,
        threads=settings.LETHE_WEB_THREADS,
        working_per_peer=settings.LETHE_PEER_REQUESTS,
        behind_proxy=settings.LETHE_BEHIND_PROXY,
    )
    server.max_request_body_size = settings.LETHE_UPLOAD_MAX_BYTES
    server.prepare()
    return server


def start_worker() -> Callable[[], None]:
    """A Celery worker as threads of this process; returns what stops it."""
    from celery.worker import WorkController

    from config.celery import app

    app.set_current()
    app.set_default()
    app.loader.import_default_modules()
    worker = WorkController(
        app=app,
        hostname="lethe@embedded",
        pool_cls="threads",
        concurrency=WORKER_THREADS,
        queues=QUEUES,
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
        quiet=True,
    )
    thread = threading.Thread(target=worker.start, name="celery-worker", daemon=True)
    thread.start()

    def stop() -> None:
        worker.stop()
        thread.join(timeout=10)

    return stop


def start_beat() -> Callable[[], None]:
    """The beat as a thread of this process; returns what stops it."""
    from celery.beat import EmbeddedService

    from config.celery import app

    beat = EmbeddedService(app, thread=True, max_interval=1, scheduler_cls=SCHEDULER)
    beat.daemon = True
    beat.start()
    return beat.stop  # type: ignore[no-any-return]


def _run_worker() -> None:
    """A Celery worker of its own process (prefork), with beat and the folder watcher."""
    from cctv.ingest import watcher
    from config.celery import app

    stops = [watcher.start(), publisher.start()]
    try:
        app.worker_main(["worker", "-B", "-Q", QUEUES, "--loglevel", "WARNING", "--scheduler", SCHEDULER])
    finally:
        for stop in stops:
            _quietly(stop)


def _refuse_unfinished() -> None:
    """RestoreUnfinished: a register that was put back must be told what has ended since, before it serves."""
    from cctv.retention.backup.selectors import refuse_unfinished_restore

    refuse_unfinished_restore()


def _harden() -> None:
    """No core dumps: they would hold keys and clear frames. And a file descriptor for every connection."""
    from cctv.vault import hygiene

    hygiene.harden_process()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < OPEN_FILES and (hard == resource.RLIM_INFINITY or hard > soft):
        most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _serve(server: WebServer, stops: list[Callable[[], None]], ready: Callable[[str], None] | None) -> None:
    """Serve in a thread and wait for a signal in the main one, so that stopping is orderly."""
    ended = threading.Event()

    def finish(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, finish)
    web = threading.Thread(target=server.serve, name="web", daemon=True)
    web.start()
    host, port = server.bind_addr[:2]
    address = f"http://{host}:{port}"
    log.info("listening on %s", address)
    if ready:
        ready(address)
    while not ended.wait(1.0) and web.is_alive():
        pass
    started = time.monotonic()
    leaving.set()
    server.stop()
    for stop in reversed(stops):
        _quietly(stop)
    log.info("stopped in %.1f s", time.monotonic() - started)


def _quietly(stop: Callable[[], Any]) -> None:
    """A part that will not stop must not keep the others from stopping."""
    try:
        stop()
    except Exception:
        log.exception("a part did not stop in order")
