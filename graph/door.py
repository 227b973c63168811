"""The door: every mutation of the API passes through here.

    @mutation(Scope.CONTENT_EDIT, fields=Course)
    async def course_update(act: Act, id: ID, expected_revision: Revision, fields: Fields) -> Course:
        \"\"\"Saves changed fields of a draft course.\"\"\"

The door builds `CourseUpdateInput!` from the parameters (and from the editable fields of the type), builds
`CourseUpdatePayload!` with the nullable entity and `errors`, checks the gate, opens the one transaction, appends the
audit entry, commits before the payload resolves, and turns refusals into user errors.

The gate is a permission, or one of `Gate`: anyone, whoever is signed in, whoever is signed in in person. A mutation
that works `within` one root lets in whoever has the permission for some root: what they do elsewhere finds nothing.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import strawberry
from strawberry.types.base import get_object_definition
from strawberry.types.field import StrawberryField

from core.database import Database
from core.errors import DomainError, InvalidInput, SeveralErrors
from core.events import Fact
from core.ids import tag_of
from core.relations import Perspective, Relation
from core.tables import Table
from core.viewer import SERVICE, Viewer, refuse_acting_as, require, require_signed_in
from core.watching import Watch
from core.writing import Transaction, transaction
from graph.context import DRAFT, LIVE, NOWHERE, Context, Info
from graph.effects import Effects
from graph.errors import UserError, user_errors
from graph.events import Records, require_declared
from graph.fields import related_one
from graph.outcomes import Done as Done
from graph.outcomes import done_of, is_secret, outcome_of
from graph.outcomes import plain as plain
from graph.sizes import ListSize
from models.content import Content, Staged
from models.events import FactType
from models.identity import Scope
from resolvers import audit
from resolvers.identity import Origin
from resolvers.requests import failures, idempotency, limits
from resolvers.requests.idempotency import Key
from resolvers.requests.limits import Limit, RateLimited
from resolvers.uploads import Files
from resolvers.webhooks.kit import Hooks

Fields = dict[str, Any]
log = logging.getLogger("cairn.graph")


class Gate(StrEnum):
    """Who may pass where no permission is asked for."""

    ANYONE = "Anyone may do this."
    SIGNED_IN = "For whoever is signed in, with their own things."
    PERSON = "For whoever is signed in in person, their own things; not for API tokens, and not as somebody else."

    def admit(self, viewer: Viewer) -> None:
        """Raises unless the viewer may pass. What anybody does without signing in, nobody does as somebody else."""
        if self is Gate.ANYONE:
            refuse_acting_as(viewer)
        else:
            require_signed_in(viewer, in_person=self is Gate.PERSON)


@dataclass(frozen=True)
class Act:
    """What a mutation works with: the open transaction, who acts and from where, and what was prepared before.

    With `effects` it asks the HTTP edge for more than an answer; `hooks` is what webhooks work with, `files` where
    files are kept.
    """

    tx: Transaction
    viewer: Viewer
    effects: Effects = field(default_factory=Effects)
    origin: Origin = NOWHERE
    prepared: Any = None
    hooks: Hooks | None = None
    files: Files | None = None


Prepare = Callable[[Database, Viewer, Mapping[str, Any]], Awaitable[Any]]


class Payload:
    """A payload at run time: attributes by name, `<entity>_id` among them."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


