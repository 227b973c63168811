"""The mutations of assessments, each one act behind the door."""

from __future__ import annotations

from typing import Annotated

import strawberry

import models.curriculum as models
import models.events as facts
from graph.context import TRASH
from graph.curriculum.mutations import ABSENT, AfterId, Expected, ExpectedTree, Id, Message, Number, place
from graph.curriculum.types import Assessment
from graph.door import Act, Done, Fields, described_as, mutation
from models.identity import Scope
from resolvers import curriculum

Edit, Publish = Scope.CONTENT_EDIT, Scope.CONTENT_PUBLISH


@mutation(Edit, Assessment, creates=True, records=(facts.AssessmentCreated,), within=True)
async def assessment_create(
    act: Act,
    fields: Fields,
    lesson_id: Annotated[
        strawberry.ID | None, described_as("The lesson it is part of; when absent, it stands by itself.")
    ] = None,
    after_id: AfterId = ABSENT,
) -> str:
    """Makes a new draft assessment without questions. One that stands by itself gets a slug from its title."""
    return await curriculum.create_assessment(act.tx, fields, lesson_id, place(after_id))


@mutation(Edit, Assessment, updates=True, records=(facts.AssessmentUpdated,), within=True)
async def assessment_update(act: Act, id: Id, expected_revision: Expected, fields: Fields) -> str:
    """Saves changed fields of a draft assessment. What is absent stays as it is; null clears."""
    await curriculum.update_assessment(act.tx, id, expected_revision, fields)
    return id


@mutation(Edit, Assessment, records=(facts.AssessmentMoved,), within=True)
async def assessment_move(
    act: Act,
    id: Id,
    lesson_id: Annotated[strawberry.ID | None, described_as("The lesson to move to; its own when absent.")] = None,
    after_id: AfterId = ABSENT,
) -> str:
    """Puts a draft assessment at another place, in its own or another lesson of its course."""
    await curriculum.move_assessment(act.tx, id, place(after_id), lesson_id)
    return id


@mutation(Edit, Assessment, shows=TRASH, records=(facts.AssessmentTrashed,), within=True)
async def assessment_trash(act: Act, id: Id) -> str:
    """Puts a draft assessment with its questions into the trash. One that stands by itself must be unpublished."""
    await curriculum.trash(act.tx, models.Assessment, id)
    return id


@mutation(Edit, Assessment, records=(facts.AssessmentRestored,), within=True)
async def assessment_restore(act: Act, id: Id) -> str:
    """Takes an assessment, with all that was trashed along with it, out of the trash."""
    await curriculum.restore(act.tx, models.Assessment, id)
    return id


@mutation(
    Publish,
    Assessment,
    extra={"revision": (int, "The number of the sealed revision.")},
    records=(facts.AssessmentPublished,),
)
async def assessment_publish(
    act: Act,
    id: Id,
    message: Message = None,
    expected_tree_revision: Annotated[int | None, described_as("The treeRevision you looked at.")] = None,
) -> Done:
    """Shows readers the draft of an assessment that stands by itself, and seals it as a revision."""
    number = await curriculum.publish_assessment(act.tx, id, expected_tree_revision, message)
    return Done(id, {"revision": number}, noted={"published_revision": number})


@mutation(Publish, Assessment, records=(facts.AssessmentUnpublished,))
async def assessment_unpublish(act: Act, id: Id) -> str:
    """Takes an assessment that stands by itself away from readers. The draft stays as it is."""
    await curriculum.unpublish_assessment(act.tx, id)
    return id


@mutation(Edit, Assessment, records=(facts.AssessmentReverted,))
async def assessment_revision_restore(act: Act, id: Id, number: Number, expected_tree_revision: ExpectedTree) -> str:
    """Loads a sealed revision into the draft of an assessment that stands by itself; the draft is sealed before."""
    await curriculum.restore_assessment_revision(act.tx, id, number, expected_tree_revision)
    return id


MUTATIONS = (
    assessment_create, assessment_update, assessment_move, assessment_trash, assessment_restore,
    assessment_publish, assessment_unpublish, assessment_revision_restore,
)  # fmt: skip
