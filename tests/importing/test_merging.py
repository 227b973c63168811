"""The rules of the merge by themselves, over anything that hypothesis thinks of."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.importing.merging import is_untouched, merge, merge_order, staying
from resolvers.importing.outline import Outline, merge_places

A_FEW = settings(max_examples=60, deadline=None, derandomize=True)
NAMES = ("title", "body", "points")
values = st.fixed_dictionaries({name: st.sampled_from([None, "a", "b", "c"]) for name in NAMES})
orders = st.permutations("abcdefg").flatmap(lambda all_of_it: st.integers(0, 7).map(lambda size: all_of_it[:size]))


@A_FEW
@given(values, values, values)
def test_an_editors_change_is_never_lost(base: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    changed = {name for name in NAMES if ours[name] != base[name]}
    assert changed.isdisjoint(merge(base, theirs, ours).changes)


@A_FEW
@given(values, values, values)
def test_the_export_has_its_way_exactly_where_the_editor_did_nothing(
    base: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]
) -> None:
    wanted = {name: theirs[name] for name in NAMES if ours[name] == base[name] != theirs[name]}
    assert merge(base, theirs, ours).changes == wanted


@A_FEW
@given(values, values, values)
def test_a_conflict_is_what_both_sides_changed_differently(
    base: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]
) -> None:
    different = [name for name in NAMES if len({base[name], theirs[name], ours[name]}) == len(NAMES)]
    assert sorted(merge(base, theirs, ours).conflicts) == sorted(different)


@A_FEW
@given(values, values, values)
def test_merging_the_same_again_does_nothing(
    base: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]
) -> None:
    merged = {**ours, **merge(base, theirs, ours).changes}
    again = merge(theirs, theirs, merged)
    assert (again.changes, again.conflicts) == ({}, [])


@A_FEW
@given(values, st.lists(st.tuples(values, values), max_size=6))
def test_an_editors_last_word_stands_until_the_export_says_something_new(
    base: dict[str, Any], story: list[tuple[dict[str, Any], dict[str, Any]]]
) -> None:
    for theirs, ours in story:
        for name, wanted in merge(base, theirs, ours).changes.items():
            assert wanted != base[name] == ours[name]
        base = theirs


@A_FEW
@given(values, values)
def test_untouched_means_that_a_merge_takes_everything(base: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert is_untouched(base, base)
    assert {**base, **merge(base, theirs, base).changes} == theirs


@A_FEW
@given(orders, orders, orders)
def test_a_merged_order_is_a_permutation_of_what_all_know(base: list[str], theirs: list[str], ours: list[str]) -> None:
    common = set(base) & set(theirs) & set(ours)
    merged = merge_order(base, theirs, ours)
    if merged.wanted is not None:
        assert list(merged.wanted) == [each for each in theirs if each in common]
        assert [each for each in ours if each in common] == [each for each in base if each in common]


@A_FEW
@given(orders, orders, orders)
def test_an_order_changed_by_an_editor_is_kept(base: list[str], theirs: list[str], ours: list[str]) -> None:
    common = set(base) & set(theirs) & set(ours)
    before, wanted, current = ([each for each in side if each in common] for side in (base, theirs, ours))
    merged = merge_order(base, theirs, ours)
    if current != before:
        assert merged.wanted is None
        assert merged.is_conflict == (wanted not in (before, current))


@A_FEW
@given(st.permutations("abcdefgh"), st.permutations("abcdefgh"))
def test_those_that_stay_are_in_order_already(current: list[str], wanted: list[str]) -> None:
    keep = staying(current, wanted)
    assert [each for each in current if each in keep] == [each for each in wanted if each in keep]


@A_FEW
@given(st.permutations("abcde"))
def test_as_many_as_possible_stay(wanted: list[str]) -> None:
    current = list("abcde")
    longest = [0] * len(wanted)
    for index, each in enumerate(wanted):
        shorter = [longest[other] for other in range(index) if wanted[other] < each]
        longest[index] = 1 + max(shorter, default=0)
    assert len(staying(current, wanted)) == max(longest)


# Trees: a course (0) of lessons (1..3) of blocks (10..19)

LESSONS, BLOCKS = ("1", "2", "3"), tuple(map(str, range(10, 20)))


@st.composite
def trees(draw: st.DrawFn) -> Outline:
    outline = Outline()
    for lesson in draw(st.permutations(LESSONS)):
        outline.add(lesson, "0")
    for block in draw(st.permutations(BLOCKS)):
        lesson = draw(st.sampled_from((None, *LESSONS)))
        if lesson is not None:
            outline.add(block, lesson)
    # Parents before children, as plans have them.
    outline.children = {each: outline.children[each] for each in ("0", *LESSONS) if each in outline.children}
    return outline


@A_FEW
@given(trees(), trees(), trees(), st.sets(st.sampled_from(LESSONS + BLOCKS)))
def test_merged_places_hold_everything_once(base: Outline, theirs: Outline, ours: Outline, some: set[str]) -> None:
    before = ours.copy()
    places = merge_places(ours, base, theirs, some & before.parent.keys())
    held = [child for children in ours.children.values() for child in children]
    assert sorted(held) == sorted({*before.parent, *theirs.parent} - places.left_out)
    assert {child: parent for parent, children in ours.children.items() for child in children} == ours.parent


@A_FEW
@given(trees(), trees(), trees(), st.sets(st.sampled_from(LESSONS + BLOCKS)))
def test_what_an_editor_moved_or_trashed_stays(base: Outline, theirs: Outline, ours: Outline, some: set[str]) -> None:
    before, trashed = ours.copy(), some & ours.parent.keys()
    merge_places(ours, base, theirs, trashed)
    for child, parent in before.parent.items():
        if child in trashed or base.parent.get(child) != parent:
            assert ours.parent[child] == parent


@A_FEW
@given(trees(), trees())
def test_without_editors_places_become_those_of_the_export(base: Outline, theirs: Outline) -> None:
    ours = base.copy()
    places = merge_places(ours, base, theirs, set())
    assert places.conflicts == []
    for parent, children in theirs.children.items():
        assert [each for each in ours.children[parent] if each in theirs.parent] == children


@A_FEW
@given(trees(), trees(), trees())
def test_merging_places_again_changes_nothing(base: Outline, theirs: Outline, ours: Outline) -> None:
    merge_places(ours, base, theirs, set())
    merged = ours.copy()
    places = merge_places(ours, theirs, theirs, set())
    assert (ours, places.conflicts) == (merged, [])
