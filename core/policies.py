"""Row-level security as data: a handful of named policy shapes, declared beside each table, emitted as DDL.

A table says `__policies__ = (PublicRead("stage = 'live'"), StaffWrite("content:edit", ...))`. `statements` turns that
into the GRANT and CREATE POLICY statements of a migration; the same function tells the tests what must stand in
`pg_policies`. Every table also lets `cairn_service` through: workers act for nobody and are fenced by their code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

Command = Literal["SELECT", "INSERT", "UPDATE", "DELETE"]
WRITES: tuple[Command, ...] = ("INSERT", "UPDATE", "DELETE")

PUBLIC = "cairn_public"
API = "cairn_api"
SERVICE = "cairn_service"
ROLES = (PUBLIC, API, SERVICE)

# The sub-selects make PostgreSQL evaluate the settings once per statement instead of once per row.
VIEWER_ID = "(SELECT NULLIF(current_setting('cairn.viewer_id', true), '')::uuid)"
# Who really acts: somebody else than the viewer where one person acts as another.
ACTOR_ID = (
    "(SELECT COALESCE(NULLIF(current_setting('cairn.actor_id', true), ''),"
    " NULLIF(current_setting('cairn.viewer_id', true), ''))::uuid)"
)
# The one who acts as somebody else; null where people act as themselves.
ACTING_ID = "(SELECT NULLIF(current_setting('cairn.actor_id', true), '')::uuid)"
# The person as whom somebody else acts; null where people act as themselves.
ACTED_AS_ID = (
    "(SELECT CASE WHEN NULLIF(current_setting('cairn.actor_id', true), '') IS NOT NULL"
    " THEN NULLIF(current_setting('cairn.viewer_id', true), '')::uuid END)"
)

_OWN_ACT = f"((actor_id IS NOT DISTINCT FROM {ACTOR_ID}) AND (acted_as_id IS NOT DISTINCT FROM {ACTED_AS_ID}))"
# True where people act as themselves, and nobody as them.
IN_PERSON = "(SELECT NULLIF(current_setting('cairn.actor_id', true), '') IS NULL)"


def has_scope(scope: str) -> str:
    """SQL that is true when the transaction's viewer holds the scope."""
    return f"(SELECT '{scope}' = ANY (string_to_array(current_setting('cairn.scopes', true), ' ')))"


def roots_of(scope: str) -> str:
    """SQL of an array: the roots within which the transaction's viewer holds the scope; null where there are none."""
    held = "unnest(string_to_array(current_setting('cairn.within', true), ' ')) AS held"
    root = "array_agg(split_part(held, '@', 2)::uuid)"
    return f"(SELECT {root} FROM {held} WHERE split_part(held, '@', 1) = '{scope}')::uuid[]"  # noqa: S608 - our own words


def holds_somewhere(scope: str) -> str:
    """SQL that is true when the transaction's viewer holds the scope everywhere, or within some root."""
    within = f"strpos(' ' || current_setting('cairn.within', true), ' {scope}@') > 0"
    return f"({has_scope(scope)} OR (SELECT {within}))"


@dataclass(frozen=True)
class Rule:
    """One CREATE POLICY: a name unique in its table, a command, the roles it speaks of, and the row condition.

    An UPDATE may be limited to some columns, none named means all; and what it leaves may be judged otherwise (`after`)
    than what it finds.
    """

    name: str
    command: Command
    roles: tuple[str, ...]
    condition: str
    columns: tuple[str, ...] = ()
    after: str = ""


@dataclass(frozen=True)
class PublicRead:
    """Everybody, signed in or not, reads the rows that meet the condition."""

    condition: str = "true"

    def rules(self) -> tuple[Rule, ...]:
        """The policies of this shape."""
        return (Rule("public_read", "SELECT", (PUBLIC, API), self.condition),)


