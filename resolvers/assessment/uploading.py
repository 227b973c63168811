"""Uploading a file for an answer, while the attempt is under way."""

from __future__ import annotations

from core.rows import Row
from core.viewer import Viewer
from core.writing import Transaction
from resolvers import uploads
from resolvers.assessment.attempts import lock_person, question_under_way
from resolvers.assessment.files import place_of, require_wanted
from resolvers.assessment.walking import question_of
from resolvers.uploads import Files, FileToCome


async def announce(
    tx: Transaction, files: Files, viewer: Viewer, attempt_id: str, block_id: str, coming: FileToCome
) -> Row:
    """Makes room for a file that an answer is going to hand in; answers the row of its upload."""
    # The person before the attempt, as everywhere.
    await lock_person(tx, str(viewer.user_id))
    attempt, entry = await question_under_way(tx, viewer, attempt_id, block_id)
    require_wanted(question_of(entry), coming)
    return await uploads.announce(tx, files, attempt.user_id, place_of(attempt.id, block_id), coming)
