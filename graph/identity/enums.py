"""Identity's enums, described."""

from __future__ import annotations

from typing import Any

from core.viewer import ViewerKind
from graph.fields import described
from models.identity import (
    Audience,
    ConnectionStatus,
    ConsentPurpose,
    Digest,
    ExperienceLevel,
    MeetingStyle,
    NotificationChannel,
    NotificationTopic,
    PrivacyLevel,
    Role,
    Scope,
    ScopeType,
    SessionKind,
    UserStatus,
)

described(
    ViewerKind,
    anonymous="Nobody in particular.",
    user="A person who signed in.",
    api_token="A program with an API token.",  # noqa: S106 - words, not a secret
    service="The system itself.",
)
described(
    Scope,
    content_edit="Read drafts, and change them.",
    content_publish="Publish and unpublish.",
    content_import="Import courses from elsewhere.",
    answer_grade="Read what has to be graded by people, and grade it.",
    accommodation_grant="Give people more time or more attempts at an assessment, and see who has more.",
    user_manage="See people and what they may do.",
    user_impersonate="Act as somebody else who may do less, to see what they see.",
    role_grant="Give people roles, and take them back.",
    role_grant_keepers="Give the roles of those who keep the place, admins and super admins, and take them back.",
    audit_read="Read the audit log.",
    schema_read="Read the schema, and open the IDE, where that is not for everybody.",
    events_read="Read the log of all that happened.",
    jobs_manage="See what is done in the background, try it again, and stop it.",
    inbox_manage="Define hooks by which others tell us things, see what came in, and have it handled again.",
    webhooks_manage="Say which facts are sent where, and see what became of that.",
    group_read="See groups, and who is in them.",
    group_moderate="Let people in groups take a break, and end it.",
    results_read="Have the results of assessments as a table: what people answered, and what that earned.",
    group_manage="Make and change groups, and say who is in them.",
    wellbeing_read="See how people are who let the coaches of their course see it, and no answer of theirs.",
    aggregates_read="See how assessments are done by all together: how many begin them, and how tens of people stand.",
    leads_read="See who left an address with a scorecard.",
)
described(
    Role,
    learner="Takes part.",
    champion="Takes part, and brings others along.",
    moderator="Keeps conversations friendly.",
    coach="Accompanies people.",
    host="Runs live sessions.",
    editor="Writes and publishes content.",
    admin="Runs the place, and gives roles below their own.",
    super_admin="Runs the place, and gives every role.",
)
# The object type has the plain name: what people hold and mutations speak of is the role itself.
_role: Any = Role
_role.__strawberry_definition__.name = "RoleName"
described(
    ScopeType,
    **{"global": "Everywhere."},
    course="Within one course.",
    group="Within one group.",
)
described(
    SessionKind,
    browser="A browser, which gets a cookie.",
    app="An app, which gets a pair of tokens.",
)
described(
    UserStatus,
    active="The account may be used.",
    suspended="The account may not be used for now.",
    erased="The person is gone; only what had to be kept is there.",
)
described(
    PrivacyLevel,
    public="Everybody may see the profile.",
    friends_only="Friends may see the profile.",
    private="Nobody else may see the profile.",
)
described(
    Audience,
    everybody="Everybody who may see the profile.",
    friends="Friends.",
    nobody="Nobody else.",
)
described(
    ExperienceLevel,
    beginner="New to it.",
    intermediate="At it for a while.",
    advanced="At it for long.",
)
described(
    MeetingStyle,
    supportive="Gently.",
    direct="Straight to the point.",
    mixed="Sometimes one, sometimes the other.",
)
described(
    ConnectionStatus,
    pending="One asked, the other has not answered yet.",
    accepted="Friends.",
    blocked="One blocked the other, who is not told.",
)
described(
    ConsentPurpose,
    marketing_mail="To get news and offers by mail.",
    wellbeing_data="That answers about one's wellbeing are kept and evaluated.",
    recording="To be recorded in live sessions.",
    child_profile="That a child has a profile.",
)
described(
    NotificationTopic,
    courses="Lessons and themes.",
    sessions="Live sessions.",
    community="What others write.",
    challenges="Challenges.",
    referrals="People one brought along.",
    family="Family and groups.",
    news="News and offers, as far as one agreed to them.",
)
described(
    NotificationChannel,
    email="By mail.",
    sms="By text message.",
    telegram="By Telegram.",
    push="On a device.",
    in_app="In the app.",
)
described(
    Digest,
    off="One by one.",
    daily="Once a day.",
    weekly="Once a week.",
)
