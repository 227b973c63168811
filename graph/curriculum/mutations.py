"""The curriculum's mutations, each one act behind the door."""

from __future__ import annotations

from typing import Annotated, Any

import strawberry

import models.curriculum as models
import models.events as facts
from core.errors import InvalidInput
from graph.context import TRASH
from graph.curriculum.types import Course, Lesson, Module, Theme
from graph.door import Act, Done, Fields, described_as, mutation, plain
from graph.formats import FORMATS
from graph.formats.base import Block
from graph.formats.choosing import BlockContent
from models.identity import Scope
from resolvers import curriculum
from resolvers.content.drafts import Place

Id = Annotated[strawberry.ID, described_as("The object's id.")]
Expected = Annotated[int, described_as("The revision you started from; another one now is a conflict.")]
ExpectedTree = Annotated[int, described_as("The treeRevision you looked at; another one now is a conflict.")]
Number = Annotated[int, described_as("The revision's number.")]
Message = Annotated[str | None, described_as("What changed, for the list of revisions.")]
ThemeId = Annotated[strawberry.ID | None, described_as("The theme it belongs to; null for none.")]
AfterId = Annotated[
    strawberry.ID | None,
    described_as("The sibling to put it after; null puts it first; when absent it goes to the end."),
]
UnlockAfter = Annotated[strawberry.ID | None, described_as("The module to finish first, for the rule AFTER_MODULE.")]
CourseId = Annotated[strawberry.ID, described_as("The course it belongs to.")]
ModuleId = Annotated[strawberry.ID, described_as("The module it belongs to.")]
InLesson = Annotated[strawberry.ID | None, described_as("The lesson it belongs to, if to one.")]
InAssessment = Annotated[strawberry.ID | None, described_as("The assessment it belongs to, if to one.")]
Content = Annotated[BlockContent, described_as("What the block is: exactly one format.")]
Edit, Publish = Scope.CONTENT_EDIT, Scope.CONTENT_PUBLISH

ABSENT: Any = object()


def place(after_id: Any) -> Place:
    """Where among its siblings something goes. Absent: the end. Null: the start. Otherwise behind that sibling."""
    if after_id is ABSENT:
        return Place()
    return Place(at_start=True) if after_id is None else Place(after=after_id)


def _referring(fields: Fields, **references: Any) -> Fields:
    """The fields with those references that were given."""
    return {**fields, **{name: value for name, value in references.items() if value is not ABSENT}}


# Themes --------------------------------------------------------------------------------------------------------------


@mutation(Edit, Theme, creates=True, records=(facts.ThemeCreated,))
async def theme_create(act: Act, fields: Fields) -> str:
    """Makes a new draft theme. Without a slug one is made from the title."""
    return await curriculum.create_theme(act.tx, fields)


@mutation(Edit, Theme, updates=True, records=(facts.ThemeUpdated,))
async def theme_update(act: Act, id: Id, expected_revision: Expected, fields: Fields) -> str:
    """Saves changed fields of a draft theme. What is absent stays as it is."""
    await curriculum.update_theme(act.tx, id, expected_revision, fields)
    return id


@mutation(Edit, Theme, shows=TRASH, records=(facts.ThemeTrashed,))
async def theme_trash(act: Act, id: Id) -> str:
    """Puts a draft theme into the trash. It must be unpublished and have no courses."""
    await curriculum.trash(act.tx, models.Theme, id)
    return id


@mutation(Edit, Theme, records=(facts.ThemeRestored,))
async def theme_restore(act: Act, id: Id) -> str:
    """Takes a theme out of the trash."""
    await curriculum.restore(act.tx, models.Theme, id)
    return id


@mutation(Publish, Theme, records=(facts.ThemePublished,))
async def theme_publish(act: Act, id: Id, message: Message = None) -> Done:
    """Shows readers the theme's draft, and seals it as a revision."""
    number = await curriculum.publish_theme(act.tx, id, message)
    return Done(id, noted={"published_revision": number})


@mutation(Publish, Theme, records=(facts.ThemeUnpublished,))
async def theme_unpublish(act: Act, id: Id) -> str:
    """Takes a theme away from readers. Its courses must be unpublished first."""
    await curriculum.unpublish_theme(act.tx, id)
    return id


