"""What people tell about themselves, to whom, and what they agreed to."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import Field as Rule
from pydantic import StringConstraints
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from core.policies import VIEWER_ID, InsideRead, OwnRows, PrivateRows, PublicRead, RelatedRead, StaffRead
from core.tables import Table, enum_column, id_column, id_type, instant_column, json_column, table_of
from models.identity.access import Scope
from models.identity.friends import IS_CLOSE, IS_FRIENDS

Words = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]
Tags = Annotated[list[Tag], Rule(max_length=20)]


class PrivacyLevel(StrEnum):
    """Who may see a profile at all."""

    PUBLIC = "public"
    FRIENDS_ONLY = "friends_only"
    PRIVATE = "private"


class Audience(StrEnum):
    """Who may see one field of a profile; never more people than may see the profile."""

    EVERYBODY = "everybody"
    FRIENDS = "friends"
    NOBODY = "nobody"


class ExperienceLevel(StrEnum):
    """How long somebody has been at it."""

    BEGINNER = "beginner"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


class MeetingStyle(StrEnum):
    """How somebody likes to be met."""

    SUPPORTIVE = "supportive"
    DIRECT = "direct"
    MIXED = "mixed"


class Profile(Table, table=True):
    """What a person tells about themselves. Only they read it: what others may see is copied to their card."""

    __tablename__ = "profile"
    __tag__ = 0x017
    __policies__ = (PrivateRows(commands=("SELECT", "INSERT", "UPDATE")),)
    __table_args__ = (
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("user_id"),
        sa.CheckConstraint("experience_level IN ('beginner', 'intermediate', 'advanced')", name="experience_level"),
        sa.CheckConstraint("meeting_style IN ('supportive', 'direct', 'mixed')", name="meeting_style"),
    )

    id: str = id_column(primary=True)
    user_id: str = id_column()
    bio: Text = Field(
        default="", max_length=2000, sa_column_kwargs={"server_default": ""}, description="A few words about oneself."
    )
    location: Words | None = Field(default=None, max_length=200, description="Where the person lives, as they put it.")
    goals_category: Words | None = Field(default=None, max_length=200, description="What the person works towards.")
    experience_level: ExperienceLevel | None = Field(
        default=None, sa_type=sa.String(40), description="How long they have been at it."
    )
    meeting_style: MeetingStyle | None = Field(
        default=None, sa_type=sa.String(40), description="How they like to be met."
    )
    strengths: Tags = Field(
        default_factory=list,
        sa_type=ARRAY(sa.Text),
        sa_column_kwargs={"server_default": "{}", "nullable": False},
        description="What they are good at; at most 20.",
    )
    help_needed: Tags = Field(
        default_factory=list,
        sa_type=ARRAY(sa.Text),
        sa_column_kwargs={"server_default": "{}", "nullable": False},
        description="What they would like help with; at most 20.",
    )
    love_language_primary: Words | None = Field(default=None, max_length=200, description="What shows them love.")
    love_language_secondary: Words | None = Field(
        default=None, max_length=200, description="What shows them love as well."
    )
    relationship_preferences: Text | None = Field(
        default=None, max_length=2000, description="What they wish for in a relationship."
    )
    visibility: dict[str, Any] = json_column(description="Who may see which field; what is not named goes to friends.")
    privacy_level: PrivacyLevel = enum_column(
        PrivacyLevel, PrivacyLevel.FRIENDS_ONLY, description="Who may see the profile at all."
    )
    social_sharing_enabled: bool = Field(
        default=True,
        sa_column_kwargs={"server_default": sa.true()},
        description="Whether what they achieve may be shown to others.",
    )
    revision: int = Field(
        default=1,
        ge=1,
        sa_column_kwargs={"server_default": "1"},
        description="How often it was saved. Send it as expectedRevision.",
    )


# To whoever was blocked, the card of whoever blocked them is as closed as that of somebody who is gone.
_IS_SHOWN = f"is_open AND ({VIEWER_ID} = ANY (hidden_from)) IS NOT TRUE"


class ProfileCard(Table, table=True):
    """What one circle of others may see of a person, and nothing besides: what is hidden is in no row they can read."""

    __tablename__ = "profile_card"
    __tag__ = 0x018
    __hidden__ = ("is_open", "hidden_from")
    __policies__ = (
        PublicRead(f"audience = 'everybody' AND {_IS_SHOWN}"),
        RelatedRead(f"(audience = 'friends' AND {_IS_SHOWN} AND ({IS_FRIENDS} OR {IS_CLOSE}))"),
        OwnRows(commands=("SELECT", "INSERT", "UPDATE", "DELETE")),
        StaffRead(Scope.USER_MANAGE),
    )
    __table_args__ = (
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("user_id", "audience"),
        sa.CheckConstraint("audience IN ('everybody', 'friends')", name="audience"),
    )

    id: str = id_column(primary=True)
    user_id: str = id_column(description="Whose card it is.")
    audience: Audience = Field(sa_type=sa.String(40), description="Who may see it.")
    display_name: str = Field(max_length=50, description="The name that others see.")
    bio: str | None = Field(default=None, max_length=2000, description="A few words about oneself.")
    location: str | None = Field(default=None, max_length=200, description="Where the person lives, as they put it.")
    goals_category: str | None = Field(default=None, max_length=200, description="What the person works towards.")
    experience_level: ExperienceLevel | None = Field(
        default=None, sa_type=sa.String(40), description="How long they have been at it."
    )
    meeting_style: MeetingStyle | None = Field(
        default=None, sa_type=sa.String(40), description="How they like to be met."
    )
    strengths: list[str] | None = Field(default=None, sa_type=ARRAY(sa.Text), description="What they are good at.")
    help_needed: list[str] | None = Field(
        default=None, sa_type=ARRAY(sa.Text), description="What they would like help with."
    )
    # Kept by a trigger: false once the person is suspended or erased, whoever does that.
    is_open: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    # Whom the person has blocked.
    hidden_from: list[str] = Field(
        default_factory=list, sa_type=ARRAY(id_type()), sa_column_kwargs={"server_default": sa.text("'{}'")}
    )


# The cards of somebody who is suspended or erased are closed, whoever does that and by whatever way.
for _statement in (
    "CREATE FUNCTION cairn_open_cards() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " UPDATE profile_card SET is_open = (NEW.status = 'active') WHERE user_id = NEW.id; RETURN NULL; END $$",
    'CREATE TRIGGER cairn_open_cards AFTER UPDATE OF status ON "user" FOR EACH ROW'
    " WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION cairn_open_cards()",
):
    sa.event.listen(table_of(ProfileCard), "after_create", sa.DDL(_statement))  # type: ignore[no-untyped-call]


class ConsentPurpose(StrEnum):
    """What a person may agree to."""

    MARKETING_MAIL = "marketing_mail"
    WELLBEING_DATA = "wellbeing_data"
    RECORDING = "recording"
    CHILD_PROFILE = "child_profile"


class Consent(Table, table=True):
    """That a person agreed to one version of a text, and when they took it back."""

    __tablename__ = "consent"
    __tag__ = 0x019
    __policies__ = (
        OwnRows(commands=("SELECT", "INSERT")),
        OwnRows(commands=("UPDATE",), columns=("withdrawn_at", "updated_at")),
        StaffRead(Scope.USER_MANAGE),
        # The coaches of a course see who lets them see how they are.
        InsideRead(
            Scope.WELLBEING_READ, "purpose = 'wellbeing_data' AND withdrawn_at IS NULL AND course_id = ANY (ROOTS)"
        ),
    )
    __table_args__ = (
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE"),
        sa.CheckConstraint("course_id IS NULL OR purpose = 'wellbeing_data'", name="course_id"),
        sa.Index(
            "uq_consent_user_id_purpose",
            "user_id",
            "purpose",
            "course_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=sa.text("withdrawn_at IS NULL"),
        ),
        sa.Index(None, "user_id"),
    )

    id: str = id_column(primary=True)
    user_id: str = id_column()
    purpose: ConsentPurpose = enum_column(ConsentPurpose, description="What was agreed to.")
    course_id: str | None = id_column(
        nullable=True, description="Of wellbeing data: the course whose coaches may see it; null for nobody else."
    )
    version: Tag = Field(max_length=60, description="Which edition of the text was shown.")
    granted_at: datetime = instant_column(nullable=False, description="When the person agreed.")
    withdrawn_at: datetime | None = instant_column(description="When the person took it back.")
