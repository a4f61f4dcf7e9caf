"""Matching: the pictures of one upload against one snapshot.

1. `_prepare`   each picture's metadata is read; it is decoded once, parted from what is around it, hashed, and made
                ready for the model
2. `embed`      all parts of all pictures in one call
3. `_search`    identical files and pixels, near hashes, near vectors
4. `_verify`    what is near something: whether it is the same drawing, and where
5. `_match`     per kind of match and per reference set the strongest one, each with its false-positive rate

Nothing is judged here: a match has no threshold.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from indexer.errors import PictureError
from indexer.index.snapshot import Snapshot
from indexer.likeness import CROWDING, SEARCHED, SETS_REPORTED, SetLikeness, likenesses, query_rows, works_of
from indexer.live import with_canary
from indexer.model import (
    Findings,
    Match,
    MatchKind,
    Measure,
    PictureFile,
    PictureFindings,
    PictureSignals,
    PictureSource,
    Rate,
    Region,
)
from indexer.ports import EmbeddingBackend, FloatArray
from indexer.signals.metadata.told import MAX_CHARACTERS, MAX_UPLOAD_CHARACTERS, Told, read_told
from indexer.signals.pixels.images import Picture, PictureLimits, decode
from indexer.signals.pixels.parts import Prepared, prepare_query
from indexer.signals.pixels.thumbnails import thumbnail
from indexer.signals.pixels.views import REFERENCE_VIEWS
from indexer.verify import NEAR, Candidate, Verifier

HASHES_SEARCHED = 8
"""Nearest hashes looked at, of a part and its turned and mirrored versions each."""

AT_ONCE = 16
"""Pictures of one upload that are decoded, embedded and searched for together."""

MIN_REFERENCES = 2
"""A set of fewer references says too little of its character for likeness to block."""

SAME_EMBEDDING = 0.99
"""Cosine at which a file's embedding is its own of another day: two runtimes differ by 0.001 at most (runtime.py)."""

