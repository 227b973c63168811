"""Each actor, each reaction and each chore with its Nth statement going wrong: its effect is there once, or not yet."""

from __future__ import annotations

import asyncio
import io
import os
import random
import tarfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.database import Database
from core.errors import RequestError
from core.events import Fact
from core.viewer import SERVICE
from core.writing import Transaction, transaction
from gateways.mail import MailNotSent, Message
from models.events import ThemeTrashed, UserClaimed, UserSignedUp
from models.identity import Role
from models.webhooks import Webhook, WebhookLane
from resolvers import events, followers, identity, jobs, outbox, uploads
from resolvers.assessment import aggregates, attempts
from resolvers.assessment.grading import grade
from resolvers.identity.mails import MailKind
from resolvers.importing import IMPORT
from resolvers.inbox import events as inbox
from resolvers.webhooks import placing
from resolvers.webhooks.actions import HURRY, REMOVE_REST
from tests.assessment.handing_in import Sender
from tests.assessment.taking import quiz
from tests.chaos.errands import EVERY_ACTOR, do_queue
from tests.chaos.proxy import How, Proxy, through
from tests.chaos.states import State, States, changed
from tests.events.logs import as_service, place, sql
from tests.http.doorkeeper import Doorkeeper
from tests.importing.habits import Habits
from tests.support import factories
from tests.support.clients import Client
from tests.support.servers import RunningApplication
from workers import housekeeping, relay
from workers.actors import Tools
from workers.registry import REACTIONS
from workers.sealing import seal_all

IS_LONG = bool(os.environ.get("CAIRN_TEST_LONG"))
# What a job leaves behind about itself rather than about the world.
ABOUT_THE_JOB = {"job", "scheduled_job"}


@dataclass
class Letterbox:
    """Takes mail, unless it fails the next time: before it has taken it, or after."""

    taken: list[Message] = field(default_factory=list)
    fails: str = ""

    async def send(self, message: Message) -> None:
        """Takes it."""
        fails, self.fails = self.fails, ""
        if fails == "before":
            raise MailNotSent("The server does not answer.")
        self.taken.append(message)
        if fails == "after":
            raise MailNotSent("The server took it and said nothing.")


@dataclass(frozen=True)
class Stage:
    """Where jobs are tried: a database, and the same behind a proxy with an event loop that stays."""

    url: str
    states: States
    wire: Proxy
    database: Database
    runner: asyncio.Runner
    tools: Tools
    letterbox: Letterbox
    editor: Client

    def quiet(self) -> None:
        """Waits until all connections are there and idle."""

        async def wait() -> None:
            deadline = time.monotonic() + 10
            while not self._is_quiet():
                assert time.monotonic() < deadline, "the pools do not heal"
                await asyncio.sleep(0.01)

        self.runner.run(wait())

    def _is_quiet(self) -> bool:
        pools = self.database.pools().values()
        return self.database._waking is None and all(
            each["pool_available"] == each["pool_size"] >= each["pool_min"] for each in pools
        )

    def carry_out(self, chore: Chore) -> None:
        """Does it once, whatever becomes of it."""

        async def act() -> None:
            # Whoever does chores tries again.
            with suppress(psycopg.Error, RequestError):
                await chore(self)

        self.runner.run(act())
        self.quiet()

    def relay(self) -> None:
        """What the relay does, and whoever follows the log."""
        self.runner.run(relay.step(self.database, REACTIONS))

    def time_passes(self) -> None:
        """Leases run out, and what was to be tried later is due."""
        sql(self.url, "UPDATE job SET lease_until = now() - interval '1 s' WHERE state = 'running'")
        as_service(self.url, jobs.sweep)
        sql(self.url, "UPDATE job SET run_at = now() WHERE state = 'queued'")

    def ask(self, act: Callable[[Transaction], Awaitable[Any]]) -> Any:
        """What an act of the service answers."""
        return as_service(self.url, act)


Chore = Callable[[Stage], Awaitable[Any]]


def doing(name: str) -> Chore:
    """Does the jobs of an actor that are due, and not those that follow from them."""
    queue = EVERY_ACTOR[name].kind.queue
    return lambda stage: do_queue(stage.database, stage.tools, queue, [name])


# The jobs, each made due --------------------------------------------------------------------------------------------


def _mail(stage: Stage) -> None:
    stage.ask(lambda tx: outbox.enqueue(tx, MailKind.CONFIRM_ACCOUNT.value, "due@example.org", {}))