@dataclass(frozen=True)
class StaffRead:
    """Holders of the scope read the rows that meet the condition."""

    scope: str
    condition: str = "true"

    def rules(self) -> tuple[Rule, ...]:
        """The policies of this shape."""
        return (
            Rule(f"staff_read_{_slug(self.scope)}", "SELECT", (API,), _both(has_scope(self.scope), self.condition)),
        )


@dataclass(frozen=True)
class StaffWrite:
    """Holders of the scope write (all commands, or those named) the rows that meet the condition.

    With `columns`, an UPDATE reaches those only, as long as all shapes of the table that let one through say so.
    """

    scope: str
    condition: str = "true"
    commands: tuple[Command, ...] = WRITES
    columns: tuple[str, ...] = ()

    def rules(self) -> tuple[Rule, ...]:
        """The policies of this shape, one per command."""
        condition = _both(has_scope(self.scope), self.condition)
        return tuple(
            Rule(f"staff_{command.lower()}_{_slug(self.scope)}", command, (API,), condition, _of(command, self.columns))
            for command in self.commands
        )


@dataclass(frozen=True)
class InsideRead:
    """Who holds the scope within roots only reads the rows that belong to one of these: `ROOTS` in `belongs`.

    PostgreSQL asks the policies of a table in the reverse order of their names: by its name this one, which costs most,
    is asked last, for those only whom no other lets through.
    """

    scope: str
    belongs: str

    def rules(self) -> tuple[Rule, ...]:
        """The one policy of this shape."""
        condition = _in_roots(self.scope, self.belongs)
        return (Rule(f"inside_read_{_slug(self.scope)}", "SELECT", (API,), condition),)


@dataclass(frozen=True)
class InsideWrite:
    """Who holds the scope within roots only writes the rows that belong to one of these and meet the condition.

    With `columns`, an UPDATE reaches those only, as for `StaffWrite`.
    """

    scope: str
    belongs: str
    condition: str = "true"
    commands: tuple[Command, ...] = WRITES
    columns: tuple[str, ...] = ()

    def rules(self) -> tuple[Rule, ...]:
        """The policies of this shape, one per command."""
        condition = _both(_in_roots(self.scope, self.belongs), self.condition)
        return tuple(
            Rule(
                f"inside_{command.lower()}_{_slug(self.scope)}", command, (API,), condition, _of(command, self.columns)
            )
            for command in self.commands
        )


@dataclass(frozen=True)
class OwnRows:
    """A signed-in viewer reads (and, with commands, writes) the rows whose column holds their user id.

    With `columns`, an UPDATE reaches those only: a person sets their own name and never their own status.
    """

    column: str = "user_id"
    commands: tuple[Command, ...] = ("SELECT",)
    columns: tuple[str, ...] = ()

    def rules(self) -> tuple[Rule, ...]:
        """The policies of this shape, one per command."""
        condition = f"({self.column} = {VIEWER_ID})"
        return tuple(
            Rule(f"own_{command.lower()}", command, (API,), condition, _of(command, self.columns))
            for command in self.commands
        )


@dataclass(frozen=True)
class PrivateRows:
    """As own rows, and only for the person themselves: whoever acts as them, for whatever reason, finds none.

    For what people write to nobody.
    """

    column: str = "user_id"
    commands: tuple[Command, ...] = ("SELECT",)
    columns: tuple[str, ...] = ()

    def rules(self) -> tuple[Rule, ...]:
        """The policies of this shape, one per command."""
        own = OwnRows(self.column, self.commands, self.columns).rules()
        return tuple(
            replace(rule, name=rule.name.replace("own_", "private_"), condition=f"({rule.condition} AND {IN_PERSON})")
            for rule in own
        )


@dataclass(frozen=True)
class PairRows:
    """A signed-in viewer reads the rows that name them in either of two columns and meet the condition."""

    one: str
    other: str
    condition: str = "true"

    def rules(self) -> tuple[Rule, ...]:
        """The one policy of this shape."""
        condition = _both(f"({VIEWER_ID} IN ({self.one}, {self.other}))", self.condition)
        return (Rule("pair_select", "SELECT", (API,), condition),)


