"""Every registry is complete, and what it says once it says for ever."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from graphql import GraphQLEnumType

import graph.formats
import models
import resolvers.formats
from cairn.settings import PROJECT
from core.events import Fact
from core.ids import MAX_TAG
from core.policies import rules_of
from core.tables import Table, metadata, table_of
from graph.schema import schema
from models.curriculum import BlockFormat
from models.events import FACTS
from models.identity import Role, Scope
from resolvers.content.trees import STAGED, may_be_root, tree_of
from resolvers.identity import SCOPES_OF_ROLE
from resolvers.identity.rights import SCOPES_WITHIN_COURSE

# Every id that was ever given out holds its table's tag: a tag never changes and is never used again.
TAGS = {
    0x008: "outgoing_mail",
    0x009: "rate_limit",
    0x00A: "idempotency_key",
    0x00B: "job",
    0x00C: "scheduled_job",
    0x00D: "fact",
    0x00E: "fact_counter",
    0x00F: "job_tally",
    0x010: "user",
    0x011: "role_grant",
    0x012: "api_token",
    0x013: "login_token",
    0x014: "auth_session",
    0x015: "auth_identity",
    0x016: "refresh_token",
    0x017: "profile",
    0x018: "profile_card",
    0x019: "consent",
    0x01A: "connection",
    0x01B: "user_milestone",
    0x01C: "impersonation",
    0x01D: "notification_preference",
    0x020: "audit_log",
    0x021: "audit_seal",
    0x030: "content",
    0x031: "revision",
    0x032: "theme",
    0x033: "course",
    0x034: "milestone",
    0x035: "module",
    0x036: "lesson",
    0x037: "block",
    0x038: "answer_key",
    0x039: "schedule",
    0x03A: "assessment",
    0x03D: "scale",
    0x040: "external_ref",
    0x041: "import_job",
    0x042: "import_issue",
    0x060: "inbound_hook",
    0x061: "inbound_seen",
    0x062: "provider_event",
    0x068: "webhook",
    0x069: "webhook_secret",
    0x06A: "webhook_lane",
    0x06B: "webhook_delivery",
    0x06C: "delivery_attempt",
    0x06D: "follower",
    0x06E: "release",
    0x0A0: "lead",
    0x0A1: "lead_capture",
    0x03F: "branch",
    0x050: "paper",
    0x051: "attempt",
    0x052: "answer",
    0x053: "answer_mark",
    0x054: "grading",
    0x055: "accommodation",
    0x056: "regrade",
    0x05A: "scale_score",
    0x05B: "scale_aggregate",
    0x05C: "assessment_day",
    0x080: "group",
    0x081: "membership",
    0x082: "group_invitation",
    0x058: "upload",
}
# Every fact that was ever recorded names its type: a type never changes and is never used again.
FACT_TYPES = [
    "theme.created",
    "theme.updated",
    "theme.trashed",
    "theme.restored",
    "theme.published",
    "theme.unpublished",
    "theme.reverted",
    "theme.planned",
    "theme.plan_cancelled",
    "course.created",
    "course.updated",
    "course.trashed",
    "course.restored",
    "course.published",
    "course.unpublished",
    "course.reverted",
    "course.planned",
    "course.plan_cancelled",
    "course.imported",
    "module.created",
    "module.updated",
    "module.moved",
    "module.trashed",
    "module.restored",
    "lesson.created",
    "lesson.updated",
    "lesson.moved",
    "lesson.trashed",
    "lesson.restored",
    "assessment.created",
    "assessment.updated",
    "assessment.moved",
    "assessment.trashed",
    "assessment.restored",
    "assessment.published",
    "assessment.unpublished",
    "assessment.reverted",
    "assessment.planned",
    "assessment.plan_cancelled",
    "block.created",
    "block.updated",
    "block.moved",
    "block.trashed",
    "block.restored",
    "scale.created",
    "scale.updated",
    "scale.moved",
    "scale.trashed",
    "scale.restored",
    "attempt.started",
    "attempt.submitted",
    "attempt.graded",
    "attempt.regraded",
    "answer.graded",
    "accommodation.granted",
    "accommodation.revoked",
    "scale.band_reached",
    "lead.captured",
    "lead.converted",
    "user.signed_up",
    "user.claimed",
    "user.signed_in",
    "user.updated",
    "user.password_changed",
    "user.email_changed",
    "consent.granted",
    "consent.withdrawn",
    "role.granted",
    "role.revoked",
    "api_token.created",
    "api_token.revoked",
    "friendship.requested",
    "friendship.accepted",
    "friendship.ended",
    "friendship.blocked",
    "group.created",
    "group.updated",
    "group.activated",
    "group.paused",
    "group.ended",
    "group.disbanded",
    "membership.invited",
    "membership.joined",
    "membership.left",
    "membership.removed",
    "membership.declined",
    "membership.withdrawn",
    "membership.paused",
    "membership.resumed",
    "membership.updated",
    "membership.role_changed",
    "group_invitation.created",
    "group_invitation.cancelled",
    "group_invitation.accepted",
    "inbound_hook.created",
    "inbound_hook.updated",
    "inbound_hook.rotated",
    "inbound_hook.deleted",
    "inbound.received",
    "webhook.created",
    "webhook.updated",
    "webhook.deleted",
    "webhook.paused",
    "webhook.disabled",
    "webhook.resumed",
    "webhook.secret_rotated",
]
FORMAT_KIT = {"__init__", "analysis", "answering", "base", "choosing", "kinds", "patterns", "values"}


def _tables(kind: type[Table] = Table) -> set[type[Table]]:
    below = {each for child in kind.__subclasses__() for each in _tables(child)}
    return below | ({kind} if hasattr(kind, "__table__") else set())


def test_the_list_of_tables_holds_every_model_that_has_one() -> None:
    assert set(models.TABLES) == {each for each in _tables() if not each.__module__.startswith("tests.")}
    assert len(models.TABLES) == len(set(models.TABLES)) == len(metadata.tables)


def test_the_list_of_tables_names_each_after_those_it_refers_to() -> None:
    seen: set[str] = set()
    for model in models.TABLES:
        table = table_of(model)
        seen.add(table.name)
        assert {key.referred_table.name for key in table.foreign_key_constraints} <= seen, table.name


def test_tags_are_unique_and_those_that_were_given_out() -> None:
    assert {model.__tag__: table_of(model).name for model in models.TABLES} == TAGS
    assert len(models.TABLES) == len(TAGS)
    assert all(0 < tag <= MAX_TAG for tag in TAGS)


@pytest.mark.parametrize("model", models.TABLES, ids=lambda model: model.__name__)
def test_every_table_declares_a_fence(model: type[Table]) -> None:
    names = [rule.name for rule in rules_of(model.__policies__)]
    assert names
    assert len(names) == len(set(names))


@pytest.mark.parametrize("model", models.TABLES, ids=lambda model: model.__name__)
def test_every_constraint_is_named_by_the_convention(model: type[Table]) -> None:
    table = table_of(model)
    prefixes = {sa.PrimaryKeyConstraint: "pk", sa.UniqueConstraint: "uq", sa.ForeignKeyConstraint: "fk"}
    for constraint in table.constraints:
        prefix = prefixes.get(type(constraint), "ck")
        name = sa.dialects.postgresql.dialect().identifier_preparer.format_constraint(constraint)  # type: ignore[no-untyped-call]
        assert str(name).strip('"').startswith(f"{prefix}_{table.name}"), name


def test_every_staged_model_is_published_with_some_root() -> None:
    trees = [tree_of(model) for model in STAGED if may_be_root(model)]
    assert {*STAGED} == {model for tree in trees for model in tree}


def test_a_publishing_tree_names_parents_before_what_hangs_below_them() -> None:
    for root in filter(may_be_root, STAGED):
        tree = tree_of(root)
        for place, model in enumerate(tree):
            assert bool(place) == any(parent in tree[:place] for _, parent in model.__parents__)


def test_every_format_of_blocks_is_registered_once_on_each_floor_in_the_same_order() -> None:
    kinds = list(BlockFormat)
    assert [each.format for each in resolvers.formats.FORMATS] == kinds
    assert [each.kind for each in graph.formats.FORMATS] == kinds
    shown = schema()._schema.type_map["BlockFormat"]
    assert isinstance(shown, GraphQLEnumType)
    assert list(shown.values) == [kind.name for kind in kinds]


def _facts(kind: type[Fact] = Fact) -> set[type[Fact]]:
    below = {each for child in kind.__subclasses__() for each in _facts(child)}
    return below | ({kind} if kind is not Fact and kind.type else set())


def test_the_page_of_facts_lists_each_and_each_keeps_its_name() -> None:
    assert set(FACTS) == {each for each in _facts() if not each.__module__.startswith("tests.")}
    assert [each.type for each in FACTS] == FACT_TYPES
    assert len(set(FACT_TYPES)) == len(FACT_TYPES)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.type)
def test_a_fact_is_about_a_row_of_a_table_and_every_field_is_described(fact: type[Fact]) -> None:
    assert fact.subject in metadata.tables
    assert re.match(r"^[A-Z].*\.$", fact.description())
    assert [name for name, info in fact.model_fields.items() if not (info.description or "").endswith(".")] == []


def test_the_permissions_that_policies_speak_of_are_those_there_are() -> None:
    conditions = " ".join(rule.condition for model in models.TABLES for rule in rules_of(model.__policies__))
    assert set(re.findall(r"'(\w+:\w+)'", conditions)) <= set(Scope)


@pytest.mark.parametrize("room", ["resolvers", "graph"])
def test_every_format_of_blocks_has_a_file_of_its_own_and_every_file_is_one(room: str) -> None:
    files = {path.stem for path in (PROJECT / room / "formats").glob("*.py")}
    assert files - FORMAT_KIT == {kind.value for kind in BlockFormat}


def test_every_role_says_what_it_may() -> None:
    assert set(SCOPES_OF_ROLE) == set(Role)
    somewhere = (*SCOPES_OF_ROLE.values(), *SCOPES_WITHIN_COURSE.values())
    assert set().union(*somewhere) == set(Scope)