def _plan(stage: Stage) -> None:
    theme = factories.theme(stage.editor)
    stage.editor.do("scheduleCreate", "__typename", rootId=theme, action="PUBLISH", runAt="2099-01-01T08:00:00Z")
    sql(stage.url, "UPDATE schedule SET run_at = now()")
    sql(stage.url, "UPDATE job SET run_at = now()")


def _upload(stage: Stage) -> None:
    folder = stage.tools.imports
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        archive.add(Habits(folder / "habits").path, arcname="course")
    (folder / "habits.tar.gz").write_bytes(made.getvalue())
    stage.ask(lambda tx: jobs.enqueue(tx, IMPORT, {"file": "habits.tar.gz", "theme": None}))


def _leftovers(stage: Stage) -> None:
    async def leave(tx: Transaction) -> None:
        user_id = await identity.ensure_user(tx, "gone@example.org", "Gone", Role.LEARNER)
        await identity.create_login_token(tx, user_id)

    stage.ask(leave)
    sql(stage.url, "UPDATE login_token SET expires_at = now() - interval '3 days'")


def _expired(stage: Stage) -> None:
    _leftovers(stage)
    stage.ask(lambda tx: jobs.enqueue(tx, housekeeping.REMOVE_EXPIRED, {}))


def _old(stage: Stage) -> None:
    async def happen(tx: Transaction) -> None:
        theme = "01a219e9-a692-800b-b959-b44f98fae5b5"
        events.record(tx, ThemeTrashed(subject_id=theme, root_id=theme))

    stage.ask(happen)
    place(stage.url)
    sql(stage.url, "UPDATE fact SET created_at = now() - interval '999 days'")
    stage.ask(lambda tx: jobs.enqueue(tx, housekeeping.REMOVE_OLD, {}))


def _event(stage: Stage) -> None:
    stage.ask(lambda tx: inbox.take(tx, "stripe", "evt_tried", "invoice.paid", b"{}"))


def _begun(stage: Stage) -> str:
    editor = stage.editor
    made = editor.do("assessmentCreate", "assessment { id }", title="A survey")["assessment"]["id"]
    factories.many(editor, "blockCreate", "__typename", [{"assessmentId": made, "block": {"scale": {"markdown": "?"}}}])
    editor.do("assessmentPublish", "__typename", id=made)
    begun: str = editor.do("attemptStart", "attempt { id }", assessmentId=made)["attempt"]["id"]
    return begun


def _submitted(stage: Stage) -> None:
    stage.editor.do("attemptSubmit", "__typename", id=_begun(stage))


def _late(stage: Stage) -> None:
    _begun(stage)
    sql(stage.url, "UPDATE attempt SET deadline_at = now() - interval '1 s'")
    stage.ask(lambda tx: jobs.enqueue(tx, attempts.EXPIRE, {}))


def _summed_up(stage: Stage) -> None:
    _begun(stage)
    stage.ask(lambda tx: jobs.enqueue(tx, aggregates.SUMMARISE, {}))


def _sent(stage: Stage) -> str:
    made, (task,) = quiz(stage.editor, {"fileUpload": {"markdown": "A picture, please."}})
    somebody = Sender(stage.editor)
    begun = somebody.announce(somebody.start(made), task)
    assert somebody.send(begun["target"]).status_code == 200
    upload: str = begun["upload"]["id"]
    return upload


def _arrived(stage: Stage) -> None:
    stage.editor.do("uploadComplete", "__typename", id=_sent(stage))


def _forgotten(stage: Stage) -> None:
    _sent(stage)
    sql(stage.url, "UPDATE upload SET expires_at = now() - interval '1 s'")
    stage.ask(lambda tx: jobs.enqueue(tx, uploads.SWEEP, {}))


def _lead_with(fact: Callable[[str], Fact]) -> Callable[[Stage], None]:
    """An address that was left, and that whoever has it has an account."""

    def make(stage: Stage) -> None:
        user = stage.editor.ask("{ viewer { id } }")["viewer"]["id"]
        address = """INSERT INTO lead (id, email, first_seen_at)
            SELECT gen_random_uuid(), lower(coalesce(email, 'x@example.org')), now() FROM "user" WHERE id = %s"""
        sql(stage.url, address, user)

        async def happens(tx: Transaction) -> None:
            events.record(tx, fact(user))

        # Whoever the editor is came to be by a sign-up of their own, which is not what is looked at.
        stage.relay()
        sql(stage.url, "DELETE FROM job WHERE starts_with(actor, 'on:convert_lead')")
        stage.ask(happens)
        stage.relay()

    return make


