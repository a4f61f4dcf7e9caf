"""Running a task: every picture through the index under test and through the baselines, and what that gave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from service.bootstrap import read_policy
from service.domain.agreement import joint_rate
from tests.accuracy import metrics
from tests.accuracy.baselines import MATCHING_DISTANCE, MIN_QUALITY, NAMES, Signals, per_set, signals
from tests.accuracy.bench import Asked, Bench, Model, Screened
from tests.accuracy.metrics import NOTHING, Figures, Interval, Values
from tests.accuracy.tasks import UPLOAD, Query, Task

PIPELINE = "this pipeline"
TOGETHER = 4
ALL = "all"
WORST = 12
_KEPT_EVERY = 2_000
Tick = Callable[[int], None]


@dataclass(frozen=True)
class Curve:
    """A ROC curve: false-positive rates and the share found at each."""

    name: str
    rates: list[float]
    found: list[float]


@dataclass(frozen=True)
class Verdicts:
    """How many uploads of a kind were blocked, and how many sent to review or blocked."""

    kind: str
    uploads: int
    blocked: Interval
    reviewed: Interval
    right: Interval | None = None


@dataclass(frozen=True)
class Sight:
    """A picture for the contact sheets: what was asked, what it should or did resemble, and a line about it."""

    query: Query
    others: Sequence[Path]
    caption: str


@dataclass(frozen=True)
class Result:
    """All that a task gave. `figures` by kind of query, then by crowd and method."""

    name: str
    sets: int
    references: int
    figures: Mapping[str, Mapping[str, Figures]]
    at_defaults: Mapping[str, float]
    verdicts: Sequence[Verdicts]
    curves: Sequence[Curve]
    misses: Sequence[Sight]
    alarms: Sequence[Sight]
    crowd: Sequence[tuple[str, Asked]]
    warnings: Sequence[str] = field(default=())


@dataclass(frozen=True)
class _Ranked:
    """One method's answers: of the queries, the right set's strength and whether it came first; of crowds, the best."""

    strengths: Values
    first: np.ndarray[tuple[int], np.dtype[np.bool_]]
    crowds: Mapping[str, Values]


class Library:
    """Signals of picture files for the baselines, computed once and kept."""

    def __init__(self, model: Model, store: Path) -> None:
        self._model = model
        self._store = store
        self._rows: dict[str, tuple[np.ndarray, ...]] = {}
        self._saved = 0
        if store.is_file():
            with np.load(store) as kept:
                columns = [kept[name] for name in ("phash", "pdq", "quality", "vectors")]
                self._rows = {key: tuple(c[n] for c in columns) for n, key in enumerate(kept["paths"].tolist())}
            self._saved = len(self._rows)

    def of(self, paths: Sequence[Path], tick: Tick) -> Signals:
        """Return the signals of files."""
        keys = {path: _key(path) for path in dict.fromkeys(paths)}
        missing = [path for path, key in keys.items() if key not in self._rows]
        for start in range(0, len(missing), 64):
            part = missing[start : start + 64]
            found = signals([path.read_bytes() for path in part], self._model)
            columns = (found.phash, found.pdq, found.quality, found.vectors)
            self._rows |= {keys[path]: tuple(c[n] for c in columns) for n, path in enumerate(part)}
            tick(len(part))
            if len(self._rows) - self._saved >= _KEPT_EVERY:
                self.save()
        rows = [self._rows[keys[path]] for path in paths]
        return Signals(*(np.stack([row[column] for row in rows]) for column in range(4)))

    def save(self) -> None:
        """Keep what was computed since the last time."""
        if len(self._rows) == self._saved:
            return
        self._saved = len(self._rows)
        phash, pdq, quality, vectors = (np.stack([row[n] for row in self._rows.values()]) for n in range(4))
        partial = self._store.with_suffix(".partial.npz")
        paths = np.asarray(list(self._rows))
        np.savez(partial, paths=paths, phash=phash, pdq=pdq, quality=quality, vectors=vectors)
        partial.rename(self._store)


def _key(path: Path) -> str:
    """Name a file as it is now: a picture drawn anew under an old name is another."""
    state = path.stat()
    return f"{path}:{state.st_size}:{state.st_mtime_ns}"


def evaluate(task: Task, bench: Bench, model: Model, library: Library, tick: Tick) -> Result:
    """Run a task."""
    queries = list(task.queries)
    groups = list(_uploads(queries, 1 if task.name == "copies" else UPLOAD))
    positive = [bench.screen(_read(group, tick)) for group in groups]
    ordered = [query for group in groups for query in group]
    answers = [picture for upload in positive for picture in upload.pictures]
    unrelated = [(style, paths, bench.screen(_files(paths, tick))) for style, paths in task.unrelated]
    alike = [(name, paths, bench.screen(_files(paths, tick))) for name, paths in task.look_alikes]
    crowd = [(style, picture) for style, _, upload in unrelated for picture in upload.pictures]
    crowds = {"unrelated": _best([picture for _, picture in crowd])}
    if task.in_style:
        crowds["same style"] = _best([picture for style, picture in crowd if style in task.in_style])
    if alike:
        crowds["look-alikes"] = _best([picture for _, _, upload in alike for picture in upload.pictures])
    own = _Ranked(
        np.asarray([answer.strength(query.wanted) for query, answer in zip(ordered, answers, strict=True)]),
        np.asarray([answer.first == query.wanted for query, answer in zip(ordered, answers, strict=True)]),
        {name: values for name, values in crowds.items() if len(values)},
    )
    ranked, at_defaults = _baselines(task, ordered, model, library, tick)
    ranked = {PIPELINE: own, **ranked}
    figures = _figures(ordered, ranked)
    if task.name != "copies":
        figures |= _together(groups, positive, [upload for _, _, upload in unrelated], [u for _, _, u in alike])
    return Result(
        task.name,
        len(task.sets),
        sum(len(paths) for paths in task.sets.values()),
        figures,
        at_defaults,
        _verdicts(groups, positive, [u for _, _, u in unrelated], [u for _, _, u in alike]),
        [
            Curve(name, *(values.tolist() for values in metrics.roc(found.strengths, found.crowds["unrelated"])))
            for name, found in ranked.items()
        ],
        _misses(task, ordered, answers),
        _alarms(task, unrelated),
        crowd,
        bench.report.warnings,
    )


def _uploads(queries: Sequence[Query], size: int) -> Iterator[list[Query]]:
    """Group the queries of one set and kind into uploads."""
    together: dict[tuple[str, str], list[Query]] = defaultdict(list)
    for query in queries:
        together[query.wanted, query.kind].append(query)
    for found in together.values():
        yield from (found[start : start + size] for start in range(0, len(found), size))


def _read(group: Sequence[Query], tick: Tick) -> list[bytes]:
    tick(len(group))
    return [query.read() for query in group]


def _files(paths: Sequence[Path], tick: Tick) -> list[bytes]:
    tick(len(paths))
    return [path.read_bytes() for path in paths]


def _best(answers: Sequence[Asked]) -> Values:
    return np.asarray([answer.strongest for answer in answers])


def _baselines(
    task: Task, queries: Sequence[Query], model: Model, library: Library, tick: Tick
) -> tuple[dict[str, _Ranked], dict[str, float]]:
    """Rank every picture by each baseline; tell too what the usual PDQ defaults find and falsely find."""
    paths = [path for pictures in task.sets.values() for path in pictures]
    owners = [number for number, pictures in enumerate(task.sets.values()) for _ in pictures]
    numbers = {slug: number for number, slug in enumerate(task.sets)}
    references = library.of(paths, tick)
    plain = all(query.edit is None for query in queries)
    asked = library.of([query.path for query in queries], tick) if plain else _edited(queries, model, tick)
    in_style = [path for style, pictures in task.unrelated if style in task.in_style for path in pictures]
    files = {
        "unrelated": [path for _, pictures in task.unrelated for path in pictures],
        "same style": in_style,
        "look-alikes": [path for _, pictures in task.look_alikes for path in pictures],
    }
    crowds = {name: library.of(found, tick) for name, found in files.items() if found}
    wanted = np.asarray([numbers[query.wanted] for query in queries])
    ranked = {}
    for name in NAMES:
        by_set = per_set(asked.distances(name, references), owners)
        right = by_set[np.arange(len(wanted)), wanted]
        ranked[name] = _Ranked(
            right.astype(np.float64),
            by_set.argmax(axis=1) == wanted,
            {k: crowd.distances(name, references).max(axis=1).astype(np.float64) for k, crowd in crowds.items()},
        )
    return ranked, _at_defaults(asked, references, crowds["unrelated"], owners, wanted)


def _edited(queries: Sequence[Query], model: Model, tick: Tick) -> Signals:
    parts = []
    for start in range(0, len(queries), 64):
        part = queries[start : start + 64]
        parts.append(signals([query.read() for query in part], model))
        tick(len(part))
    columns = ([getattr(part, name) for part in parts] for name in ("phash", "pdq", "quality", "vectors"))
    return Signals(*(np.concatenate(column) for column in columns))


def _at_defaults(
    asked: Signals, references: Signals, crowd: Signals, owners: Sequence[int], wanted: np.ndarray[tuple[int], np.dtype]
) -> dict[str, float]:
    def matches(these: Signals) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        near = these.distances("PDQ 256", references) >= -MATCHING_DISTANCE
        fit = (these.quality >= MIN_QUALITY)[:, None] & (references.quality >= MIN_QUALITY)[None, :]
        return np.asarray(per_set((near & fit).astype(np.float32), owners) > 0)

    hits = matches(asked)[np.arange(len(wanted)), wanted]
    return {"found": float(hits.mean()), "false positives": float(matches(crowd).any(axis=1).mean())}


def _figures(queries: Sequence[Query], ranked: Mapping[str, _Ranked]) -> dict[str, dict[str, Figures]]:
    kinds = [query.kind for query in queries]
    characters = [query.wanted for query in queries]
    rows: dict[str, dict[str, Figures]] = {}
    names = list(dict.fromkeys(kinds))
    for kind in [ALL, *names] if len(names) > 1 else names:
        chosen = np.asarray([kind in (ALL, own) for own in kinds])
        groups = [name for name, taken in zip(characters, chosen.tolist(), strict=True) if taken]
        for method, found in ranked.items():
            for crowd, values in found.crowds.items():
                label = kind if crowd == "unrelated" else f"{kind}, against {crowd}"
                figures = metrics.figures(found.strengths[chosen], found.first[chosen], values, groups)
                rows.setdefault(label, {})[method] = figures
    return rows


def _together(
    groups: Sequence[Sequence[Query]],
    positive: Sequence[Screened],
    unrelated: Sequence[Screened],
    alike: Sequence[Screened],
) -> dict[str, dict[str, Figures]]:
    """Measure four pictures of one upload together, by the rate at which they agree."""
    rows: dict[str, dict[str, Figures]] = {}
    by_kind: dict[str, list[tuple[str, dict[str, float]]]] = defaultdict(list)
    for group, upload in zip(groups, positive, strict=True):
        for part in _fours(upload):
            by_kind[group[0].kind].append((group[0].wanted, joint(part)))
    for crowd, uploads in (("unrelated", unrelated), ("look-alikes", alike)):
        values = np.asarray([max(joint(part).values(), default=NOTHING) for u in uploads for part in _fours(u)])
        for kind, found in by_kind.items():
            if not len(values):
                continue
            strengths = np.asarray([sets.get(wanted, NOTHING) for wanted, sets in found])
            first = np.asarray([max(sets, key=sets.__getitem__, default="") == wanted for wanted, sets in found])
            label = f"{kind}, {TOGETHER} pictures" + ("" if crowd == "unrelated" else f", against {crowd}")
            rows[label] = {PIPELINE: metrics.figures(strengths, first, values, [wanted for wanted, _ in found])}
    return rows


def _fours(upload: Screened) -> list[Sequence[Asked]]:
    parts = [upload.pictures[start : start + TOGETHER] for start in range(0, len(upload.pictures), TOGETHER)]
    return [part for part in parts if len(part) == TOGETHER]


def joint(pictures: Sequence[Asked]) -> dict[str, float]:
    """Return per set how strongly the pictures agree on it, by the service's own joint rate."""
    correlation = read_policy(None).sample_correlation
    rates: dict[str, list[float]] = defaultdict(list)
    for picture in pictures:
        for slug, strength in picture.sets.items():
            rates[slug].append(min(1.0, 10.0**-strength))
    found = {}
    for slug, each in rates.items():
        alone = min(1.0, min(each) * len(pictures))
        rate = min(joint_rate(each, len(pictures), correlation)[1], alone)
        # Where rates end at their floor, the mean of the pictures' strengths still tells strong from stronger.
        found[slug] = metrics.statistic(rate, 0.0) + 1e-6 * float(np.mean([min(-np.log10(r), 12) for r in each]))
    return found