@dataclass(frozen=True)
class RelatedRead:
    """A signed-in viewer reads the rows that a row of another table lets them read, as its own policies allow."""

    condition: str

    def rules(self) -> tuple[Rule, ...]:
        """The one policy of this shape."""
        return (Rule("related_select", "SELECT", (API,), self.condition),)


@dataclass(frozen=True)
class ServiceOnly:
    """Nobody but workers and the sign-in code reads or writes the table."""

    def rules(self) -> tuple[Rule, ...]:
        """No rule beyond the one every table has."""
        return ()


@dataclass(frozen=True)
class Ledger:
    """Append-only for everybody, the service included: no UPDATE, no DELETE is ever granted."""

    def rules(self) -> tuple[Rule, ...]:
        """The one insert policy: a viewer writes entries in their own name only, and says as whom they act."""
        return (Rule("own_insert", "INSERT", (API,), _OWN_ACT),)


@dataclass(frozen=True)
class Log:
    """A viewer adds entries in their own name; only the service puts them into an order, and removes what is old.

    What an entry says is never changed by anybody: the one column that can be set is its place. With `own` and
    `causes`, a viewer adds what they can bring about: these types, of themselves; and what begins with these words
    where they hold one of these scopes, be it within some root.
    """

    place: str
    own: tuple[str, ...] = ()
    causes: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()

    def rules(self) -> tuple[Rule, ...]:
        """The one insert policy: in the viewer's own name, saying as whom they act, and without a place."""
        condition = _both(_OWN_ACT, f"{self.place} IS NULL")
        if self.own or self.causes:
            condition = _both(condition, self._can_be_caused())
        return (Rule("own_insert", "INSERT", (API,), condition),)

    def _can_be_caused(self) -> str:
        ways = [f"(type IN ({_list(self.own)}) AND subject_id = {VIEWER_ID})"]
        for words, scopes in self.causes:
            held = " OR ".join(map(holds_somewhere, scopes))
            ways.append(f"(split_part(type, '.', 1) IN ({_list(words)}) AND ({held}))")
        return " OR ".join(ways)


@dataclass(frozen=True)
class Calls:
    """A viewer calls for work in their own name: work of these kinds, each for holders of its scope, that is to begin.

    Everything else is called for by the service.
    """

    causes: tuple[tuple[str, str], ...]

    def rules(self) -> tuple[Rule, ...]:
        """The one insert policy."""
        ways = " OR ".join(f"(actor = '{kind}' AND {holds_somewhere(scope)})" for kind, scope in self.causes)
        own = f"requested_by = {VIEWER_ID} AND acted_by IS NOT DISTINCT FROM {ACTING_ID}"
        new = "state = 'queued' AND attempts = 0 AND unique_key IS NULL"
        return (Rule("own_insert", "INSERT", (API,), f"(({own}) AND ({new}) AND ({ways}))"),)


@dataclass(frozen=True)
class FilledOnce:
    """Anybody signed in adds rows whose columns are empty; the service fills these in, once. No row is ever removed."""

    columns: tuple[str, ...]

    def rules(self) -> tuple[Rule, ...]:
        """The policies of this shape, with those of the service."""
        empty = " AND ".join(f"({column} IS NULL)" for column in self.columns)
        full = " AND ".join(f"({column} IS NOT NULL)" for column in self.columns)
        return (
            Rule("empty_insert", "INSERT", (API,), f"({empty})"),
            Rule("service_fill", "UPDATE", (SERVICE,), f"({empty})", self.columns, f"({full})"),
        )


@dataclass(frozen=True)
class Trail:
    """What was done, written by the service as it does it. Nobody changes an entry; the service removes what is old."""

    def rules(self) -> tuple[Rule, ...]:
        """No rule beyond those of the service, who has no UPDATE."""
        return ()