def _corrected(stage: Stage) -> None:
    begun = _begun(stage)
    stage.editor.do("attemptSubmit", "__typename", id=begun)
    stage.ask(lambda tx: grade(tx, begun))
    ((assessment,),) = sql(stage.url, "SELECT assessment_id::text FROM attempt WHERE id = %s", begun)
    stage.editor.do("assessmentPublish", "__typename", id=assessment)
    stage.editor.do("regradeStart", "__typename", id=assessment)


def _planned_and_trashed(kind: str) -> Callable[[Stage], None]:
    def make(stage: Stage) -> None:
        made = _ROOTS[kind](stage.editor)
        planned = {"rootId": made, "action": "PUBLISH", "runAt": "2099-01-01T08:00:00Z"}
        stage.editor.do("scheduleCreate", "__typename", **planned)
        stage.editor.do(f"{kind}Trash", "__typename", id=made)
        stage.relay()

    return make


_ROOTS: dict[str, Callable[[Client], str]] = {
    "theme": factories.theme,
    "course": lambda editor: str(factories.tree(editor)["course"]),
    "assessment": lambda editor: factories.assessment(editor, questions=1),
}


def _removed_webhook(stage: Stage) -> None:
    """A webhook that is gone, with a lane that is still there."""
    gone = Webhook.new_id()
    values = [{"webhook_id": gone, "subject_id": gone}]
    stage.ask(lambda tx: tx.insert(WebhookLane, [{"id": WebhookLane.new_id(), **each} for each in values]))
    stage.ask(lambda tx: jobs.enqueue(tx, REMOVE_REST, {"webhook_id": gone}))


def _resumed_webhook(stage: Stage) -> None:
    """A lane whose turn is tomorrow."""
    hook = Webhook.new_id()
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    row = {"id": WebhookLane.new_id(), "webhook_id": hook, "subject_id": hook, "next_at": tomorrow}
    stage.ask(lambda tx: tx.insert(WebhookLane, [row]))
    stage.ask(lambda tx: jobs.enqueue(tx, HURRY, {"webhook_id": hook}))


# Every actor and every reaction has a scene here, in which there is a job for it.
JOBS: dict[str, Callable[[Stage], None]] = {
    "deliver_mail": _mail,
    "run_schedule": _plan,
    "import_olx": _upload,
    "handle_provider_event": _event,
    "grade_attempt": _submitted,
    "expire_attempts": _late,
    "summarise_results": _summed_up,
    "check_upload": _arrived,
    "sweep_uploads": _forgotten,
    "regrade_assessment": _corrected,
    "remove_expired": _expired,
    "remove_old": _old,
    "remove_rest_of_webhook": _removed_webhook,
    "hurry_webhook": _resumed_webhook,
    "on:convert_lead_of_claimed": _lead_with(lambda user: UserClaimed(subject_id=user)),
    "on:convert_lead_of_signed_up": _lead_with(lambda user: UserSignedUp(subject_id=user, is_anonymous=False)),
    "on:give_up_plans_of_course": _planned_and_trashed("course"),
    "on:give_up_plans_of_theme": _planned_and_trashed("theme"),
    "on:give_up_plans_of_assessment": _planned_and_trashed("assessment"),
}


# The chores that go on beside them -----------------------------------------------------------------------------------


def _unplaced(stage: Stage) -> None:
    stage.editor.do("themeTrash", "__typename", id=factories.theme(stage.editor))


def _ticking(stage: Stage) -> None:
    stage.ask(lambda tx: jobs.settle_schedules(tx, [housekeeping.REMOVE_EXPIRED]))
    sql(stage.url, "UPDATE scheduled_job SET next_run_at = now()")


async def _ticked(stage: Stage) -> None:
    async with transaction(stage.database, SERVICE) as tx:
        await jobs.tick(tx, [housekeeping.REMOVE_EXPIRED])


CHORES: dict[str, tuple[Callable[[Stage], None], Chore]] = {
    "relay": (_unplaced, lambda stage: relay.step(stage.database, REACTIONS)),
    "tick": (_ticking, _ticked),
    "seal": (_unplaced, lambda stage: seal_all(stage.database)),
}