def _verdicts(
    groups: Sequence[Sequence[Query]],
    positive: Sequence[Screened],
    unrelated: Sequence[Screened],
    alike: Sequence[Screened],
) -> list[Verdicts]:
    by_kind: dict[str, list[tuple[str, Screened]]] = defaultdict(list)
    for group, upload in zip(groups, positive, strict=True):
        by_kind[group[0].kind].append((group[0].wanted, upload))
    rows = [_row(kind, [u for _, u in found], [w for w, _ in found]) for kind, found in by_kind.items()]
    if len(rows) > 1:
        whole = [item for found in by_kind.values() for item in found]
        rows.insert(0, _row("all positives", [u for _, u in whole], [w for w, _ in whole]))
    if alike:
        rows.append(_row("look-alikes", alike))
    full = [upload for upload in unrelated if len(upload.pictures) == UPLOAD]
    return [*rows, _row(f"unrelated, {UPLOAD} pictures", full)]


def _row(kind: str, uploads: Sequence[Screened], wanted: Sequence[str] | None = None) -> Verdicts:
    blocked = sum(upload.verdict == "block" for upload in uploads)
    stopped = sum(upload.verdict in {"block", "review"} for upload in uploads)
    right = None
    if wanted is not None:
        hits = sum(
            upload.verdict in {"block", "review"} and slug in upload.named
            for upload, slug in zip(uploads, wanted, strict=True)
        )
        right = metrics.share(hits, len(uploads))
    total = len(uploads)
    return Verdicts(kind, total, metrics.share(blocked, total), metrics.share(stopped, total), right)