@mutation(Edit, Theme, records=(facts.ThemeReverted,))
async def theme_revision_restore(act: Act, id: Id, number: Number, expected_tree_revision: ExpectedTree) -> str:
    """Loads a sealed revision into a theme's draft, which is sealed itself before."""
    await curriculum.restore_theme_revision(act.tx, id, number, expected_tree_revision)
    return id


# Courses -------------------------------------------------------------------------------------------------------------


@strawberry.type(description="An object of the original and its copy.")
class IdMapping:
    """One pair of ids."""

    original: strawberry.ID = strawberry.field(description="The id in the original.")
    copy: strawberry.ID = strawberry.field(description="The id in the copy.")


@strawberry.input(description="A named stretch of days.")
class MilestoneInput:
    """Days count from 1."""

    name: str = strawberry.field(description="The milestone's name, unique in its course.")
    start_day: int = strawberry.field(description="First day, counted from 1.")
    end_day: int = strawberry.field(description="Last day, counted from 1.")


@mutation(Edit, Course, creates=True, records=(facts.CourseCreated,))
async def course_create(act: Act, fields: Fields, theme_id: ThemeId = ABSENT) -> str:
    """Makes a new draft course without modules. Without a slug one is made from the title."""
    return await curriculum.create_course(act.tx, _referring(fields, theme_id=theme_id))


@mutation(Edit, Course, updates=True, records=(facts.CourseUpdated,), within=True)
async def course_update(
    act: Act, id: Id, expected_revision: Expected, fields: Fields, theme_id: ThemeId = ABSENT
) -> str:
    """Saves changed fields of a draft course. What is absent stays as it is; null clears."""
    await curriculum.update_course(act.tx, id, expected_revision, _referring(fields, theme_id=theme_id))
    return id


@mutation(Edit, Course, records=(facts.CourseUpdated,), within=True)
async def course_milestones_set(
    act: Act,
    id: Id,
    expected_revision: Expected,
    milestones: Annotated[list[MilestoneInput], described_as("All milestones, in order.")],
) -> str:
    """Replaces a draft course's milestones. Ranges are in order and do not overlap."""
    await curriculum.set_milestones(act.tx, id, expected_revision, plain(milestones))
    return id


@mutation(
    Edit,
    Course,
    extra={"id_map": (list[IdMapping], "Which object of the original became which of the copy.")},
    records=(facts.CourseCreated,),
)
async def course_duplicate(
    act: Act,
    id: Id,
    title: Annotated[str | None, described_as("The copy's title; made from the original's when absent.")] = None,
    slug: Annotated[str | None, described_as("The copy's slug; made from the original's when absent.")] = None,
) -> Done:
    """Makes a deep copy of a draft course with new ids. What is in the trash is not copied."""
    copy_id, ids = await curriculum.duplicate_course(act.tx, id, title, slug)
    pairs = [IdMapping(original=strawberry.ID(old), copy=strawberry.ID(new)) for old, new in ids.items()]
    return Done(copy_id, {"id_map": pairs})


@mutation(Edit, Course, shows=TRASH, records=(facts.CourseTrashed,))
async def course_trash(act: Act, id: Id) -> str:
    """Puts a draft course with all below it into the trash. It must be unpublished."""
    await curriculum.trash(act.tx, models.Course, id)
    return id


@mutation(Edit, Course, records=(facts.CourseRestored,))
async def course_restore(act: Act, id: Id) -> str:
    """Takes a course, with all that was trashed along with it, out of the trash."""
    await curriculum.restore(act.tx, models.Course, id)
    return id


@mutation(
    Publish,
    Course,
    extra={"revision": (int, "The number of the sealed revision.")},
    records=(facts.CoursePublished,),
    within=True,
)
async def course_publish(
    act: Act,
    id: Id,
    message: Message = None,
    expected_tree_revision: Annotated[int | None, described_as("The course's treeRevision you looked at.")] = None,
) -> Done:
    """Shows readers the course's whole draft at once, and seals it as a revision."""
    number = await curriculum.publish_course(act.tx, id, expected_tree_revision, message)
    return Done(id, {"revision": number}, noted={"published_revision": number})