@pytest.fixture
def stage(
    states: States,
    wire: Proxy,
    own_database: str,
    house: tuple[str, RunningApplication],
    doorkeeper: Doorkeeper,
    tmp_path: Path,
) -> Iterator[Stage]:
    """A stage on which nothing happened yet."""
    # From now on there is a counter, and all that follows the log does.
    place(own_database)
    names = [placing.FOLLOWER, *(each.name for each in REACTIONS)]
    as_service(own_database, lambda tx: followers.settle(tx, names))
    letterbox = Letterbox()
    tools = Tools(letterbox, "https://app.example", tmp_path, 30, 7, files=house[1].parts.files)
    empty = states.now()
    editor = Client(house[0])
    assert editor.http.get(f"{house[0]}{doorkeeper.link(doorkeeper.person())}").status_code == 303
    with asyncio.Runner() as runner:
        database = Database(through(wire, own_database), pool_size=3)
        runner.run(database.open())
        yield Stage(own_database, states, wire, database, runner, tools, letterbox, editor)
        wire.plan = None
        runner.run(database.close())
    editor.http.close()
    states.go_back(empty)


# What keeps what it did so far, and goes on from there.
IN_BATCHES = {"regrade_assessment", "relay"}


def test_every_actor_and_every_reaction_has_a_scene() -> None:
    assert set(JOBS) == set(EVERY_ACTOR)


@pytest.mark.parametrize("name", JOBS)
def test_a_job_has_its_effect_once_whichever_of_its_statements_goes_wrong(name: str, stage: Stage) -> None:
    JOBS[name](stage)
    _try_all(stage, doing(name), in_batches=name in IN_BATCHES)
    assert sql(stage.url, "SELECT count(*) FROM job WHERE actor = %s AND state = 'done'", name) == [(1,)]


@pytest.mark.parametrize("name", CHORES)
def test_a_chore_is_done_once_whichever_of_its_statements_goes_wrong(name: str, stage: Stage) -> None:
    prepare, chore = CHORES[name]
    prepare(stage)
    _try_all(stage, chore, in_batches=name in IN_BATCHES)


def _try_all(stage: Stage, chore: Chore, *, in_batches: bool = False) -> None:
    files = {path: path.read_bytes() for path in stage.tools.imports.glob("*.tar.gz")}
    before = stage.states.now()

    def again() -> None:
        stage.states.go_back(before)
        for path, content in files.items():
            path.write_bytes(content)

    stage.quiet()
    plan = stage.wire.goes_wrong(1_000_000, How.LOST)
    stage.carry_out(chore)
    stage.wire.plan = None
    clean = _effect(before, stage.states.now())
    assert clean
    for how in How:
        for number in _numbers(len(plan.seen), how):
            again()
            stage.wire.goes_wrong(number, how)
            stage.carry_out(chore)
            stage.wire.plan = None
            where = f"statement {number} of {len(plan.seen)}: {how.value}"
            effect = _effect(before, stage.states.now())
            assert effect in ({}, clean) or (in_batches and effect.items() <= clean.items()), where
            stage.time_passes()
            stage.carry_out(chore)
            assert _effect(before, stage.states.now()) == clean, where


def _numbers(count: int, how: How) -> list[int]:
    """All of them; in the short form a few, the last among them."""
    if IS_LONG or count < 4:
        return list(range(1, count + 1))
    return sorted({*random.Random(f"{count}{how.name}").sample(range(1, count), 2), count})


def _effect(before: State, after: State) -> dict[str, int]:
    """What is changed but for the job itself: made, done or left, it is one job."""
    return {name: more for name, more in changed(before, after).items() if name not in ABOUT_THE_JOB or more}


@pytest.mark.parametrize("fails", ["before", "after"])
def test_a_mail_that_fails_outside_goes_out_with_the_same_words_and_the_same_id(fails: str, stage: Stage) -> None:
    _mail(stage)
    stage.letterbox.fails = fails
    stage.carry_out(doing("deliver_mail"))
    stage.time_passes()
    stage.carry_out(doing("deliver_mail"))
    assert len(stage.letterbox.taken) == (2 if fails == "after" else 1)
    assert len(set(stage.letterbox.taken)) == 1
    assert sql(stage.url, "SELECT state, attempts FROM job") == [("done", 2)]
