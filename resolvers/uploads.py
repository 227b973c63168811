"""Files that people upload: announced, sent to the storage itself, looked at, kept while something refers to them.

The row of an upload is committed before anybody is told where to send the file, and removed after the file was: killed
between any two steps, nothing is kept that no row knows of. What nothing refers to is swept.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from core.database import Database
from core.errors import DomainError, InvalidInput, NotFound, SeveralErrors, wrong_kind
from core.ids import tag_of
from core.jobs import JobKind, Priority
from core.relations import Relation, Sort
from core.rows import Row
from core.tables import id_type, table_of
from core.text import unified
from core.viewer import SERVICE, Viewer
from core.writing import Transaction, transaction
from gateways.storage import EXTENSIONS, Announced, NotAsAnnounced, NotKept, Storage, Target, verify
from gateways.storage.base import UPLOAD_SECONDS
from models.identity import User
from models.uploads import Upload, UploadPurpose, UploadStatus
from resolvers import jobs

CHECK = JobKind("check_upload", priority=Priority.HIGH, time_limit=900)
SWEEP = JobKind("sweep_uploads", priority=Priority.LOW, time_limit=1800, schedule="37 * * * *")
UPLOAD = table_of(Upload)
UPLOADS = Relation(Upload, sorts={"NEWEST": Sort("id", descending=True)})
UPLOAD_BY_ID = Relation(Upload, "id")
# How long a file is waited for, and how long one is left alone to which nothing refers.
_WAIT, _GRACE = timedelta(days=1), timedelta(days=1)
# So long something may still arrive at an address that was handed out: until then the row knows of the file, and its
# room is taken.
_LATE = timedelta(seconds=3 * UPLOAD_SECONDS)
_AT_ONCE = 200
_ALIVE = (UploadStatus.AWAITED, UploadStatus.CHECKING, UploadStatus.READY)
_MAX_NAME = 200
# An anonymous account has a twentieth of the room of others.
ANONYMOUS_SHARE = 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Files:
    """Where files are kept, and how many: bytes of one file, bytes and files of one person."""

    storage: Storage
    max_bytes: int = 500_000_000
    person_bytes: int = 2_000_000_000
    person_files: int = 1_000


@dataclass(frozen=True)
class FileToCome:
    """What somebody says that they are going to upload."""

    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Place:
    """What a file is for."""

    purpose: UploadPurpose
    about_id: str
    place_id: str


# Who may -------------------------------------------------------------------------------------------------------------


async def own(tx: Transaction, viewer: Viewer, upload_id: str) -> Row:
    """The viewer's upload, locked; raises `NotFound` for anybody else's."""
    if tag_of(upload_id) != Upload.__tag__:
        raise InvalidInput(wrong_kind("upload"), "WRONG_KIND_OF_ID", ("id",))
    mine = sa.and_(UPLOAD.c.id == upload_id, UPLOAD.c.user_id == viewer.user_id)
    found = await tx.row(sa.select(UPLOAD).where(mine).with_for_update())
    if found is None:
        raise NotFound("upload")
    return found


# Actions -------------------------------------------------------------------------------------------------------------


async def announce(tx: Transaction, files: Files, user_id: str, place: Place, coming: FileToCome) -> Row:
    """Makes room for a file; answers the row of its upload. The same file announced again has the same upload.

    Raises `SeveralErrors` with what cannot be taken, and `DomainError` where the person has no room left.
    """
    coming = _checked(coming, files.max_bytes)
    await _lock_person(tx, user_id)
    is_same = sa.and_(
        UPLOAD.c.user_id == user_id,
        UPLOAD.c.purpose == place.purpose.value,
        UPLOAD.c.about_id == place.about_id,
        UPLOAD.c.place_id == place.place_id,
        UPLOAD.c.sha256 == coming.sha256,
        UPLOAD.c.name == coming.name,
        UPLOAD.c.media_type == coming.media_type,
        UPLOAD.c.size == coming.size,
        sa.or_(*(UPLOAD.c.status == each.value for each in _ALIVE)),
    )
    again = sa.update(UPLOAD).where(is_same).values(expires_at=sa.func.now() + _WAIT, updated_at=sa.func.now())
    if found := await tx.row(again.returning(*UPLOAD.c)):
        return found
    await _require_room(tx, files, user_id, coming.size)
    row = {
        "id": Upload.new_id(),
        "user_id": user_id,
        "purpose": place.purpose.value,
        "about_id": place.about_id,
        "place_id": place.place_id,
        "key": secrets.token_hex(24),
        "name": coming.name,
        "media_type": coming.media_type,
        "size": coming.size,
        "sha256": coming.sha256,
        "status": UploadStatus.AWAITED.value,
        "is_kept": False,
        "expires_at": sa.func.now() + _WAIT,
    }
    made = await tx.row(sa.insert(UPLOAD).values(row).returning(*UPLOAD.c))
    assert made is not None
    return made


async def target(files: Files, upload: Row) -> Target | None:
    """Where the file is to be sent, for a quarter of an hour; None when it is here already."""
    if upload.status != UploadStatus.AWAITED.value:
        return None
    return await files.storage.upload(upload.key, _announced(upload))


async def complete(tx: Transaction, viewer: Viewer, upload_id: str) -> str | None:
    """Has the file looked at, now that it is there; answers the id of the job. Done again it changes nothing.

    Whoever is looking at this moment may have looked before it was there: they notice, and look again.
    """
    upload = await own(tx, viewer, upload_id)
    if upload.status not in (UploadStatus.AWAITED.value, UploadStatus.CHECKING.value):
        return None
    await _set(tx, upload_id, status=UploadStatus.CHECKING.value, reason=None)
    return await jobs.enqueue(tx, CHECK, {"upload_id": upload_id}, unique_key=f"check_upload:{upload_id}")


async def remove(tx: Transaction, viewer: Viewer, upload_id: str) -> None:
    """Gives a file up to which nothing refers. Raises `DomainError` where something does."""
    upload = await own(tx, viewer, upload_id)
    if upload.is_kept:
        raise DomainError("An answer hands this file in. Change the answer first.", "IN_USE", ("id",))
    await _set(tx, upload_id, status=UploadStatus.REMOVING.value)
    await jobs.enqueue(tx, SWEEP, {}, unique_key="sweep_uploads")


async def keep(tx: Transaction, user_id: str, place: Place, upload_ids: Sequence[str]) -> None:
    """Notes that just these files of a place are referred to. Raises `SeveralErrors`, with the place of each in the
    list, for what is not the person's, is for something else, or is not found to be in order yet.
    """
    here = sa.and_(
        UPLOAD.c.user_id == user_id,
        UPLOAD.c.purpose == place.purpose.value,
        UPLOAD.c.about_id == place.about_id,
        UPLOAD.c.place_id == place.place_id,
    )
    found = {
        row.id: row for row in await tx.rows(sa.select(UPLOAD).where(here).order_by(UPLOAD.c.id).with_for_update())
    }
    errors = [
        InvalidInput(reason, code, (index,))
        for index, each in enumerate(upload_ids)
        for reason, code in _problem(found.get(each))
    ]
    if errors:
        raise SeveralErrors(errors)
    wanted = sa.func.coalesce(UPLOAD.c.id == _any(upload_ids), sa.false())
    changed = sa.or_(UPLOAD.c.is_kept, wanted)
    await tx.execute(sa.update(UPLOAD).where(here, changed).values(is_kept=wanted, updated_at=sa.func.now()))


async def keep_at_most(tx: Transaction, purpose: UploadPurpose, about_id: str, place_ids: Sequence[str]) -> None:
    """Lets go of all files of something but those in these places."""
    here = sa.and_(UPLOAD.c.purpose == purpose.value, UPLOAD.c.about_id == about_id, UPLOAD.c.is_kept)
    elsewhere = sa.update(UPLOAD).where(here, ~(UPLOAD.c.place_id == _any(place_ids)))
    await tx.execute(elsewhere.values(is_kept=False, updated_at=sa.func.now()))


def _problem(upload: Row | None) -> list[tuple[str, str]]:
    if upload is None or upload.status == UploadStatus.REMOVING.value:
        return [("There is no such file of yours for this question.", "NOT_FOUND")]
    if upload.status == UploadStatus.READY.value:
        return []
    reason = upload.reason or "It has not arrived, or is still being looked at."
    return [(f"This file cannot be handed in: {reason}", "NOT_READY")]


def _checked(coming: FileToCome, most: int) -> FileToCome:
    """The file with its name, type and hash as they will stand."""
    name = unified(coming.name).strip()
    media_type, digest = coming.media_type.strip().lower(), coming.sha256.strip().lower()
    errors = []
    if problem := _wrong_name(name):
        errors.append(InvalidInput(problem, "INVALID", ("name",)))
    if media_type not in EXTENSIONS:
        errors.append(InvalidInput("Files of this type are not taken.", "INVALID", ("mediaType",)))
    elif not errors and name.rpartition(".")[2].lower() not in EXTENSIONS[media_type]:
        endings = " or ".join(f".{each}" for each in sorted(EXTENSIONS[media_type]))
        errors.append(InvalidInput(f"The name of such a file ends in {endings}.", "INVALID", ("name",)))
    if not 1 <= coming.size <= most:
        errors.append(InvalidInput(f"A file has 1 to {most} bytes.", "INVALID", ("size",)))
    if not _SHA256.fullmatch(digest):
        errors.append(InvalidInput("A SHA-256 has 64 hexadecimal digits.", "INVALID", ("sha256",)))
    if errors:
        raise SeveralErrors(errors)
    return FileToCome(name, media_type, coming.size, digest)


def _wrong_name(name: str) -> str | None:
    """What is wrong with the name of a file: paths, and letters that are not seen or turn others round."""
    if not 1 <= len(name) <= _MAX_NAME:
        return f"A name has 1 to {_MAX_NAME} letters."
    if any(each in '/\\:*?"<>|' or unicodedata.category(each)[0] == "C" for each in name) or name.startswith("."):
        return 'A name begins with no dot, and holds none of / \\ : * ? " < > | and nothing that is not seen.'
    return None


async def _lock_person(tx: Transaction, user_id: str) -> None:
    """One announcement at a time for each person, on however many servers."""
    user = table_of(User)
    await tx.rows(sa.select(user.c.id).where(user.c.id == user_id).with_for_update(key_share=True))


async def _require_room(tx: Transaction, files: Files, user_id: str, size: int) -> None:
    held = sa.select(
        sa.func.count().label("files"),
        sa.cast(sa.func.coalesce(sa.func.sum(UPLOAD.c.size), 0), sa.BigInteger).label("bytes"),
    ).where(UPLOAD.c.user_id == user_id)
    (found,) = await tx.rows(held)
    user = table_of(User)
    # Anybody has as many anonymous accounts as they like.
    nameless = await tx.row(sa.select(user.c.id).where(user.c.id == user_id, user.c.is_anonymous)) is not None
    share = ANONYMOUS_SHARE if nameless else 1
    most_files, most_bytes = max(1, files.person_files // share), files.person_bytes // share
    if found.files >= most_files:
        raise DomainError(f"You have {found.files} files here, and no more are taken.", "NO_ROOM", ("size",))
    if found.bytes + size > most_bytes:
        left = max(most_bytes - found.bytes, 0)
        raise DomainError(f"There is room for {left} more bytes of yours.", "NO_ROOM", ("size",))


async def _set(tx: Transaction, upload_id: str, **values: object) -> None:
    await tx.execute(sa.update(UPLOAD).where(UPLOAD.c.id == upload_id).values(**values, updated_at=sa.func.now()))


def _announced(upload: Row) -> Announced:
    return Announced(upload.media_type, upload.size, upload.sha256)


def _any(ids: Sequence[str]) -> sa.ColumnElement[str]:
    return sa.any_(sa.literal(list(ids), ARRAY(id_type())))  # type: ignore[return-value]


# Reactions -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What a look at a file came to."""

    status: UploadStatus
    reason: str | None
    # When it was last said that the file is there.
    asked_at: datetime


