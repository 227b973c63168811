"""Dramatiq's brokers: PostgreSQL itself, or Redis or RabbitMQ as carriers of wake-ups.

Whatever the broker, a job is done only by whoever claims its row. With PostgreSQL the consumers of Dramatiq claim rows
and hand them to its worker threads; with another broker a message says that something is due in a queue, and whoever
gets it claims what is most urgent there.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from dramatiq import Broker, Message, MessageProxy
from dramatiq.broker import Consumer

from resolvers.jobs import Claimed

# How many jobs a consumer claims at most in one statement.
_AT_ONCE = 32
_DRAINING_SECONDS = 0.05
_SILENCE_SECONDS = 10
# (queue, at most so many) -> jobs claimed; called in a thread.
Claim = Callable[[str, int], list[Claimed]]


class Slots:
    """How many jobs may be in hand at once: no more is claimed than can be begun."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._changed = threading.Condition()

    def take(self, most: int, timeout: float) -> int:
        """Takes at least one slot and up to so many, waiting for the first; answers how many, 0 if none got free."""
        with self._changed:
            self._changed.wait_for(lambda: self._free > 0, timeout)
            taken = max(0, min(most, self._free))
            self._free -= taken
            return taken

    def give(self, number: int = 1) -> None:
        """Gives slots back."""
        with self._changed:
            self._free += number
            self._changed.notify_all()


class PostgresBroker(Broker):
    """Feeds this process's worker threads with the jobs that it claims itself."""

    def __init__(self, claim: Claim, release: Callable[[str], None], slots: Slots, poll_seconds: float) -> None:
        super().__init__(middleware=[])
        self.claim, self.release, self.slots, self._poll_seconds = claim, release, slots, poll_seconds
        self.bells: dict[str, threading.Event] = {}
        self.is_draining = False

    def declare_queue(self, queue_name: str) -> None:
        """Makes a queue known. Delays live in the table of jobs, so there is no queue for them."""
        if queue_name not in self.queues:
            self.bells[queue_name] = threading.Event()
            self.queues[queue_name] = None
            self.emit_after("declare_queue", queue_name)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 1000) -> Consumer:
        """Whoever claims the jobs of a queue. How long it waits for the bell is ours to say."""
        return PostgresConsumer(self, queue_name, self._poll_seconds)

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Refused: a job is called for within a transaction, by `resolvers.jobs.enqueue`."""
        raise TypeError("A job is called for by resolvers.jobs.enqueue, with the change that needs it.")

    def drain(self) -> None:
        """Claims nothing from now on."""
        self.is_draining = True
        self.ring()

    def ring(self) -> None:
        """Has every consumer look at once."""
        for bell in self.bells.values():
            bell.set()


class PostgresConsumer(Consumer):
    """Claims the jobs of one queue, one batch after the other."""

    def __init__(self, broker: PostgresBroker, queue: str, timeout: float) -> None:
        self._broker, self._queue, self._timeout = broker, queue, timeout
        self._claimed: deque[Claimed] = deque()

    def __next__(self) -> MessageProxy | None:
        """The next job as a message; None when nothing is due, after having waited for the bell."""
        if self._broker.is_draining:
            time.sleep(_DRAINING_SECONDS)
        elif not self._claimed:
            self._fetch()
        if not self._claimed:
            return None
        job = self._claimed.popleft()
        return MessageProxy(message_for(job.queue, job.actor, job.id))

    def _fetch(self) -> None:
        bell, slots = self._broker.bells[self._queue], self._broker.slots
        taken = slots.take(_AT_ONCE, self._timeout)
        if not taken:
            return
        bell.clear()
        found: list[Claimed] = []
        try:
            found = self._broker.claim(self._queue, taken)
        finally:
            slots.give(taken - len(found))
        self._claimed.extend(found)
        if not found:
            bell.wait(self._timeout)

    def ack(self, message: MessageProxy) -> None:
        """The job was dealt with, in the database; its slot is free."""
        self._broker.slots.give()

    nack = ack

    def requeue(self, messages: Any) -> None:
        """Gives back what was claimed and not begun."""
        for message in messages:
            self._broker.release(message.args[0])

    def close(self) -> None:
        """Gives back what was claimed and not even handed on."""
        while self._claimed:
            self._broker.release(self._claimed.popleft().id)


def message_for(queue: str, actor: str, job_id: str) -> Message[Any]:
    """A job that was claimed, on its way to a thread: its id and nothing else."""
    return Message(queue_name=queue, actor_name=actor, args=(job_id,), kwargs={}, options={})


def call_name(queue: str) -> str:
    """What Dramatiq knows calls to a queue by."""
    return f"next_of_{queue}"


def call_to(queue: str) -> Message[Any]:
    """A call to whoever is free: do what is most urgent in this queue."""
    return Message(queue_name=queue, actor_name=call_name(queue), args=(), kwargs={}, options={})


def unheard(broker: Any, queue: str) -> int:
    """How many messages stand in a queue of RabbitMQ or Redis that no worker has taken yet."""
    if not hasattr(broker, "get_queue_message_counts"):
        return int(broker.client.llen(f"{broker.namespace}:{queue}"))
    try:
        return int(broker.get_queue_message_counts(queue)[0])
    except Exception:
        # This thread's connection may be broken, and stays so: whoever asks next asks on a new one.
        del broker.connection
        raise


def outside_broker(url: str) -> Broker:
    """The broker at this address: `redis://` (or `rediss://`) or `amqp://` (or `amqps://`).

    One that falls silent counts as away after some seconds, and is tried again.
    """
    if urlsplit(url).scheme.startswith("redis"):
        import redis
        from dramatiq.brokers.redis import RedisBroker

        client = redis.Redis.from_url(url, socket_timeout=_SILENCE_SECONDS, socket_connect_timeout=_SILENCE_SECONDS)
        made: Broker = RedisBroker(client=client, middleware=[], namespace="cairn")  # type: ignore[no-untyped-call]
        return made
    from dramatiq.brokers.rabbitmq import RabbitmqBroker

    return RabbitmqBroker(url=_with_heartbeat(url), middleware=[], confirm_delivery=True)


def _with_heartbeat(url: str) -> str:
    parts = urlsplit(url)
    if "heartbeat=" in parts.query:
        return url
    return urlunsplit(parts._replace(query=f"{parts.query}&heartbeat={_SILENCE_SECONDS}".lstrip("&")))
