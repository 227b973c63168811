"""Tables, enums, field rules and row policies: one file per domain."""

from core.tables import Table
from models.assessment import Answer, AnswerMark, AssessmentDay, Attempt, Paper, ScaleAggregate, ScaleScore
from models.audit import AuditLog, AuditSeal
from models.content import Content, Revision, Schedule
from models.curriculum import AnswerKey, Assessment, Block, Branch, Course, Lesson, Milestone, Module, Scale, Theme
from models.events import FactCounter, FactEntry, Follower, Release
from models.grading import Accommodation, Grading, Regrade
from models.groups import Group, GroupInvitation, Membership
from models.identity import (
    ApiToken,
    AuthIdentity,
    AuthSession,
    Connection,
    Consent,
    Impersonation,
    LoginToken,
    NotificationPreference,
    Profile,
    ProfileCard,
    RefreshToken,
    RoleGrant,
    User,
    UserMilestone,
)
from models.importing import ExternalRef, ImportIssue, ImportJob
from models.inbox import InboundHook, InboundSeen, ProviderEvent
from models.jobs import Job, JobTally, ScheduledJob
from models.leads import Lead, LeadCapture
from models.outbox import OutgoingMail
from models.requests import IdempotencyKey, RateLimit
from models.uploads import Upload
from models.webhooks import DeliveryAttempt, Webhook, WebhookDelivery, WebhookLane, WebhookSecret

# Every table of the system, in an order in which each comes after those it refers to.
TABLES: tuple[type[Table], ...] = (
    FactCounter,
    Follower,
    Release,
    FactEntry,
    Job,
    ScheduledJob,
    JobTally,
    OutgoingMail,
    RateLimit,
    IdempotencyKey,
    User,
    UserMilestone,
    RoleGrant,
    AuthIdentity,
    ApiToken,
    LoginToken,
    AuthSession,
    RefreshToken,
    Impersonation,
    Connection,
    Profile,
    ProfileCard,
    Consent,
    NotificationPreference,
    AuditLog,
    AuditSeal,
    InboundHook,
    InboundSeen,
    ProviderEvent,
    Content,
    Revision,
    Schedule,
    Theme,
    Course,
    Milestone,
    Module,
    Lesson,
    Assessment,
    Block,
    Branch,
    AnswerKey,
    Scale,
    Paper,
    Attempt,
    Answer,
    AnswerMark,
    Grading,
    Accommodation,
    Regrade,
    ScaleScore,
    ScaleAggregate,
    AssessmentDay,
    Lead,
    LeadCapture,
    Group,
    Membership,
    GroupInvitation,
    Upload,
    ExternalRef,
    ImportJob,
    ImportIssue,
    Webhook,
    WebhookSecret,
    WebhookLane,
    WebhookDelivery,
    DeliveryAttempt,
)

__all__ = ["TABLES", "Table"]