async def look(database: Database, files: Files, upload_id: str) -> Seen | None:
    """Looks at a file that arrived; None when there is nothing to look at. Raises `NotKept` when that does not work."""
    async with transaction(database, SERVICE) as tx:
        upload = await tx.row(sa.select(UPLOAD).where(UPLOAD.c.id == upload_id))
    if upload is None or upload.status != UploadStatus.CHECKING.value:
        return None
    if await files.storage.size(upload.key) is None:
        return Seen(UploadStatus.AWAITED, "The file has not arrived.", upload.updated_at)
    try:
        await verify(files.storage, upload.key, _announced(upload))
    except NotAsAnnounced as error:
        return Seen(UploadStatus.REFUSED, str(error), upload.updated_at)
    return Seen(UploadStatus.READY, None, upload.updated_at)


async def settle(tx: Transaction, upload_id: str, seen: Seen | None) -> None:
    """Notes what a look at a file came to, unless somebody else did or it is given up meanwhile.

    Raises `BUSY` where it was said meanwhile that the file is there: it may not have been when it was looked for.
    """
    if seen is None:
        return
    checking = sa.and_(UPLOAD.c.id == upload_id, UPLOAD.c.status == UploadStatus.CHECKING.value)
    values = {"status": seen.status.value, "reason": seen.reason, "updated_at": sa.func.now()}
    is_noted = await tx.execute(
        sa.update(UPLOAD).where(checking, UPLOAD.c.updated_at == seen.asked_at).values(**values)
    )
    if not is_noted and await tx.row(sa.select(UPLOAD.c.id).where(checking)) is not None:
        raise DomainError("It was said again that the file is there: it is looked at once more.", "BUSY")