@mutation(Publish, Course, records=(facts.CourseUnpublished,), within=True)
async def course_unpublish(act: Act, id: Id) -> str:
    """Takes a course away from readers. The draft stays as it is."""
    await curriculum.unpublish_course(act.tx, id)
    return id


@mutation(Edit, Course, records=(facts.CourseReverted,), within=True)
async def course_revision_restore(act: Act, id: Id, number: Number, expected_tree_revision: ExpectedTree) -> str:
    """Loads a sealed revision into the draft. The draft is sealed before; what it has beyond goes to the trash."""
    await curriculum.restore_course_revision(act.tx, id, number, expected_tree_revision)
    return id


# Modules -------------------------------------------------------------------------------------------------------------


_UNLOCK_AFTER = {"unlockAfterModuleId": "unlockAfterId"}


@mutation(Edit, Module, creates=True, names=_UNLOCK_AFTER, records=(facts.ModuleCreated,), within=True)
async def module_create(
    act: Act, course_id: CourseId, fields: Fields, unlock_after_id: UnlockAfter = ABSENT, after_id: AfterId = ABSENT
) -> str:
    """Makes a new module in a draft course."""
    values = _referring(fields, unlock_after_module_id=unlock_after_id)
    return await curriculum.create_module(act.tx, course_id, values, place(after_id))


@mutation(Edit, Module, updates=True, names=_UNLOCK_AFTER, records=(facts.ModuleUpdated,), within=True)
async def module_update(
    act: Act, id: Id, expected_revision: Expected, fields: Fields, unlock_after_id: UnlockAfter = ABSENT
) -> str:
    """Saves changed fields of a draft module. What is absent stays as it is; null clears."""
    values = _referring(fields, unlock_after_module_id=unlock_after_id)
    await curriculum.update_module(act.tx, id, expected_revision, values)
    return id


@mutation(Edit, Module, records=(facts.ModuleMoved,), within=True)
async def module_move(act: Act, id: Id, after_id: AfterId = ABSENT) -> str:
    """Puts a draft module at another place in its course."""
    await curriculum.move_module(act.tx, id, place(after_id))
    return id


@mutation(Edit, Module, shows=TRASH, records=(facts.ModuleTrashed,), within=True)
async def module_trash(act: Act, id: Id) -> str:
    """Puts a draft module with its lessons into the trash. Readers see it until the course is published again."""
    await curriculum.trash(act.tx, models.Module, id)
    return id


@mutation(Edit, Module, records=(facts.ModuleRestored,), within=True)
async def module_restore(act: Act, id: Id) -> str:
    """Takes a module, with all that was trashed along with it, out of the trash."""
    await curriculum.restore(act.tx, models.Module, id)
    return id


# Lessons -------------------------------------------------------------------------------------------------------------


@mutation(Edit, Lesson, creates=True, records=(facts.LessonCreated,), within=True)
async def lesson_create(act: Act, module_id: ModuleId, fields: Fields, after_id: AfterId = ABSENT) -> str:
    """Makes a new lesson in a draft module. Without a slug one is made from the title."""
    return await curriculum.create_lesson(act.tx, module_id, fields, place(after_id))


@mutation(Edit, Lesson, updates=True, records=(facts.LessonUpdated,), within=True)
async def lesson_update(act: Act, id: Id, expected_revision: Expected, fields: Fields) -> str:
    """Saves changed fields of a draft lesson. What is absent stays as it is; null clears."""
    await curriculum.update_lesson(act.tx, id, expected_revision, fields)
    return id


@mutation(Edit, Lesson, records=(facts.LessonMoved,), within=True)
async def lesson_move(
    act: Act,
    id: Id,
    module_id: Annotated[strawberry.ID | None, described_as("The module to move to; its own when absent.")] = None,
    after_id: AfterId = ABSENT,
) -> str:
    """Puts a draft lesson at another place, in its own or another module of its course."""
    await curriculum.move_lesson(act.tx, id, place(after_id), module_id)
    return id


@mutation(Edit, Lesson, shows=TRASH, records=(facts.LessonTrashed,), within=True)
async def lesson_trash(act: Act, id: Id) -> str:
    """Puts a draft lesson with its blocks into the trash. Readers see it until the course is published again."""
    await curriculum.trash(act.tx, models.Lesson, id)
    return id


