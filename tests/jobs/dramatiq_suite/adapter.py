"""Our broker for PostgreSQL with the one thing that it refuses: sending a message that is no part of a transaction.

A message is a job whose argument is the message. Its row is claimed, kept and let go by the same functions as any job;
what Dramatiq acknowledges is done, what it rejects is parked.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import dramatiq
from dramatiq import Message, MessageProxy, QueueJoinTimeout, QueueNotFound
from dramatiq.asyncio import EventLoopThread
from dramatiq.middleware import default_middleware

from core.database import Database
from core.jobs import JobKind
from core.viewer import SERVICE
from core.writing import Transaction, transaction
from resolvers import jobs
from resolvers.jobs import Claimed
from tests.events.logs import sql
from workers.broker import PostgresBroker, PostgresConsumer, Slots
from workers.running import log

T = TypeVar("T")
_THREADS = 32


class MessageBroker(PostgresBroker):
    """Dramatiq's messages, each a row in the table of jobs."""

    def __init__(self, url: str) -> None:
        super().__init__(self._claimed, self._released, Slots(_THREADS), 0.1)
        self.url = url
        self.held: dict[str, Claimed] = {}
        self.dead_letters_by_queue: dict[str, list[MessageProxy]] = {}
        self.fail_fast_default = True
        self._loop = EventLoopThread(log, interrupt_check_ival=1.0)
        self._loop.start(timeout=10)
        self._database = Database(url, pool_size=8)
        self._loop.run_coroutine(self._database.open())
        for each in default_middleware:
            if each.__name__ != "Prometheus":
                self.add_middleware(each())

    @property
    def dead_letters(self) -> list[MessageProxy]:
        """What was rejected."""
        return [message for messages in self.dead_letters_by_queue.values() for message in messages]

    def close(self) -> None:
        """Ends it."""
        self._loop.run_coroutine(self._database.close())
        self._loop.stop()

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Makes a job of a message, due in so many milliseconds."""
        if message.queue_name not in self.queues:
            raise QueueNotFound(message.queue_name)
        self.emit_before("enqueue", message, delay)
        at = None if delay is None else datetime.now(UTC) + timedelta(milliseconds=delay)
        kind = JobKind(message.actor_name, message.queue_name)
        arguments = {"message": message.encode().decode()}
        self.act(lambda tx: jobs.enqueue(tx, kind, arguments, at=at))
        self.ring()
        self.emit_after("enqueue", message, delay)
        return message

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 100) -> dramatiq.Consumer:
        """Whoever claims the messages of a queue."""
        if queue_name not in self.queues:
            raise QueueNotFound(queue_name)
        return MessageConsumer(self, queue_name, timeout / 1000)

    def join(self, queue_name: str, *, timeout: int | None = None, fail_fast: bool | None = None) -> None:
        """Waits until a queue is empty and nothing of it is being done."""
        if queue_name not in self.queues:
            raise QueueNotFound(queue_name)
        deadline = time.monotonic() + (8 if timeout is None else timeout / 1000)
        unfinished = "SELECT 1 FROM job WHERE queue = %s AND state IN ('queued', 'running')"
        while sql(self.url, unfinished, queue_name):
            if time.monotonic() > deadline:
                raise QueueJoinTimeout(queue_name)
            self.ring()
            time.sleep(0.01)
        if self.fail_fast_default if fail_fast is None else fail_fast:
            for message in self.dead_letters_by_queue.get(queue_name, ()):
                raise (message._exception or Exception("Message failed with unknown error")) from None

    def flush(self, queue_name: str) -> None:
        """Forgets what is in a queue."""
        sql(self.url, "DELETE FROM job WHERE queue = %s", queue_name)

    def flush_all(self) -> None:
        """Forgets what is in any queue, and what was rejected."""
        sql(self.url, "DELETE FROM job")
        self.dead_letters_by_queue.clear()

    def act(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """What an act of the service answers, in a transaction of its own."""

        async def run() -> T:
            async with transaction(self._database, SERVICE) as tx:
                return await work(tx)

        return self._loop.run_coroutine(run())

    def _claimed(self, queue: str, most: int) -> list[Claimed]:
        found = self._loop.run_coroutine(jobs.claim(self._database, "suite", queue, list(self.actors), most))
        self.held.update({each.id: each for each in found})
        return found

    def _released(self, job_id: str) -> None:
        job = self.held.pop(job_id)
        self.act(lambda tx: jobs.release(tx, job))
        self.slots.give()


class _Held(MessageProxy):
    """A message and its job. Its exception stays, for those who ask for it afterwards."""

    def __init__(self, message: Message[Any], job: Claimed) -> None:
        super().__init__(message)
        self.job = job

    def clear_exception(self) -> None:
        """Keeps it."""


class MessageConsumer(PostgresConsumer):
    """Hands on the messages that are the arguments of claimed jobs."""

    _broker: MessageBroker

    def __next__(self) -> MessageProxy | None:
        """The next message."""
        found = super().__next__()
        if found is None:
            return None
        job = self._broker.held[found.args[0]]
        return _Held(Message.decode(job.arguments["message"].encode()), job)

    def ack(self, message: Any) -> None:
        """It is done."""
        self._broker.held.pop(message.job.id)
        self._broker.act(lambda tx: jobs.complete(tx, message.job))
        super().ack(message)

    def nack(self, message: Any) -> None:
        """It is parked."""
        self._broker.held.pop(message.job.id)
        self._broker.dead_letters_by_queue.setdefault(message.queue_name, []).append(message)
        self._broker.act(lambda tx: jobs.fail(tx, message.job, "rejected", final=True))
        super().ack(message)

    def requeue(self, messages: Any) -> None:
        """They are given back."""
        for message in messages:
            self._broker.release(message.job.id)