def mutation(
    gate: Scope | Gate,
    entity: type,
    *,
    creates: bool = False,
    updates: bool = False,
    extra: Mapping[str, tuple[Any, str]] | None = None,
    shows: Perspective | None = None,
    names: Mapping[str, str] = MappingProxyType({}),
    trusted: bool = False,
    prepare: Prepare | None = None,
    limit: Limit | None = None,
    within: bool = False,
    records: Sequence[type[Fact]] = (),
) -> Callable[[Callable[..., Awaitable[Any]]], StrawberryField]:
    """Makes an async function `(act, **input)` a mutation field named after it.

    The function answers the id of the `entity` that the payload shows, or `Done`. With `creates` or `updates` the input
    also has the editable fields of that type, handed over as the argument `fields` without those that are absent; what
    `creates` needs is required. `extra` declares further payload fields as name -> (type, description); `names` maps
    columns to those input fields that are named differently; `shows` is the perspective from which the payload is read:
    the draft when it is not given and the gate is a permission.

    A `trusted` function works with the rights of the service, because it deals with credentials, which nobody else may
    read: it has to see for itself whose they are. `prepare` is what takes long, such as checking a password, and is
    done before the transaction opens; what it answers is `act.prepared`. `limit` says how often it may be tried; every
    try counts, and is counted before `prepare`. `records` names the facts that it may record; the schema says so, and
    one that records others fails. `within` says that it reads and writes one root's tree and no more.
    """

    model: type[Table] = entity.__entity__  # type: ignore[attr-defined]
    perspective = shows or (LIVE if isinstance(gate, Gate) else DRAFT)

    def decorate(act: Callable[..., Awaitable[str | Done]]) -> StrawberryField:
        hints = get_type_hints(act, include_extras=True)
        title = "".join(part.title() for part in act.__name__.split("_"))
        own = {name: hint for name, hint in hints.items() if name not in {"act", "fields", "return"}}
        never_null = [name for name, hint in own.items() if not _is_nullable(hint)]
        secret = frozenset(name for name, hint in own.items() if _is_secret(hint))
        input_type = _input_type(f"{title}Input", act, own)
        if creates or updates:
            _add_editable(input_type, entity, creates)
        strawberry.input(input_type, description=f"What {_camel(act.__name__)} needs.")
        name = _field_name(entity)
        payload_type = _payload_type(f"{title}Payload", name, entity, extra or {})

        async def carry_out(context: Context, given: Mapping[str, Any], place: str) -> Done:
            """Does it, in one transaction, and then what follows from that; a refusal leaves nothing behind.

            What was done under the same idempotency key, at the same place in the document, is not done again.
            """
            subject = _subject(given, model)
            arguments: dict[str, Any] = {each: given[each] for each in own if each in given}
            if creates or updates:
                arguments["fields"] = {each: value for each, value in given.items() if each not in own}
            told = {each: plain(value) for each, value in arguments.items() if each not in secret | {"fields"}}
            told |= audit.without_withheld(model, plain(arguments.get("fields", {})))
            viewer, effects = context.viewer, Effects()
            try:
                _refuse_nulls(given, never_null)
                if limit is not None and context.tallies is not None:
                    await limits.check(context.tallies, limit, given, viewer, context.origin)
                prepared = None if prepare is None else await prepare(context.database, viewer, given)
                async with transaction(context.database, SERVICE if trusted else viewer) as tx:
                    tx.watch = Watch((model, Content) if issubclass(model, Staged) else (model,), subject)
                    doing = Act(tx, viewer, effects, context.origin, prepared, context.hooks, context.files)

                    async def do() -> Done:
                        answer = await act(doing, **arguments)
                        done = answer if isinstance(answer, Done) else Done(answer)
                        require_declared(tx, act.__name__, records)
                        # Whoever signs in with this is who acted; whoever signs out with it still is.
                        actor = viewer if viewer.user_id else done.viewer or viewer
                        about, noted = done.subject or done.id, done.noted
                        await audit.record(tx, act.__name__, about, told, actor, origin=context.origin, noted=noted)
                        return done

                    done = await do() if context.key is None else await once(doing, context.key, place, do)
            except (DomainError, SeveralErrors) as error:
                context.is_repeatable = False
                if isinstance(error, RateLimited):
                    context.effects.retry_after = max(error.retry_after, context.effects.retry_after or 0)
                return Done(subject, errors=(error,))
            context.is_repeatable = context.is_repeatable and not is_secret(done, effects)
            context.effects.add(effects)
            context.viewer = done.viewer or viewer
            return done

        async def resolve(root: Any, info: Info, input: Any) -> Any:
            context = info.context
            _admit(gate, context.viewer, within)
            # A transaction must not wait for a second connection while this request still holds a first.
            await context.close()
            given = _given(input)
            done = await carry_out(context, given, str(info.path.key))
            if limit is not None and limit.proves and done.errors:
                account = limits.account_of(limit, given)
                failures.tell(act.__name__, done.errors, account, context.viewer, context.origin)
            await context.renew(perspective)
            errors = [each for error in done.errors for each in user_errors(error, names)]
            return Payload(**{f"{name}_id": done.id, **dict.fromkeys(extra or {}), **done.extra, "errors": errors})

        annotated: Any = Annotated
        given_as = annotated[input_type, described_as("What to do, and to what.")]
        resolve.__annotations__ = {"root": Any, "info": Info, "input": given_as, "return": payload_type | None}
        description = f"{inspect.getdoc(act)}\n\n{gate_in_words(gate, within)}"
        made: StrawberryField = strawberry.mutation(
            resolver=resolve,
            description=description,
            name=_camel(act.__name__),
            directives=[Records(facts=[FactType(each.type) for each in records])] if records else (),
        )
        made.python_name = act.__name__
        made.metadata = MappingProxyType(
            {"gate": gate, "within": within, "secret": secret, "limit": limit, "records": tuple(records)}
        )
        return made

    return decorate


async def once(act: Act, key: Key, place: str, do: Callable[[], Awaitable[Done]]) -> Done:
    """Does it, unless that was done under this key before: then answers what that came to."""
    before = await idempotency.begin(act.tx, key, act.viewer, place)
    if before is not None:
        return done_of(before)
    done = await do()
    await idempotency.finish(act.tx, key, act.viewer, place, outcome_of(done, act.effects))
    return done