@mutation(Edit, Lesson, records=(facts.LessonRestored,), within=True)
async def lesson_restore(act: Act, id: Id) -> str:
    """Takes a lesson, with all that was trashed along with it, out of the trash."""
    await curriculum.restore(act.tx, models.Lesson, id)
    return id


# Blocks --------------------------------------------------------------------------------------------------------------


def _chosen(block: Any) -> tuple[models.BlockFormat, dict[str, Any]]:
    """The format that was given, and its values by the names that the actions use."""
    name, given = next((name, value) for name, value in vars(block).items() if value is not None)
    kind = next(each.kind for each in FORMATS if each.kind.value == name)
    values = {
        field: plain(value.value) if isinstance(value, strawberry.Some) else plain(value)
        for field, value in vars(_bare(given)).items()
        if value is not None
    }
    if "markdown" in values:
        values["body"] = values.pop("markdown")
    return kind, values


def _one_parent(lesson_id: str | None, assessment_id: str | None) -> str | None:
    """What a block belongs to; None where nothing is said."""
    if lesson_id is not None and assessment_id is not None:
        raise InvalidInput("A block stands in a lesson or in an assessment, not in both.", "INVALID", ("assessmentId",))
    return assessment_id if lesson_id is None else lesson_id


def _bare(value: Any) -> Any:
    return value.value if isinstance(value, strawberry.Some) else value


@mutation(Edit, Block, names={"body": "markdown"}, records=(facts.BlockCreated,), within=True)
async def block_create(
    act: Act,
    block: Content,
    lesson_id: InLesson = None,
    assessment_id: InAssessment = None,
    after_id: AfterId = ABSENT,
) -> str:
    """Makes a new block in a draft lesson or assessment: say which."""
    kind, values = _chosen(block)
    parent_id = _one_parent(lesson_id, assessment_id)
    if parent_id is None:
        raise InvalidInput("Say which lesson or assessment it belongs to.", "REQUIRED", ("lessonId",))
    return await curriculum.create_block(act.tx, parent_id, kind, values, place(after_id))


@mutation(Edit, Block, names={"body": "markdown"}, records=(facts.BlockUpdated,), within=True)
async def block_update(act: Act, id: Id, expected_revision: Expected, block: Content) -> str:
    """Saves changed fields of a draft block. What is absent stays as it is; null clears. A block keeps its format."""
    kind, values = _chosen(block)
    await curriculum.update_block(act.tx, id, expected_revision, kind, values)
    return id


@mutation(Edit, Block, records=(facts.BlockMoved,), within=True)
async def block_move(
    act: Act,
    id: Id,
    lesson_id: Annotated[strawberry.ID | None, described_as("The lesson to move to, if to another.")] = None,
    assessment_id: Annotated[strawberry.ID | None, described_as("The assessment to move to, if to another.")] = None,
    after_id: AfterId = ABSENT,
) -> str:
    """Puts a draft block at another place, also into another lesson or assessment that is published with it."""
    await curriculum.move_block(act.tx, id, place(after_id), _one_parent(lesson_id, assessment_id))
    return id


@mutation(Edit, Block, shows=TRASH, records=(facts.BlockTrashed,), within=True)
async def block_trash(act: Act, id: Id) -> str:
    """Puts a draft block into the trash. Readers see it until the course is published again."""
    await curriculum.trash(act.tx, models.Block, id)
    return id


@mutation(Edit, Block, records=(facts.BlockRestored,), within=True)
async def block_restore(act: Act, id: Id) -> str:
    """Takes a block out of the trash."""
    await curriculum.restore(act.tx, models.Block, id)
    return id


MUTATIONS = (
    theme_create, theme_update, theme_trash, theme_restore, theme_publish, theme_unpublish, theme_revision_restore,
    course_create, course_update, course_milestones_set, course_duplicate, course_trash, course_restore,
    course_publish, course_unpublish, course_revision_restore,
    module_create, module_update, module_move, module_trash, module_restore,
    lesson_create, lesson_update, lesson_move, lesson_trash, lesson_restore,
    block_create, block_update, block_move, block_trash, block_restore,
)  # fmt: skip