_CANDIDATES = 64


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of an examination, as far as one batch needs to know it."""

    top: int
    deadline: float | None
    most_told: int
    keep: bool


@dataclass(frozen=True, slots=True)
class _Readied:
    picture: Picture
    parts: list[Prepared]
    told: Told
    thumbnail: bytes


@dataclass(frozen=True, slots=True)
class _Near:
    """Matches of one picture, and the references whose vectors are nearest, nearest first."""

    matches: list[Match]
    candidates: list[Candidate]


class Matcher:
    """Finds matches in one snapshot; safe to call from several threads."""

    def __init__(
        self,
        snapshot: Snapshot,
        backend: EmbeddingBackend,
        limits: PictureLimits | None = None,
        threads: int | None = None,
        *,
        pool: ThreadPoolExecutor | None = None,
    ) -> None:
        """Take a snapshot and what embeds with its model.

        A `pool` that is given decodes and verifies, and close() leaves it open; else one of `threads` threads is made.
        """
        self.snapshot = snapshot
        self._backend = backend
        self._limits = limits or PictureLimits()
        self._shared_pool = pool is not None
        self._pool = pool or ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="decode")
        self._set_of = snapshot.owners
        self._works = works_of(snapshot.sets)
        self._numbers = {item.slug: number for number, item in enumerate(snapshot.sets)}
        self._verifier = Verifier(snapshot)
        self._hash_rates: dict[tuple[str, int], Rate] = {}

    def examine(
        self,
        pictures: Sequence[PictureSource],
        *,
        top: int = SETS_REPORTED,
        deadline: float | None = None,
        progress: Callable[[int], None] = lambda _: None,
        keep: bool = False,
    ) -> Findings:
        """Match pictures, in order; those that cannot be decoded, or not before `deadline`, carry a problem.

        At most AT_ONCE are held in memory; `progress` is told how many are done. `deadline` is a time of
        time.monotonic(). With `keep`, findings carry the signals of their picture.
        Raises EmbeddingQueueFull when the backend is overloaded.
        """
        found: list[PictureFindings] = []
        left = MAX_UPLOAD_CHARACTERS
        elapsed = dict.fromkeys(("decode", "embed", "search", "verify"), 0.0)
        for start in range(0, len(pictures), AT_ONCE):
            asked = _Asked(top, deadline, min(MAX_CHARACTERS, left), keep)
            some, spent = self._examine(pictures[start : start + AT_ONCE], asked)
            found += some
            left = max(0, left - sum(len(item.text) for picture in some for item in picture.texts))
            for stage, ms in spent.items():
                elapsed[stage] += ms
            progress(len(found))
        return Findings(
            tuple(found), snapshot=self.snapshot.generation, model=self.snapshot.model.label, elapsed_ms=elapsed
        )

    def _examine(
        self, pictures: Sequence[PictureSource], asked: _Asked
    ) -> tuple[list[PictureFindings], dict[str, float]]:
        started = time.perf_counter()
        prepared = list(self._pool.map(lambda file: self._prepare(file, asked), pictures))
        decoded = time.perf_counter()
        good = [item for item in prepared if isinstance(item, _Readied)]
        ready = [part.pixels for item in good for part in item.parts]
        vectors = self._backend.embed(np.stack(ready)) if ready else None
        embedded = time.perf_counter()
        near = list(self._search(good, vectors, asked.top)) if vectors is not None else []
        searched = time.perf_counter()
        results: Iterator[tuple[Match, ...]] = self._pool.map(self._verify, good, near)
        kept = _kept(good, vectors) if asked.keep and vectors is not None else [None] * len(good)
        signals = iter(kept)
        findings = [
            item
            if isinstance(item, PictureFindings)
            else PictureFindings(
                item.picture.name,
                next(results),
                remarks=(*item.picture.remarks, *item.told.remarks),
                texts=item.told.texts,
                making=item.told.making,
                signals=next(signals),
            )
            for item in prepared
        ]
        verified = time.perf_counter()
        return findings, {
            "decode": (decoded - started) * 1000,
            "embed": (embedded - decoded) * 1000,
            "search": (searched - embedded) * 1000,
            "verify": (verified - searched) * 1000,
        }

    def find_canary(self) -> bool:
        """Send one reference's own file through decoding, embedding and every search; tell whether it was found.

        Found is the file itself, and its embedding at a cosine of SAME_EMBEDDING or more. Where sets were changed since
        the index was built, the canary is looked for as live.with_canary() says.
        """
        snapshot = with_canary(self.snapshot)
        changed = snapshot is not self.snapshot
        prover = Matcher(snapshot, self._backend, self._limits, pool=self._pool) if changed else self
        # Of all sets, since several may have registered the canary's picture.
        everything = max(SETS_REPORTED, len(snapshot.sets))
        found = prover.examine([PictureFile("canary", snapshot.canary)], top=everything).pictures[0]
        row = snapshot.canary_reference
        wanted = (snapshot.sets[int(snapshot.owners[row])].slug, snapshot.references[row].id)
        kinds = {
            match.kind
            for match in found.matches
            if (match.reference_set, match.reference) == wanted
            and (match.measure is None or match.measure.name != "cosine" or match.measure.value >= SAME_EMBEDDING)
        }
        return {MatchKind.EXACT_COPY, MatchKind.CHARACTER_SIMILARITY} <= kinds

    def resembling(self, vectors: FloatArray, top: int = SETS_REPORTED) -> list[list[Match]]:
        """Match pictures by the vectors (n, dim) that were kept of the whole of them: per set the nearest view."""
        similarities, rows = self.snapshot.vectors.search(query_rows(vectors), SEARCHED)
        return [self._similar(None, near, found, top) for near, found in zip(similarities, rows, strict=True)]

    def same_file(self, sha256: str) -> list[Match]:
        """Match a picture by the digest of its file: per set one reference."""
        first = {int(self._set_of[row]): row for row in reversed(self.snapshot.rows_of_file(sha256))}
        return [self._match(MatchKind.EXACT_COPY, row, None) for row in first.values()]

    def near_hash(self, slug: str, reference: str, distance: int) -> Match:
        """Make the match of a picture whose PDQ hash is this far from a reference's."""
        measure = Measure("pdq_distance", float(distance), self._rate("pdq_distance", distance))
        return Match(MatchKind.PERCEPTUAL_COPY, slug, reference, measure)

    def close(self) -> None:
        """Release the decoding threads, where they are its own."""
        if not self._shared_pool:
            self._pool.shutdown(wait=False)

    def _prepare(self, file: PictureSource, asked: _Asked) -> _Readied | PictureFindings:
        if asked.deadline is not None and time.monotonic() > asked.deadline:
            return PictureFindings(file.name, problem="time_limit: not reached before the time limit of the request")
        try:
            data = file.data
        except PictureError as error:
            return PictureFindings(file.name, problem=f"{error.code}: {error}")
        told = read_told(data, self._limits, asked.most_told)
        try:
            picture = decode(file.name, data, self._limits)
        except PictureError as error:
            unreadable = error.code in ("not_a_picture", "empty_file")
            problem = f"{error.code}: {error}"
            # Said once: metadata of what is damaged is damaged too.
            return PictureFindings(
                file.name, problem=problem, is_picture=not unreadable, texts=told.texts, making=told.making
            )
        parts = prepare_query(picture, self.snapshot.model)
        return _Readied(picture, parts, told, thumbnail(picture) if asked.keep else b"")

    def _search(self, items: list[_Readied], vectors: FloatArray, top: int) -> Iterator[_Near]:
        similarities, rows = self.snapshot.vectors.search(query_rows(vectors), SEARCHED)
        start = 0
        for item in items:
            own = slice(start, start + len(item.parts))
            start = own.stop
            hashed = _strongest([found for part in item.parts for found in self._perceptual(part, top)], top)
            matches = [
                *self._exact(item, hashed, top),
                *hashed,
                *_strongest(
                    [
                        found
                        for part, near, nearest in zip(item.parts, similarities[own], rows[own], strict=True)
                        for found in self._similar(part.region, near, nearest, top)
                    ],
                    top,
                ),
            ]
            order = np.argsort(-similarities[own].ravel(), kind="stable")[:_CANDIDATES]
            nearest = self.snapshot.rows[rows[own].ravel()[order]].tolist()
            yield _Near(matches, [Candidate(row, REFERENCE_VIEWS[view].mirrored) for row, view in nearest])

    def _verify(self, item: _Readied, near: _Near) -> tuple[Match, ...]:
        """Add what geometry proves, where anything is near; an identical picture needs no proof."""
        kinds = {match.kind for match in near.matches}
        nearest_rate = min((match.false_positive_rate for match in near.matches), default=1.0)
        if MatchKind.EXACT_COPY in kinds or nearest_rate > NEAR:
            return tuple(near.matches)
        hashed = [m for m in near.matches if m.kind is MatchKind.PERCEPTUAL_COPY and m.false_positive_rate <= NEAR]
        by_hash = [Candidate(self._row(match)) for match in hashed[:1]]
        return (*self._verifier.verify(item.picture, [*by_hash, *near.candidates]), *near.matches)

    def _row(self, match: Match) -> int:
        """Find the reference of a match again, among those of its set."""
        rows = np.flatnonzero(self._set_of == self._numbers[match.reference_set]).tolist()
        return int(next(row for row in rows if self.snapshot.references[row].id == match.reference))

    def _exact(self, item: _Readied, hashed: list[Match], top: int) -> list[Match]:
        """Find the file, and the pixels: of large ones a digest takes long, and equal ones have equal hashes."""
        rows = self.snapshot.rows_of_file(item.picture.byte_sha256)
        equal = any(match.measure is not None and match.measure.value == 0.0 for match in hashed)
        if equal or not item.parts[0].hashes.reliable:
            rows += self.snapshot.rows_of_pixels(item.picture.pixel_sha256)
        first = {int(self._set_of[row]): row for row in reversed(rows)}
        return [self._match(MatchKind.EXACT_COPY, row, None) for row in list(first.values())[:top]]

    def _perceptual(self, part: Prepared, top: int) -> list[Match]:
        """Keep per set whichever of the two hashes has the lower rate."""
        if not part.hashes.reliable:
            return []
        best: dict[int, Match] = {}
        searches = (
            ("pdq_distance", self.snapshot.pdq, part.hashes.pdq),
            ("phash_distance", self.snapshot.phash, part.hashes.phash[None, :]),
        )
        for name, index, queries in searches:
            distances, hash_rows = (found.ravel() for found in index.search(queries, HASHES_SEARCHED))
            rows = self.snapshot.hash_rows[hash_rows]
            nearest: dict[int, int] = {}
            for place in np.argsort(distances, kind="stable").tolist():
                nearest.setdefault(int(self._set_of[rows[place]]), place)
            for owner, place in list(nearest.items())[:top]:
                measure = Measure(name, float(distances[place]), self._rate(name, int(distances[place])))
                known = best.get(owner)
                if known is None or measure.rate.value < known.false_positive_rate:
                    row = int(rows[place])
                    best[owner] = self._match(MatchKind.PERCEPTUAL_COPY, row, measure, region=part.region)
        return list(best.values())

    def _rate(self, name: str, distance: int) -> Rate:
        """Return the rate of a Hamming distance; there are few, so each is computed once."""
        known = self._hash_rates.get((name, distance))
        if known is None:
            known = self._hash_rates[name, distance] = self.snapshot.calibrations[name].rate(-float(distance))
        return known

    def _similar(
        self,
        region: Region | None,
        similarities: FloatArray,
        rows: np.ndarray[tuple[int], np.dtype[np.int64]],
        top: int,
    ) -> list[Match]:
        """Per set the nearest view of a reference, with the rate of its likeness."""
        owners = self._set_of[self.snapshot.rows[rows, 0]]
        return [
            self._alike(found, float(similarities[found.place]), int(rows[found.place]), region)
            for found in likenesses(similarities, owners, self._works, top)
        ]

    def _alike(self, found: SetLikeness, similarity: float, vector: int, region: Region | None) -> Match:
        row, view = (int(number) for number in self.snapshot.rows[vector])
        rate = self.snapshot.calibrations["cosine"].rate(found.likeness)
        if len(self.snapshot.sets[found.owner].references) < MIN_REFERENCES:
            rate = replace(rate, calibrated=False)
        measure = Measure("cosine", similarity + CROWDING * float(self.snapshot.crowding[row]), rate)
        return self._match(MatchKind.CHARACTER_SIMILARITY, row, measure, view, region)

    def _match(
        self, kind: MatchKind, row: int, measure: Measure | None, view: int = 0, region: Region | None = None
    ) -> Match:
        seen = REFERENCE_VIEWS[view].region if view else None
        slug = self.snapshot.sets[int(self._set_of[row])].slug
        return Match(kind, slug, self.snapshot.references[row].id, measure, region, seen)