def described_as(text: str, *, secret: bool = False) -> Any:
    """The description of a parameter: `Annotated[ID, described_as("…")]`. What is `secret` is not written down."""
    return strawberry.argument(description=text, metadata={"secret": secret})


def gate_in_words(gate: Scope | Gate, within: bool = False) -> str:
    """The sentence with which the schema says who may."""
    if isinstance(gate, Gate):
        return gate.value
    inside = "group" if gate.startswith("group:") else "course"
    return f"Needs the permission `{gate.value}`{f', for this {inside} or everywhere' if within else ''}."


def _admit(gate: Scope | Gate, viewer: Viewer, within: bool) -> None:
    if isinstance(gate, Gate):
        gate.admit(viewer)
    else:
        require(viewer, gate, somewhere=within)


def _refuse_nulls(given: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raises one error for each of these fields that is null: each may be left out, at most."""
    nulls = [_camel(name) for name in names if name in given and given[name] is None]
    if nulls:
        raise SeveralErrors([InvalidInput("This cannot be null. Leave it out.", "INVALID", (name,)) for name in nulls])


def _is_nullable(hint: Any) -> bool:
    return type(None) in get_args(_split(hint)[0])


def _is_secret(hint: Any) -> bool:
    return get_origin(hint) is Annotated and any(
        getattr(each, "metadata", {}).get("secret") for each in get_args(hint)[1:]
    )


def _given(input_object: Any) -> dict[str, Any]:
    """What the caller sent, by Python name; an explicit null stays as None, what is absent is left out."""
    return {
        name: value.value if isinstance(value, strawberry.Some) else value
        for name, value in vars(input_object).items()
        if value is not None
    }


def _input_type(name: str, act: Callable[..., Any], own: Mapping[str, Any]) -> type:
    """A class with one annotated attribute per parameter; parameters with a default may be absent."""
    made = type(name, (), {"__annotations__": {}})
    for each, parameter in inspect.signature(act).parameters.items():
        if each in own:
            kind, description = _split(own[each])
            _add(made, each, kind, description, required=parameter.default is inspect.Parameter.empty)
    return made


def _add_editable(made: type, entity: type, creates: bool) -> None:
    model: type[Table] = entity.__entity__  # type: ignore[attr-defined]
    for declared in get_object_definition(entity, strict=True).fields:
        if declared.metadata.get("editable"):
            each = declared.python_name
            info = model.model_fields[each]
            kind = _bare(info.annotation)
            # A slug that is not given is made from the title.
            required = creates and info.is_required() and each != "slug"
            _add(made, each, kind if required else kind | None, declared.description, required=required)


def _add(made: type, name: str, kind: Any, description: str | None, *, required: bool) -> None:
    made.__annotations__[name] = kind if required else _maybe(kind | None)
    absent: dict[str, Any] = {} if required else {"default": None}
    setattr(made, name, strawberry.field(description=description, **absent))


def _payload_type(name: str, entity_name: str, entity: Any, extra: Mapping[str, tuple[Any, str]]) -> type:
    model: type[Table] = entity.__entity__
    relation = Relation(model, "id", f"{entity_name}_id")
    found = related_one(
        relation, f"The {entity_name.replace('_', ' ')} as it stands now; null when there is none to show."
    )
    values: dict[str, Any] = {entity_name: found}
    annotations: dict[str, Any] = {entity_name: entity | None}
    for each, (kind, description) in extra.items():
        annotations[each], values[each] = kind | None, strawberry.field(description=description)
    annotations["errors"] = list[UserError]
    values["errors"] = strawberry.field(
        description="Why nothing was done; empty when it was.", metadata={"weight": 0, "list_size": ListSize(1)}
    )
    made = type(name, (), {**values, "__annotations__": annotations})
    return strawberry.type(made, description=f"The outcome of {_camel_title(name.removesuffix('Payload'))}.")


def _subject(given: Mapping[str, Any], model: type[Table]) -> str | None:
    """The id of the object that a mutation is about; if it is refused, the payload shows how that stands."""
    found = given.get("id")
    return found if isinstance(found, str) and tag_of(found) == model.__tag__ else None


def _split(hint: Any) -> tuple[Any, str | None]:
    if get_origin(hint) is Annotated:
        kind, *rest = get_args(hint)
        return kind, next((each.description for each in rest if hasattr(each, "description")), None)
    return hint, None


def _bare(annotation: Any) -> Any:
    """A model's annotation as a GraphQL one: the rules that hang on it are checked by the action."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    arguments = [each for each in get_args(annotation) if each is not type(None)]
    return _bare(arguments[0]) if arguments and get_origin(annotation) is not list else annotation


def _field_name(entity: Any) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in entity.__name__).lstrip("_")


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)


def _camel_title(name: str) -> str:
    return name[:1].lower() + name[1:]


def _maybe(kind: Any) -> Any:
    """`Maybe` of a type that is only known at run time."""
    generic: Any = strawberry.Maybe
    return generic[kind]