async def sweep(database: Database, files: Files) -> None:
    """Removes what never came, what nothing refers to and what has no owner any more.

    That is noted first, then the file goes, then the row. Raises `NotKept`, once all was tried, where one did not go.
    """
    failed: NotKept | None = None
    after = "00000000-0000-0000-0000-000000000000"
    while found := await _doomed(database, after):
        after = found[-1].id
        for each in found:
            try:
                await files.storage.remove(each.key)
            except NotKept as error:
                failed = error
                continue
            async with transaction(database, SERVICE) as tx:
                is_over = UPLOAD.c.updated_at < sa.func.now() - _LATE
                await tx.execute(sa.delete(UPLOAD).where(UPLOAD.c.id == each.id, is_over))
    await files.storage.tidy()
    if failed is not None:
        raise failed


async def _doomed(database: Database, after: str) -> list[Row]:
    """Some uploads that are to go, by id; from here on nothing can refer to them any more."""
    now = sa.func.now()
    is_old = UPLOAD.c.updated_at < now - _GRACE
    is_loose = sa.or_(
        UPLOAD.c.status == UploadStatus.REMOVING.value,
        sa.and_(UPLOAD.c.status == UploadStatus.AWAITED.value, UPLOAD.c.expires_at < now),
        sa.and_(UPLOAD.c.status != UploadStatus.AWAITED.value, is_old),
    )
    is_doomed = sa.or_(UPLOAD.c.user_id.is_(None), sa.and_(~UPLOAD.c.is_kept, is_loose))
    some = sa.select(UPLOAD.c.id).where(is_doomed, UPLOAD.c.id > after).order_by(UPLOAD.c.id).limit(_AT_ONCE)
    async with transaction(database, SERVICE) as tx:
        chosen = [row.id for row in await tx.rows(some.with_for_update(skip_locked=True))]
        going = sa.update(UPLOAD).where(UPLOAD.c.id == _any(chosen)).values(status=UploadStatus.REMOVING.value)
        return sorted(await tx.rows(going.returning(UPLOAD.c.id, UPLOAD.c.key)), key=lambda row: str(row.id))
