"""Tag tables: how many training pictures carry each tag, as kohya's `ss_tag_frequency` counts them.

The table is `{folder: {tag: count}}`, where a picture counts once; how many pictures a folder holds stands elsewhere
(`ss_dataset_dirs`, `ss_datasets`). Others write `{tag: count}`, or one tag with a count of 1. Nothing of it is certain:
counts may be texts, negative or missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from indexer.signals.metadata.json_text import Pairs

MAX_COUNT = 10_000_000
_LONGEST_COUNT = 20
_REPEATS = re.compile(r"\d+_")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of one folder, empty in a flat table; `share` (0 to 1) of the pictures that carry it, or None."""

    folder: str
    text: str
    share: float | None


def read_tags(table: Pairs, pictures: Mapping[str, int]) -> list[Tag]:
    """Return each tag of each folder once, the most carried first; `pictures` counts those of each folder.

    The share is the tag's count over all folders that carry it, divided by the pictures of these folders: what a folder
    without the tag holds does not make it rarer. Where the number of pictures is not known, the largest count of the
    folder stands for it.
    """
    folders: dict[str, dict[str, int | None]] = {}
    for name, inner in table:
        if isinstance(inner, Pairs):
            counts = folders.setdefault(name, {})
            for tag, value in inner:
                _keep_larger(counts, tag, count_of(value))
        elif not isinstance(inner, list):
            _keep_larger(folders.setdefault("", {}), name, count_of(inner))
    carried: dict[str, int] = {}
    among: dict[str, int] = {}
    for folder, counts in folders.items():
        size = _size(folder, counts.values(), pictures)
        for tag, count in counts.items():
            if count is not None:
                carried[tag] = carried.get(tag, 0) + min(count, size)
                among[tag] = among.get(tag, 0) + size
    tags = [
        Tag(folder, tag, carried[tag] / among[tag] if tag in carried else None)
        for folder, counts in folders.items()
        for tag in counts
    ]
    return sorted(tags, key=lambda tag: -1.0 if tag.share is None else tag.share, reverse=True)


def count_of(value: Any) -> int | None:
    """Read a count of pictures, 1 to 10,000,000, also from a text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value) if not isinstance(value, str) or len(value) <= _LONGEST_COUNT else 0.0
    except (ValueError, OverflowError):
        return None
    # NaN is in no range.
    return int(number) if 1 <= number <= MAX_COUNT else None


def folder_sizes(folder_tables: Iterable[Any], datasets: Iterable[Any]) -> dict[str, int]:
    """Read how many pictures each folder holds: from `{folder: {img_count}}`, else from the subsets of datasets."""
    sizes: dict[str, int] = {}
    for table in folder_tables:
        for folder, about in table if isinstance(table, Pairs) else ():
            _note(sizes, folder, about)
    for value in datasets:
        for dataset in value if isinstance(value, list) else ():
            subsets = dataset.get("subsets") if isinstance(dataset, Pairs) else None
            for subset in subsets if isinstance(subsets, list) else ():
                place = subset.get("image_dir") if isinstance(subset, Pairs) else None
                if isinstance(place, str):
                    _note(sizes, place, subset)
    return sizes


def folder_words(folder: str) -> str:
    """Return a folder's name without the repeats that kohya puts before it: `10_moon marten` is `moon marten`."""
    match = _REPEATS.match(folder)
    return folder[match.end() :] if match else folder


def leftovers(table: Pairs) -> Iterator[tuple[str, str, Any]]:
    """Yield folder, key and value wherever something else than a count stands in a table."""
    for name, inner in table:
        if isinstance(inner, Pairs):
            for tag, value in inner:
                if isinstance(value, (list, str)) and count_of(value) is None:
                    yield name, tag, value
        elif isinstance(inner, (list, str)) and count_of(inner) is None:
            yield "", name, inner


def _keep_larger(counts: dict[str, int | None], tag: str, count: int | None) -> None:
    known = counts.get(tag)
    counts[tag] = count if known is None or (count is not None and count > known) else known


def _size(folder: str, counts: Iterable[int | None], pictures: Mapping[str, int]) -> int:
    # A flat table counts over all folders.
    known = pictures.get(folder) if folder else sum(pictures.values())
    return known or max((count for count in counts if count is not None), default=1)


def _note(sizes: dict[str, int], folder: str, about: Any) -> None:
    size = count_of(about.get("img_count")) if isinstance(about, Pairs) else None
    if size is not None:
        sizes.setdefault(folder, size)