Shape = (
    PublicRead
    | StaffRead
    | StaffWrite
    | InsideRead
    | InsideWrite
    | OwnRows
    | PrivateRows
    | PairRows
    | RelatedRead
    | ServiceOnly
    | Ledger
    | Log
    | FilledOnce
    | Trail
    | Calls
)


def rules_of(shapes: tuple[Shape, ...]) -> tuple[Rule, ...]:
    """Every policy of a table with these shapes, the service's own included."""
    service: tuple[Command, ...] = ("SELECT", "INSERT") if _is_ledger(shapes) else ("SELECT", *WRITES)
    if any(isinstance(shape, Trail) for shape in shapes):
        service = ("SELECT", "INSERT", "DELETE")
    settable = tuple(shape.place for shape in shapes if isinstance(shape, Log))
    own = tuple(rule for shape in shapes for rule in shape.rules())
    return own + tuple(
        Rule(f"service_{command.lower()}", command, (SERVICE,), "true", settable if command == "UPDATE" else ())
        for command in service
    )


def grants_of(shapes: tuple[Shape, ...]) -> dict[str, tuple[Command, ...]]:
    """Role to the commands it is granted: just those that some policy of the table lets through."""
    granted: dict[str, tuple[Command, ...]] = {}
    for role in ROLES:
        commands = {rule.command for rule in rules_of(shapes) if role in rule.roles}
        if commands:
            granted[role] = tuple(sorted(commands))
    return granted


def statements(
    table: str, shapes: tuple[Shape, ...], columns: Sequence[str] = (), hidden: Sequence[str] = ()
) -> list[str]:
    """The DDL that fences a table: forced row-level security, grants, policies.

    `hidden` names those of its `columns` that nobody but the service ever reads, whosever row it is.
    """
    ddl = [f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY', f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY']
    shown = [column for column in columns if column not in hidden] if hidden else []
    for role, commands in grants_of(shapes).items():
        privileges = [_privilege(role, command, shapes, shown) for command in commands]
        ddl.append(f'GRANT {", ".join(privileges)} ON "{table}" TO {role}')
    return ddl + [create_policy(table, rule) for rule in rules_of(shapes)]


def _privilege(role: str, command: Command, shapes: tuple[Shape, ...], shown: Sequence[str]) -> str:
    """A command, with the columns that it is limited to."""
    rules = [rule for rule in rules_of(shapes) if rule.command == command and role in rule.roles]
    limited: Sequence[str] = ()
    if command == "SELECT" and role != SERVICE:
        limited = shown
    elif all(rule.columns for rule in rules):
        limited = sorted({column for rule in rules for column in rule.columns})
    return f"{command} ({', '.join(limited)})" if limited else command


def create_policy(table: str, rule: Rule) -> str:
    """The CREATE POLICY statement of one rule; an UPDATE is judged before and after."""
    clauses = {
        "SELECT": f"USING ({rule.condition})",
        "DELETE": f"USING ({rule.condition})",
        "INSERT": f"WITH CHECK ({rule.condition})",
        "UPDATE": f"USING ({rule.condition}) WITH CHECK ({rule.after or rule.condition})",
    }
    return (
        f'CREATE POLICY {rule.name} ON "{table}" FOR {rule.command} TO {", ".join(rule.roles)} {clauses[rule.command]}'
    )


def _is_ledger(shapes: tuple[Shape, ...]) -> bool:
    return any(isinstance(shape, Ledger | FilledOnce) for shape in shapes)


def _of(command: Command, columns: tuple[str, ...]) -> tuple[str, ...]:
    return columns if command == "UPDATE" else ()


def _both(left: str, right: str) -> str:
    return left if right == "true" else f"({left} AND ({right}))"


def _in_roots(scope: str, belongs: str) -> str:
    return f"({belongs.replace('ROOTS', roots_of(scope))})"


def _list(words: Sequence[str]) -> str:
    return ", ".join(f"'{each}'" for each in words)


def _slug(scope: str) -> str:
    return scope.replace(":", "_")