def _misses(task: Task, queries: Sequence[Query], answers: Sequence[Asked]) -> list[Sight]:
    """Pick the queries whose right set was weakest against what came first, one of each character."""
    gaps = [answer.strength(query.wanted) - answer.strongest for query, answer in zip(queries, answers, strict=True)]
    found: dict[str, Sight] = {}
    for number in np.argsort(gaps, kind="stable").tolist():
        query, answer = queries[number], answers[number]
        if gaps[number] >= 0 or len(found) == WORST:
            break
        instead = [task.sets[answer.first][0]] if answer.first else []
        others = [task.sets[query.wanted][0], *instead]
        found.setdefault(query.wanted, Sight(query, others, query.kind))
    return list(found.values())


def _alarms(task: Task, unrelated: Sequence[tuple[str, Sequence[Path], Screened]]) -> list[Sight]:
    """Pick the unrelated pictures that matched most strongly, one of each set that they matched."""
    pairs = [
        (picture, path, style)
        for style, paths, upload in unrelated
        for path, picture in zip(paths, upload.pictures, strict=True)
    ]
    found: dict[str, Sight] = {}
    for picture, path, style in sorted(pairs, key=lambda pair: -pair[0].strongest):
        if len(found) == WORST:
            break
        caption = f"{style}, rate {picture.rate:.1e}"
        found.setdefault(picture.first, Sight(Query(path, "", style), [task.sets[picture.first][0]], caption))
    return list(found.values())
