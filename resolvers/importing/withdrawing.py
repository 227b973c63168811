"""What the export does not show: objects whose part is gone from it, or that learners could not see in it.

An import puts them into the trash, unless an editor has put work into them; when the export shows them again, it takes
them out. Each is judged once: what an editor does with it afterwards stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import DomainError
from models.content import Staged
from models.curriculum import Block
from resolvers import curriculum
from resolvers.content import drafts
from resolvers.importing.issues import Code, Issue
from resolvers.importing.planning import COURSE_ID
from resolvers.importing.running import Import
from resolvers.importing.standing import Standing


@dataclass(frozen=True)
class _Withdrawn:
    """Something that the export does not show: gone from it, or hidden from learners."""

    external_id: str
    model: type[Staged]
    word: str
    place: str
    is_hidden: bool

    def trashed(self) -> Issue:
        if self.is_hidden:
            reason = "Learners could not see it, so it was put into the trash with all below it. Restore it to show it."
            return Issue("warning", Code.HIDDEN_AND_TRASHED, self.place, reason, external_id=self.external_id)
        reason = "It is no longer in the export, so it was put into the trash with all below it."
        return Issue("info", Code.GONE_AND_TRASHED, self.place, reason, external_id=self.external_id)

    def kept(self, why: str) -> Issue:
        what = "Learners no longer see it in the export" if self.is_hidden else "It is no longer in the export"
        reason = f"{what}, but it stays as it is, with all below it. {why}"
        code = Code.HIDDEN_BUT_CHANGED_HERE if self.is_hidden else Code.GONE_BUT_CHANGED_HERE
        return Issue("conflict", code, self.place, reason, external_id=self.external_id)


async def bring_back(running: Import) -> None:
    """Takes out of the trash what an import put there and the export shows again."""
    before = running.before
    names = {ref.local_id: name for name, ref in before.refs.items()}
    running.withdrawn = {name for name, ref in before.refs.items() if ref.imported["is_withdrawn"]}
    for node in running.plan.nodes:
        standing = before.object_of(node.external_id)
        if standing is None or node.is_hidden or node.external_id not in running.withdrawn:
            continue
        if standing.is_trashed and not before.is_trashed(str(standing.parent)):
            await drafts.restore(running.tx, standing.model, standing.id)
            running.counts[f"restored {node.word}"] += 1
            # What went along comes along; what of that the export does not show is judged again.
            for each in list(_restored_with(standing, running)):
                each.is_trashed = False
                running.withdrawn.discard(names.get(each.id, ""))
        if not standing.is_trashed:
            running.withdrawn.discard(node.external_id)


def _restored_with(standing: Standing, running: Import) -> Iterator[Standing]:
    for each in running.before.objects.values():
        if each is standing or (each.is_trashed and each.trashed_with == standing.id == standing.trashed_with):
            yield each


async def withdraw(running: Import) -> None:
    """Puts into the trash what the export does not show and nobody here has worked on; reports the rest."""
    found = {**_gone(running), **_hidden(running)}
    for top in running.outline.below(running.ids[COURSE_ID]):
        if top not in found or found[top].external_id in running.withdrawn:
            continue
        below = [each for each in running.outline.below(top) if not running.before.is_trashed(each)]
        running.withdrawn |= {found[each].external_id for each in below if each in found}
        if all(each in found and _is_untouched(running, each, found[each]) for each in below):
            running.issues.append(await _put_away(running, found[top], top, below))
        else:
            running.issues.append(found[top].kept("An editor changed it, or something below it."))


def _gone(running: Import) -> dict[str, _Withdrawn]:
    """What an earlier import brought and the export no longer has, by our id; not what is only damaged in it."""
    found = {}
    for name, ref in running.before.refs.items():
        standing = running.before.objects.get(ref.local_id)
        if name in running.ids or name in running.withdrawn or standing is None or standing.is_trashed:
            continue
        if not _is_unreadable(running, name):
            found[ref.local_id] = _Withdrawn(name, standing.model, ref.imported["kind"], ref.imported["place"], False)
    return found


def _is_unreadable(running: Import, name: str | None) -> bool:
    while name is not None and name in running.before.refs:
        if name.partition("#")[0] in running.plan.unreadable:
            return True
        name = running.before.refs[name].imported["parent"]
    return False


def _hidden(running: Import) -> dict[str, _Withdrawn]:
    """What the export has, but hid from learners, by our id."""
    return {
        running.id_of(node): _Withdrawn(node.external_id, node.model, node.word, node.place, True)
        for node in running.plan.nodes
        if node.is_hidden and not running.is_left_out(node) and not running.before.is_trashed(running.id_of(node))
    }


def _is_untouched(running: Import, object_id: str, withdrawn: _Withdrawn) -> bool:
    return object_id not in running.before.objects or running.before.is_untouched(withdrawn.external_id)


async def _put_away(running: Import, withdrawn: _Withdrawn, top: str, below: list[str]) -> Issue:
    """Trashes an object and what is below it, unless a rule of the draft wants it kept."""
    try:
        # A section's page goes block by block: in a lesson's rows its blocks are siblings.
        for object_id in below if withdrawn.model is Block else [top]:
            await curriculum.trash(running.tx, withdrawn.model, object_id)
    except DomainError as error:
        return withdrawn.kept(str(error))
    running.counts[f"trashed {withdrawn.word}"] += 1
    return withdrawn.trashed()
