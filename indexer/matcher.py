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
from indexer.model import Findings, Match, MatchKind, Measure, PictureFile, PictureFindings, PictureSource, Rate, Region
from indexer.ports import EmbeddingBackend, FloatArray
from indexer.signals.metadata.told import MAX_CHARACTERS, MAX_UPLOAD_CHARACTERS, Told, read_told
from indexer.signals.pixels.images import Picture, PictureLimits, decode
from indexer.signals.pixels.parts import Prepared, prepare_query
from indexer.signals.pixels.views import REFERENCE_VIEWS
from indexer.verify import NEAR, Candidate, Verifier

HASHES_SEARCHED = 8
"""Nearest hashes looked at, of a part and its turned and mirrored versions each."""

AT_ONCE = 16
"""Pictures of one upload that are decoded, embedded and searched for together."""

MIN_REFERENCES = 2
"""A set of fewer references says too little of its character for likeness to block."""

_CANDIDATES = 64


@dataclass(frozen=True, slots=True)
class _Readied:
    picture: Picture
    parts: list[Prepared]
    told: Told


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
    ) -> None:
        self.snapshot = snapshot
        self._backend = backend
        self._limits = limits or PictureLimits()
        self._pool = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="decode")
        references = snapshot.references
        self._set_of = np.asarray([number for number, _ in references], dtype=np.int64)
        self._reference_ids = [reference.id for _, reference in references]
        slugs = [snapshot.sets[number].slug for number, _ in references]
        self._works = works_of(snapshot.sets)
        self._rows = {key: row for row, key in enumerate(zip(slugs, self._reference_ids, strict=True))}
        self._verifier = Verifier(snapshot)
        self._references_of = np.bincount(self._set_of, minlength=len(snapshot.sets))
        self._hash_rates: dict[tuple[str, int], Rate] = {}
        self._by_bytes: dict[str, list[int]] = {}
        self._by_pixels: dict[str, list[int]] = {}
        for row, (_, reference) in enumerate(references):
            self._by_bytes.setdefault(reference.sha256, []).append(row)
            self._by_pixels.setdefault(snapshot.pixel_sha256[row], []).append(row)

    def examine(
        self,
        pictures: Sequence[PictureSource],
        *,
        top: int = SETS_REPORTED,
        deadline: float | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Findings:
        """Match pictures, in order; those that cannot be decoded, or not before `deadline`, carry a problem.

        At most AT_ONCE are held in memory; `progress` is told how many are done. `deadline` is a time of
        time.monotonic(). Raises EmbeddingQueueFull when the backend is overloaded.
        """
        found: list[PictureFindings] = []
        left = MAX_UPLOAD_CHARACTERS
        elapsed = dict.fromkeys(("decode", "embed", "search", "verify"), 0.0)
        for start in range(0, len(pictures), AT_ONCE):
            some, spent = self._examine(pictures[start : start + AT_ONCE], top, deadline, min(MAX_CHARACTERS, left))
            found += some
            left = max(0, left - sum(len(item.text) for picture in some for item in picture.texts))
            for stage, ms in spent.items():
                elapsed[stage] += ms
            progress(len(found))
        return Findings(
            tuple(found), snapshot=self.snapshot.generation, model=self.snapshot.model.label, elapsed_ms=elapsed
        )

    def _examine(
        self, pictures: Sequence[PictureSource], top: int, deadline: float | None, most_told: int
    ) -> tuple[list[PictureFindings], dict[str, float]]:
        started = time.perf_counter()
        prepared = list(self._pool.map(lambda file: self._prepare(file, deadline, most_told), pictures))
        decoded = time.perf_counter()
        good = [item for item in prepared if isinstance(item, _Readied)]
        ready = [part.pixels for item in good for part in item.parts]
        vectors = self._backend.embed(np.stack(ready)) if ready else None
        embedded = time.perf_counter()
        near = list(self._search(good, vectors, top)) if vectors is not None else []
        searched = time.perf_counter()
        results: Iterator[tuple[Match, ...]] = self._pool.map(self._verify, good, near)
        findings = [
            item
            if isinstance(item, PictureFindings)
            else PictureFindings(
                item.picture.name,
                next(results),
                remarks=(*item.picture.remarks, *item.told.remarks),
                texts=item.told.texts,
                making=item.told.making,
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
        """Send one reference's own file through decoding, embedding and every search; tell whether it was found."""
        found = self.examine([PictureFile("canary", self.snapshot.canary)]).pictures[0]
        number, reference = self.snapshot.references[self.snapshot.canary_reference]
        wanted = (self.snapshot.sets[number].slug, reference.id)
        kinds = {match.kind for match in found.matches if (match.reference_set, match.reference) == wanted}
        return {MatchKind.EXACT_COPY, MatchKind.CHARACTER_SIMILARITY} <= kinds

    def close(self) -> None:
        """Release the decoding threads."""
        self._pool.shutdown(wait=False)

    def _prepare(self, file: PictureSource, deadline: float | None, most_told: int) -> _Readied | PictureFindings:
        if deadline is not None and time.monotonic() > deadline:
            return PictureFindings(file.name, problem="time_limit: not reached before the time limit of the request")
        try:
            data = file.data
        except PictureError as error:
            return PictureFindings(file.name, problem=f"{error.code}: {error}")
        told = read_told(data, self._limits, most_told)
        try:
            picture = decode(file.name, data, self._limits)
        except PictureError as error:
            unreadable = error.code in ("not_a_picture", "empty_file")
            problem = f"{error.code}: {error}"
            # Said once: metadata of what is damaged is damaged too.
            return PictureFindings(
                file.name, problem=problem, is_picture=not unreadable, texts=told.texts, making=told.making
            )
        return _Readied(picture, prepare_query(picture, self.snapshot.model), told)

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
                        for found in self._similar(part, near, nearest, top)
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
        by_hash = [Candidate(self._rows[match.reference_set, match.reference]) for match in hashed[:1]]
        return (*self._verifier.verify(item.picture, [*by_hash, *near.candidates]), *near.matches)

    def _exact(self, item: _Readied, hashed: list[Match], top: int) -> list[Match]:
        """Find the file, and the pixels: of large ones a digest takes long, and equal ones have equal hashes."""
        rows = list(self._by_bytes.get(item.picture.byte_sha256, []))
        equal = any(match.measure is not None and match.measure.value == 0.0 for match in hashed)
        if equal or not item.parts[0].hashes.reliable:
            rows += self._by_pixels.get(item.picture.pixel_sha256, [])
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
        self, part: Prepared, similarities: FloatArray, rows: np.ndarray[tuple[int], np.dtype[np.int64]], top: int
    ) -> list[Match]:
        """Per set the nearest view of a reference, with the rate of its likeness."""
        owners = self._set_of[self.snapshot.rows[rows, 0]]
        return [
            self._alike(found, float(similarities[found.place]), int(rows[found.place]), part)
            for found in likenesses(similarities, owners, self._works, top)
        ]

    def _alike(self, found: SetLikeness, similarity: float, vector: int, part: Prepared) -> Match:
        row, view = (int(number) for number in self.snapshot.rows[vector])
        rate = self.snapshot.calibrations["cosine"].rate(found.likeness)
        if self._references_of[found.owner] < MIN_REFERENCES:
            rate = replace(rate, calibrated=False)
        measure = Measure("cosine", similarity + CROWDING * float(self.snapshot.crowding[row]), rate)
        return self._match(MatchKind.CHARACTER_SIMILARITY, row, measure, view, part.region)

    def _match(
        self, kind: MatchKind, row: int, measure: Measure | None, view: int = 0, region: Region | None = None
    ) -> Match:
        seen = REFERENCE_VIEWS[view].region if view else None
        slug = self.snapshot.sets[int(self._set_of[row])].slug
        return Match(kind, slug, self._reference_ids[row], measure, region, seen)


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
