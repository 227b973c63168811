"""A worker that sends, as a program of its own, for killing: `python -m tests.webhooks.hands URL`."""

from __future__ import annotations

import signal
import sys
import threading

from tests.webhooks.senders import sending


def main(url: str) -> None:
    """Sends until SIGTERM."""
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    with sending(url):
        told.wait()


if __name__ == "__main__":
    main(sys.argv[1])
