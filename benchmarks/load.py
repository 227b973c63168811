"""The load: `python -m benchmarks.load` sends one request again and again over a few kept connections.

A process of its own, one thread, plain sockets, no HTTP library: what it costs is stated in its answer, and small
beside what it measures. It reads a `Job` as JSON from standard input and prints an `Outcome`. Every response is checked
for its status and for how many objects it holds: counted, unless it is the same to the byte as one that was.
"""

from __future__ import annotations

import dataclasses
import json
import selectors
import socket
import sys
import time
from dataclasses import dataclass

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"
BUFFER_BYTES = 1 << 20
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Job:
    """What to send where, for how long, and how often `marker` must occur in every response."""

    host: str
    port: int
    request: str
    marker: str
    objects: int
    connections: int
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """Responses within the time, each one's milliseconds, and the processor time that this process took."""

    requests: int
    seconds: float
    milliseconds: list[float]
    own_cpu_seconds: float


class WrongResponse(Exception):
    """A response was not what it should be: nothing measured with it is worth anything."""


class Connection:
    """One kept connection with one request under way."""

    def __init__(self, job: Job) -> None:
        self.socket = socket.create_connection((job.host, job.port), timeout=PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request, self._marker, self._objects = job.request.encode(), job.marker.encode(), job.objects
        self._buffer = bytearray(BUFFER_BYTES)
        self._filled = self._end = self._body = 0
        self._right = b""
        self._sent = 0.0
        self.body_bytes = 0

    def send(self) -> None:
        """Sends the request; its answer will be the next thing read."""
        self._filled = self._end = 0
        self._sent = time.perf_counter()
        self.socket.sendall(self._request)

    def read(self) -> float | None:
        """Reads what has come. Answers the seconds it took once the response is whole and right, None before."""
        with memoryview(self._buffer) as view:
            count = self.socket.recv_into(view[self._filled :])
        if not count:
            raise WrongResponse("The server closed the connection.")
        self._filled += count
        if not self._end:
            self._read_head()
        if not self._end or self._filled < self._end:
            return None
        took = time.perf_counter() - self._sent
        self._check()
        return took

    def _check(self) -> None:
        if self.body_bytes == len(self._right) and self._buffer.startswith(self._right, self._body):
            return
        found = self._buffer.count(self._marker, self._body, self._end)
        if found != self._objects or not self._buffer.startswith(b"HTTP/1.1 200 "):
            start = bytes(self._buffer[: min(self._filled, 600)]).decode(errors="replace")
            raise WrongResponse(f"A response holds {found} objects instead of {self._objects}:\n{start}")
        self._right = bytes(self._buffer[self._body : self._end])

    def _read_head(self) -> None:
        """Finds out how long the response is, once its head is there."""
        end = self._buffer.find(END_OF_HEAD, 0, self._filled)
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        length = head.partition(LENGTH)[2].partition(b"\r\n")[0]
        if not length:
            raise WrongResponse(f"A response does not say its length:\n{head.decode(errors='replace')}")
        self._body, self.body_bytes = end + len(END_OF_HEAD), int(length)
        self._end = self._body + self.body_bytes
        if self._end > len(self._buffer):
            self._buffer.extend(bytes(self._end - len(self._buffer)))


def run(job: Job) -> Outcome:
    """Keeps every connection busy for so many seconds, slow servers until each could answer; or `WrongResponse`."""
    connections = [Connection(job) for _ in range(job.connections)]
    times: list[float] = []
    cpu_before, started = time.process_time(), time.perf_counter()
    deadline = started + job.seconds
    with selectors.DefaultSelector() as selector:
        for each in connections:
            selector.register(each.socket, selectors.EVENT_READ, each)
            each.send()
        while time.perf_counter() < deadline or len(times) < job.connections:
            ready = selector.select(PATIENCE_SECONDS)
            if not ready:
                raise WrongResponse(f"Nothing came for {PATIENCE_SECONDS:.0f} seconds.")
            for key, _ in ready:
                took = key.data.read()
                if took is not None:
                    times.append(took * 1000)
                    key.data.send()
        seconds = time.perf_counter() - started
    for each in connections:
        each.socket.close()
    return Outcome(len(times), seconds, times, time.process_time() - cpu_before)


def main() -> None:
    """A job in, an outcome out."""
    outcome = run(Job(**json.load(sys.stdin)))
    json.dump(dataclasses.asdict(outcome), sys.stdout)


if __name__ == "__main__":
    main()
