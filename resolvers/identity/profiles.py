"""What people tell about themselves and to whom, their settings, and what they agreed to.

A profile is read by its owner alone. What others may see of it is copied, in the same transaction, to one card per
circle of others, and row-level security decides who reads which card. A field that is hidden is in no row that they
can read, so no mistake further up can show it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from core.clock import now
from core.errors import InvalidInput, NotFound, wrong_kind
from core.ids import tag_of
from core.revisions import require_revision
from core.rows import Row
from core.tables import Table, id_type, table_of
from core.viewer import Viewer, refuse_acting_as
from core.writing import Transaction, camel, checked
from models.events import ConsentGranted, ConsentWithdrawn, UserUpdated
from models.identity import (
    Audience,
    Connection,
    ConnectionStatus,
    Consent,
    ConsentPurpose,
    PrivacyLevel,
    Profile,
    ProfileCard,
    User,
)
from resolvers import events

# Of courses, which are no business of this domain.
TAG_OF_COURSE = 0x033

# The fields that can be shown to others at all, and whether each can be hidden by itself.
SHOWABLE = (
    "bio",
    "location",
    "goals_category",
    "experience_level",
    "meeting_style",
    "strengths",
    "help_needed",
)
DEFAULT_AUDIENCE = Audience.FRIENDS

# What is visible -----------------------------------------------------------------------------------------------------


def cards(profile: Mapping[str, Any], display_name: str) -> dict[Audience, dict[str, Any]]:
    """The card for each circle of others that may see anything of this profile.

    Friends see what everybody sees and more; what is for nobody is on no card; a private profile has none.
    """
    level = PrivacyLevel(profile["privacy_level"])
    circles: dict[PrivacyLevel, tuple[Audience, ...]] = {
        PrivacyLevel.PUBLIC: (Audience.EVERYBODY, Audience.FRIENDS),
        PrivacyLevel.FRIENDS_ONLY: (Audience.FRIENDS,),
        PrivacyLevel.PRIVATE: (),
    }
    return {circle: _card(profile, display_name, circle) for circle in circles[level]}


def _card(profile: Mapping[str, Any], display_name: str, circle: Audience) -> dict[str, Any]:
    shown = {name: profile[name] if _is_for(profile, name, circle) else None for name in SHOWABLE}
    return {"display_name": display_name, **shown}


def _is_for(profile: Mapping[str, Any], name: str, circle: Audience) -> bool:
    audience = Audience(profile["visibility"].get(name, DEFAULT_AUDIENCE))
    return audience is Audience.EVERYBODY or (audience is Audience.FRIENDS and circle is Audience.FRIENDS)


# Actions -------------------------------------------------------------------------------------------------------------


async def create(tx: Transaction, user_id: str) -> None:
    """Makes the empty profile of a person, with its cards, unless there is one. Safe to repeat."""
    empty = Profile(id=Profile.new_id(), user_id=user_id, privacy_level=PrivacyLevel.FRIENDS_ONLY)
    row = empty.model_dump(exclude={"created_at", "updated_at"})
    made = await tx.execute(insert(table_of(Profile)).values(**row).on_conflict_do_nothing(index_elements=["user_id"]))
    if made:
        await _write_cards(tx, user_id)


async def update_profile(
    tx: Transaction,
    viewer: Viewer,
    expected_revision: int,
    fields: Mapping[str, Any],
    visibility: Mapping[str, Audience],
) -> str:
    """Saves changed fields of the viewer's own profile, and who may see which; answers its id.

    Raises `Conflict` when somebody saved in between. Nobody does this as somebody else: a profile is private.
    """
    refuse_acting_as(viewer)
    values = checked(Profile, fields)
    await create(tx, str(viewer.user_id))
    kept = await _locked(tx, Profile, Profile.__table__.c.user_id == viewer.user_id)  # type: ignore[attr-defined]
    unknown = sorted(set(visibility) - set(SHOWABLE))
    if unknown:
        raise InvalidInput(f"{unknown[0]} cannot be shown to others.", "INVALID", ("visibility",))
    if visibility:
        values["visibility"] = {**kept.visibility, **{name: each.value for name, each in visibility.items()}}
    require_revision(kept, expected_revision, fields)
    await _save(tx, Profile, kept, values)
    await _write_cards(tx, str(viewer.user_id))
    _tell_saved(tx, viewer, [*fields, *(["visibility"] if visibility else [])])
    profile_id: str = kept.id
    return profile_id


async def update_settings(tx: Transaction, viewer: Viewer, expected_revision: int, fields: Mapping[str, Any]) -> str:
    """Saves changed settings of the viewer; answers their id. Raises `Conflict` when somebody saved in between."""
    values = checked(User, fields)
    kept = await _locked(tx, User, User.__table__.c.id == viewer.user_id)  # type: ignore[attr-defined]
    require_revision(kept, expected_revision, fields)
    await _save(tx, User, kept, values)
    if "display_name" in values:
        # Not made anew from the profile, which may be hidden from who acts.
        card = table_of(ProfileCard)
        named = {"display_name": values["display_name"], "updated_at": sa.func.now()}
        await tx.execute(sa.update(card).where(card.c.user_id == kept.id).values(**named))
    _tell_saved(tx, viewer, fields)
    user_id: str = kept.id
    return user_id


def _tell_saved(tx: Transaction, viewer: Viewer, fields: Iterable[str]) -> None:
    events.record(tx, UserUpdated(subject_id=str(viewer.user_id), fields=[camel(name) for name in fields]))


async def _locked(tx: Transaction, model: type[Table], condition: Any) -> Row:
    found = await tx.row(sa.select(table_of(model)).where(condition).with_for_update())
    if found is None:
        raise NotFound(table_of(model).name, ())
    return found


async def _save(tx: Transaction, model: type[Table], kept: Row, values: Mapping[str, Any]) -> None:
    table = table_of(model)
    changed = {name: value for name, value in values.items() if getattr(kept, name) != value}
    if changed:
        await tx.execute(
            sa.update(table)
            .where(table.c.id == kept.id)
            .values(**changed, revision=table.c.revision + 1, updated_at=now())
        )


async def _write_cards(tx: Transaction, user_id: str) -> None:
    """Makes the cards what the profile says they are."""
    user, profile, card = table_of(User), table_of(Profile), table_of(ProfileCard)
    found = await tx.row(
        sa.select(profile, user.c.display_name)
        .join(user, user.c.id == profile.c.user_id)
        .where(profile.c.user_id == user_id)
    )
    if found is None:
        return
    shown = cards(vars(found), found.display_name)
    await tx.execute(sa.delete(card).where(card.c.user_id == user_id, ~(card.c.audience == sa.any_(_texts(shown)))))
    for audience, values in shown.items():
        row = {"id": ProfileCard.new_id(), "user_id": user_id, "audience": audience.value, **values}
        row |= {"is_open": True, "hidden_from": _blocked_by(user_id)}
        await tx.execute(
            insert(card)
            .values(**row)
            .on_conflict_do_update(index_elements=["user_id", "audience"], set_={**values, "updated_at": sa.func.now()})
        )


async def write_blocks(tx: Transaction, user_id: str) -> None:
    """Makes the cards of a person closed to those whom they have blocked, and to nobody else."""
    card = table_of(ProfileCard)
    closed = {"hidden_from": _blocked_by(user_id), "updated_at": sa.func.now()}
    await tx.execute(sa.update(card).where(card.c.user_id == user_id).values(**closed))


def _blocked_by(user_id: str) -> sa.ColumnElement[Any]:
    """An array of those whom a person has blocked: rows that they and the service see, and nobody else."""
    pair = table_of(Connection)
    other = sa.case((pair.c.user_low == user_id, pair.c.user_high), else_=pair.c.user_low)
    blocked = sa.select(other).where(
        sa.or_(pair.c.user_low == user_id, pair.c.user_high == user_id),
        pair.c.requested_by == user_id,
        pair.c.status == ConnectionStatus.BLOCKED.value,
    )
    return sa.func.array(blocked.scalar_subquery())


def _texts(words: Iterable[str]) -> Any:
    return sa.bindparam(None, [str(word) for word in words], type_=ARRAY(sa.Text))


async def grant_consent(
    tx: Transaction, viewer: Viewer, purpose: ConsentPurpose, version: str, course_id: str | None = None
) -> str:
    """Notes that the viewer agrees to this version, in place of an older one; answers the consent's id.

    To agree twice to the same version is to agree once. Wellbeing data may be agreed on for one course, whose coaches
    may see it from then on.
    """
    values = checked(Consent, {"version": version})
    _require_course(purpose, course_id)
    standing = await _standing(tx, viewer, purpose, course_id)
    if standing is not None and standing.version == values["version"]:
        return str(standing.id)
    if standing is not None:
        await _withdraw(tx, standing.id)
    consent_id = Consent.new_id()
    mine = {"id": consent_id, "user_id": viewer.user_id, "course_id": course_id}
    await tx.insert(Consent, [{**mine, "purpose": purpose.value, "granted_at": now(), **values}])
    told = {"purpose": purpose, "consent_version": values["version"], "course_id": course_id}
    events.record(tx, ConsentGranted(subject_id=str(viewer.user_id), **told))
    return consent_id


async def withdraw_consent(
    tx: Transaction, viewer: Viewer, purpose: ConsentPurpose, course_id: str | None = None
) -> str:
    """Takes the viewer's consent back; answers its id. Raises `InvalidInput` when there is none."""
    _require_course(purpose, course_id)
    standing = await _standing(tx, viewer, purpose, course_id)
    if standing is None:
        raise InvalidInput("You have not agreed to this.", "NOT_FOUND", ("purpose",))
    await _withdraw(tx, standing.id)
    events.record(tx, ConsentWithdrawn(subject_id=str(viewer.user_id), purpose=purpose, course_id=course_id))
    return str(standing.id)


def _require_course(purpose: ConsentPurpose, course_id: str | None) -> None:
    """Refuses a course where none is spoken of, and an id of something else."""
    if course_id is None:
        return
    if purpose is not ConsentPurpose.WELLBEING_DATA:
        raise InvalidInput("Only wellbeing data are agreed on for one course.", "INVALID", ("courseId",))
    if tag_of(course_id) != TAG_OF_COURSE:
        raise InvalidInput(wrong_kind("course"), "WRONG_KIND_OF_ID", ("courseId",))


async def _standing(tx: Transaction, viewer: Viewer, purpose: ConsentPurpose, course_id: str | None) -> Row | None:
    table = table_of(Consent)
    return await tx.row(
        sa.select(table.c.id, table.c.version)
        .where(table.c.user_id == viewer.user_id, table.c.purpose == purpose.value, table.c.withdrawn_at.is_(None))
        .where(table.c.course_id.is_not_distinct_from(sa.literal(course_id, id_type())))
        .with_for_update()
    )


async def _withdraw(tx: Transaction, consent_id: str) -> None:
    table = table_of(Consent)
    await tx.execute(sa.update(table).where(table.c.id == consent_id).values(withdrawn_at=now(), updated_at=now()))
