"""Live changes: what is in force is found, what is not never is, whatever came before; and nothing leaks."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import ManifestError, PictureError, SnapshotError
from indexer.index.snapshot import NOBODY, Snapshot
from indexer.likeness import crowding, index_rows, query_rows
from indexer.live import CANARY, with_canary, with_changes
from indexer.matcher import Matcher
from indexer.model import Alias, AliasKind, Fame, Licence, Reference, ReferenceSet
from indexer.reference_signals import ReferenceSignals
from tests.fakes import TINY_SPEC, TinyBackend
from tests.unit.indexer.generations import digest, generation, made_up_set, signals_of

OWL, FOX, ELK = "amber-owl", "brass-fox", "coral-elk"
BUILT = (made_up_set(OWL, range(4)), made_up_set(FOX, range(4)))
BASE = generation(BUILT)
STATES = st.lists(
    st.fixed_dictionaries({}, optional={slug: st.sets(st.integers(0, 5)) for slug in (OWL, FOX, ELK)}),
    min_size=1,
    max_size=5,
)
Name = tuple[str, str]


def unit(count: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    rows = np.random.default_rng(seed).standard_normal((count, TINY_SPEC.embed_dim)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def named(snapshot: Snapshot, row: int) -> Name:
    owner = int(snapshot.owners[row])
    assert owner != NOBODY
    return snapshot.sets[owner].slug, snapshot.references[row].id


def in_force(sets: Sequence[ReferenceSet]) -> dict[Name, ReferenceSignals]:
    return {(item.slug, each.id): signals_of(item.slug, each) for item in sets for each in item.references}


def assert_searches_are_those_of(snapshot: Snapshot, sets: Sequence[ReferenceSet]) -> None:
    """Compare with everything, one by one."""
    known = in_force(sets)
    likenesses: list[tuple[float, Name, int]] = []
    query = query_rows(unit(1, 7))
    for name, found in known.items():
        crowded = crowding(found.vectors[None], snapshot.control.astype(np.float32))
        values = index_rows(found.vectors[None], crowded) @ query[0]
        likenesses += [(float(value), name, view) for view, value in enumerate(values)]
    likenesses.sort(reverse=True)
    similarities, rows = snapshot.vectors.search(query, 20)
    expected = likenesses[:20]
    assert np.allclose(similarities[0], [value for value, _, _ in expected], atol=1e-4)
    where = [snapshot.rows[row] for row in rows[0].tolist()]
    assert [(named(snapshot, int(row)), int(view)) for row, view in where] == [each[1:] for each in expected]

    asked = np.random.default_rng(7).integers(0, 256, (1, 32), dtype=np.uint8)
    hashes = {name: found.hashes for name, found in known.items() if found.hashes.reliable}
    far = {name: int(np.unpackbits(asked[0] ^ item.pdq[0]).sum()) for name, item in hashes.items()}
    distances, near = snapshot.pdq.search(asked, 5)
    assert distances[0].tolist() == sorted(far.values())[:5]
    names = [named(snapshot, int(snapshot.hash_rows[row])) for row in near[0].tolist()]
    assert [far[name] for name in names] == distances[0].tolist()
    assert len(snapshot.phash) == len(hashes)

    for row, reference in enumerate(snapshot.references):
        expected_rows = [row] if snapshot.owners[row] != NOBODY else []
        assert snapshot.rows_of_file(reference.sha256) == expected_rows
        assert snapshot.rows_of_pixels(digest(f"pixels of {reference.sha256}")) == expected_rows
        if expected_rows:
            own = known[named(snapshot, row)]
            assert np.array_equal(snapshot.features.get(row).descriptors, own.features.descriptors)
    assert int((snapshot.owners != NOBODY).sum()) == len(known)
    assert len(snapshot.features) == len(snapshot.references) == len(snapshot.crowding) == len(snapshot.owners)


def with_canary_set(sets: Sequence[ReferenceSet]) -> list[ReferenceSet]:
    """Take the first reference of the first set that was built from wherever it is, into a set of its own."""
    canary = BUILT[0].references[0]
    others = [replace(item, references=tuple(each for each in item.references if each != canary)) for item in sets]
    return [*others, ReferenceSet(CANARY, {"en": CANARY}, (canary,))]


@given(STATES)
def test_after_any_changes_just_what_is_in_force_is_found(states: list[dict[str, set[int]]]) -> None:
    snapshot = BASE
    for state in states:
        sets = [made_up_set(slug, sorted(numbers)) for slug, numbers in state.items()]
        snapshot = with_changes(snapshot, sets, signals_of)
        assert snapshot.sets == tuple(sets)
        assert_searches_are_those_of(snapshot, sets)
        if snapshot.changes is not None:
            assert_searches_are_those_of(with_canary(snapshot), with_canary_set(sets))


def test_the_same_sets_give_the_same_generation_back() -> None:
    changed = with_changes(BASE, BUILT[:1], signals_of)
    assert with_changes(BASE, [made_up_set(OWL, range(4)), made_up_set(FOX, range(4))], signals_of) is BASE
    assert with_changes(changed, BUILT, signals_of) is BASE


def test_names_licences_titles_and_fame_are_those_of_the_sets() -> None:
    owl = replace(
        BUILT[0],
        title={"zh": "琥珀猫头鹰"},
        fame=Fame.FAMOUS,
        aliases=(Alias("Amber", "en", AliasKind.DISTINCTIVE),),
        licences=(Licence("amber-owl/licence-1", platform="atelier"),),
    )
    changed = with_changes(BASE, [owl, BUILT[1]], signals_of)
    assert changed.sets == (owl, BUILT[1])
    assert changed.calibrations is BASE.calibrations
    assert changed.generation == BASE.generation
    assert_searches_are_those_of(changed, [owl, BUILT[1]])


def test_a_picture_under_another_name_or_in_another_set_is_another_reference() -> None:
    first = BUILT[0].references[0]
    moved = [
        replace(BUILT[0], references=(Reference("images/again.png", first.sha256), *BUILT[0].references[1:])),
        replace(BUILT[1], references=(*BUILT[1].references, first)),
    ]
    changed = with_changes(BASE, moved, signals_of)
    rows = changed.rows_of_file(first.sha256)
    assert [named(changed, row) for row in rows] == [(OWL, "images/again.png"), (FOX, first.id)]
    assert changed.owners[0] == NOBODY


def test_another_picture_under_an_old_name_replaces_it() -> None:
    other = replace(BUILT[0].references[1], sha256=digest("another picture"))
    sets = [replace(BUILT[0], references=(BUILT[0].references[0], other)), BUILT[1]]
    assert_searches_are_those_of(with_changes(BASE, sets, signals_of), sets)


def test_a_reference_that_is_named_twice_is_one() -> None:
    new = made_up_set(ELK, [1])
    sets = [replace(BUILT[0], references=BUILT[0].references * 2), replace(new, references=new.references * 2)]
    changed = with_changes(BASE, sets, signals_of)
    assert len(changed.references) == len(BASE.references) + 1


def test_two_sets_of_one_slug_are_refused() -> None:
    with pytest.raises(ManifestError, match="same slug"):
        with_changes(BASE, [BUILT[0], made_up_set(OWL, [7])], signals_of)


def test_signals_of_another_model_are_refused_and_the_reference_named() -> None:
    with pytest.raises(SnapshotError, match=r"coral-elk/images/001\.png: its signals are not of the model tiny"):
        with_changes(BASE, [*BUILT, made_up_set(ELK, [1])], lambda slug, each: signals_of(slug, each, 24))


def test_what_the_source_of_signals_raises_goes_through() -> None:
    def gone(slug: str, reference: Reference) -> ReferenceSignals:
        raise PictureError(f"{slug}/{reference.id}: gone")

    with pytest.raises(PictureError, match=r"coral-elk/images/001\.png: gone"):
        with_changes(BASE, [*BUILT, made_up_set(ELK, [1])], gone)
    assert with_changes(BASE, BUILT[:1], gone).sets == BUILT[:1]


def test_nothing_of_a_generation_is_copied_but_numbers() -> None:
    changed = with_changes(BASE, [BUILT[0], made_up_set(ELK, [1])], signals_of)
    for now, before in ((changed.vectors, BASE.vectors), (changed.pdq, BASE.pdq), (changed.phash, BASE.phash)):
        assert now._index is before._index
    assert changed.features.arrays is BASE.features.arrays
    assert changed.control is BASE.control


def test_the_canary_is_looked_for_in_a_set_of_its_own_among_what_is_in_force() -> None:
    proved = with_canary(with_changes(BASE, [made_up_set(FOX, [0, 9])], signals_of))
    assert [item.slug for item in proved.sets] == [FOX, CANARY]
    assert named(proved, BASE.canary_reference) == (CANARY, BUILT[0].references[0].id)
    assert with_canary(BASE) is BASE


def memory_kb() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="NOT TESTED: no /proc to read memory from")
def test_a_thousand_changes_leak_no_memory_and_no_files_and_leave_a_shared_pool_open() -> None:
    base = generation([made_up_set(f"set-{number}", range(10)) for number in range(40)])
    backend = TinyBackend()
    with ThreadPoolExecutor(2) as pool:
        snapshot, seen = base, (0, 0)
        for number in range(1000):
            kept = [item for place, item in enumerate(base.sets) if place % 7 != number % 7]
            sets = [*kept, made_up_set("newcomer", range(number % 9, 10))]
            snapshot = with_changes(snapshot, sets, signals_of)
            matcher = Matcher(snapshot, backend, pool=pool)
            snapshot.vectors.search(query_rows(unit(1, number)), 5)
            matcher.close()
            if number == 200:
                seen = (memory_kb(), open_files())
        assert memory_kb() - seen[0] < 8_000
        assert open_files() == seen[1]
        assert pool.submit(int, "1").result() == 1
