"""A process that appends until it is done, or killed; its arguments are THREADS COUNT SEED.

It prints `event_id index` of each entry once that is acknowledged. The environment names the databases.
"""

import os
import sys
import threading
from contextlib import suppress
from uuid import UUID

import django


def main() -> None:
    """Append COUNT entries from each of THREADS threads."""
    threads, count, seed = (int(word) for word in sys.argv[1:4])
    django.setup()
    from accesslog import services
    from accesslog.errors import LogUnavailable
    from tests.accesslog.cast import COVERED, covered, index_of, random_uuid

    lock = threading.Lock()

    def work(thread: int) -> None:
        for n in range(count):
            event_id: UUID = random_uuid(seed * 1_000_000 + thread * 10_000 + n)
            receipt = None
            while receipt is None:
                with suppress(LogUnavailable):  # as a person would: try again
                    receipt = services.append(
                        kind=COVERED, body=covered(minute=n), index=[index_of(minute=n)], event_id=event_id
                    )
            with lock:
                os.write(1, f"{event_id} {receipt.index}\n".encode())

    workers = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