def _kept(items: list[_Readied], vectors: FloatArray) -> list[PictureSignals | None]:
    """Gather the signals of pictures; of each one the first of its `vectors` (parts, dim) is that of the whole."""
    kept: list[PictureSignals | None] = []
    start = 0
    for item in items:
        hashes = item.parts[0].hashes
        pdq = hashes.pdq[0].tobytes() if hashes.reliable else b""
        whole = vectors[start].astype("<f2").tobytes()
        kept.append(PictureSignals(item.picture.byte_sha256, pdq, whole, item.thumbnail))
        start += len(item.parts)
    return kept


def _strongest(matches: list[Match], top: int) -> list[Match]:
    """Keep the strongest match of each set, of all parts of a picture, strongest first."""
    best: dict[str, Match] = {}
    for match in sorted(matches, key=_strength):
        best.setdefault(match.reference_set, match)
    return list(best.values())[:top]


def nearest(findings: PictureFindings) -> list[Match]:
    """Order a picture's matches over all kinds: identical first, then by rate, then by closeness."""
    return sorted(findings.matches, key=_strength)


def _strength(match: Match) -> tuple[float, float]:
    measure = match.measure
    if measure is None:
        return (0.0, 0.0)
    closeness = measure.value / 1000.0 if measure.name.endswith("_distance") else -measure.value
    return (measure.rate.value, closeness)
