"""Where everything stands: merging places, and moving what has to move."""

from __future__ import annotations

from models.content import Staged
from resolvers.content import drafts
from resolvers.content.drafts import Place
from resolvers.importing.issues import Code
from resolvers.importing.merging import staying
from resolvers.importing.outline import Outline, merge_places
from resolvers.importing.running import Import

_CONFLICTS = {
    Code.ORDER_CHANGED_ON_BOTH_SIDES: "The order was changed in the export and here: the draft's stays.",
    Code.MOVED_ON_BOTH_SIDES: "It was moved in the export and, elsewhere, here: it stays where the draft has it.",
    Code.TRASHED_HERE: "It was moved in the export, but an editor put it into the trash: it stays there.",
}


def decide_places(running: Import) -> None:
    """Merges where the export and the draft have everything, and reports where both moved it."""
    before = running.before
    running.outline = before.outline.copy()
    for new_id, old_id in running.replaced.items():
        running.outline.rename(old_id, new_id)
    trashed = {each.id for each in before.objects.values() if each.is_trashed}
    running.places = merge_places(running.outline, _base(running), _theirs(running), trashed)
    nodes = {running.id_of(node): node for node in running.plan.nodes}
    for name, object_id in running.places.conflicts:
        code, node = Code(name), nodes[object_id]
        reason = _CONFLICTS.get(code) or _left_where_it_is(is_known=object_id in before.objects)
        if not node.is_hidden:
            running.say("conflict", code, node, reason)


def _left_where_it_is(*, is_known: bool) -> str:
    if is_known:
        return "It was moved in the export, but where it belongs now is in the trash here: it stays where it is."
    return "It is new in the export, but what it belongs to is in the trash here: it is left out, with all below it."


def _theirs(running: Import) -> Outline:
    outline = Outline()
    for node in running.plan.nodes:
        if node.parent is not None:
            outline.add(running.id_of(node), running.ids[node.parent], is_section=node.word == "section")
    return outline


def _base(running: Import) -> Outline:
    """Where everything stood in the export when it was imported last, by our ids."""
    refs, outline = running.before.refs, Outline()
    ids = {name: running.ids.get(name, ref.local_id) for name, ref in refs.items()}
    for name, ref in refs.items():
        if ref.imported["parent"] in ids:
            outline.parent[ids[name]] = ids[ref.imported["parent"]]
        outline.children[ids[name]] = [ids[each] for each in ref.imported["children"] if each in ids]
    return outline


async def move(running: Import) -> None:
    """Makes the rows stand as the outline has them, moving as few as possible. What is in the trash is not moved."""
    models, rows = _rows(running)
    for owner in dict.fromkeys(map(running.outline.owner, running.outline.children)):
        wanted = [each for each in running.outline.rows(owner) if each in models]
        keep = staying(rows.get(owner, []), wanted)
        for number, each in enumerate(wanted):
            if each not in keep:
                place = Place(after=wanted[number - 1]) if number else Place(at_start=True)
                await drafts.move(running.tx, models[each], each, place, parent_id=owner)
                if each in running.before.objects:
                    running.counts[f"moved {models[each].__name__.lower()}"] += 1


def _rows(running: Import) -> tuple[dict[str, type[Staged]], dict[str, list[str]]]:
    """What can be moved with its model, and the ids of each owner's rows as they stand now: new ones come last."""
    models: dict[str, type[Staged]] = {}
    rows: dict[str, list[str]] = {}
    replaced = set(running.replaced.values())
    for each in running.before.objects.values():
        if each.parent is not None and not each.is_trashed and each.id not in replaced:
            models[each.id] = each.model
            rows.setdefault(each.parent, []).append(each.id)
    for node in running.plan.nodes:
        if node.parent is not None and running.is_new(node) and not running.is_left_out(node):
            object_id = running.id_of(node)
            models[object_id] = node.model
            rows.setdefault(running.outline.owner(running.outline.parent[object_id]), []).append(object_id)
    return models, rows
