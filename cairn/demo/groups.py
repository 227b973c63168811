"""Loads the demo cohort and its pods through the same actions that staff use, with a coach for all three."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from core.viewer import SERVICE
from core.writing import Transaction
from models.groups import GroupKind, GroupStatus, MemberRole
from models.identity import Role, ScopeType
from resolvers import identity
from resolvers.groups import lifecycle, members
from resolvers.identity import roles

CONTENT = Path(__file__).parent / "content" / "groups.yaml"


async def load(tx: Transaction) -> None:
    """Makes the people and the groups."""
    written: dict[str, Any] = yaml.safe_load(CONTENT.read_text(encoding="utf-8"))
    people = {key: await _person(tx, key, name, Role.LEARNER) for key, name in written["people"].items()}
    coach = await _person(tx, written["coach"]["key"], written["coach"]["name"], Role.COACH)
    for group in written["groups"]:
        group_id = await _load_group(tx, group, people)
        await roles.give(tx, coach, Role.COACH, ScopeType.GROUP, group_id)


async def _person(tx: Transaction, key: str, name: str, role: Role) -> str:
    return await identity.ensure_user(tx, f"{key}@demo.example", name, role)


async def _load_group(tx: Transaction, group: Mapping[str, Any], people: Mapping[str, str]) -> str:
    own = {name: value for name, value in group.items() if name not in {"kind", "members"}}
    group_id = await lifecycle.create(tx, SERVICE, GroupKind(group["kind"]), own)
    for key in group["members"]:
        await members.add(tx, SERVICE, group_id, people[key], MemberRole.MEMBER)
    await lifecycle.move(tx, group_id, GroupStatus.ACTIVE)
    return group_id
