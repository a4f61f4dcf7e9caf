"""Generations made up on the spot: every reference's signals follow from its digest, and no picture is decoded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from indexer.calibration import CURVES, Calibration, RateCurve
from indexer.index.flat import FlatHashIndex, FlatVectorIndex
from indexer.index.snapshot import Snapshot
from indexer.likeness import crowding, index_rows
from indexer.model import ModelSpec, Reference, ReferenceSet
from indexer.reference_signals import ReferenceSignals
from indexer.signals.pixels.features import Features, FeatureTable, concatenate
from indexer.signals.pixels.perceptual import PerceptualHashes
from indexer.signals.pixels.views import REFERENCE_VIEWS
from tests.fakes import TINY_SPEC

VIEWS = len(REFERENCE_VIEWS)
CONTROL = 30


def made_up_set(slug: str, numbers: Iterable[int]) -> ReferenceSet:
    """Make a set of references, each of which stands for a picture of its own."""
    references = [Reference(f"images/{number:03}.png", digest(f"{slug}/{number}")) for number in numbers]
    return ReferenceSet(slug, {"en": slug.title()}, tuple(references), work={"en": f"The tale of {slug}"})


def digest(text: str) -> str:
    """Return the sha256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def signals_of(_slug: str, reference: Reference, dim: int = TINY_SPEC.embed_dim) -> ReferenceSignals:
    """Make up the signals of a reference; one in four is too flat for its hashes to count."""
    rng = np.random.default_rng(int(reference.sha256[:12], 16))
    vectors = rng.standard_normal((VIEWS, dim), dtype=np.float32)
    pdq, phash = rng.integers(0, 256, (8, 32), dtype=np.uint8), rng.integers(0, 256, 8, dtype=np.uint8)
    points = Features(
        rng.random((3, 2), dtype=np.float32),
        rng.integers(0, 256, (3, 128), dtype=np.uint8),
        rng.integers(0, 256, (64, 64), dtype=np.uint8),
        1.0,
    )
    quality = int(rng.choice([20, 80, 80, 80]))
    return ReferenceSignals(
        vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        PerceptualHashes(pdq, phash, quality),
        points,
        digest(f"pixels of {reference.sha256}"),
    )


def generation(sets: Sequence[ReferenceSet], spec: ModelSpec = TINY_SPEC) -> Snapshot:
    """Index the references of some sets; no rate of it means anything."""
    references = [reference for item in sets for reference in item.references]
    signals = [signals_of("", reference, spec.embed_dim) for reference in references]
    count = len(references)
    crowd = np.random.default_rng(0).standard_normal((CONTROL, spec.embed_dim)).astype(np.float32)
    control = (crowd / np.linalg.norm(crowd, axis=1, keepdims=True)).astype(np.float16)
    vectors = np.stack([item.vectors for item in signals])
    crowded = crowding(vectors, control.astype(np.float32))
    reliable = [row for row, item in enumerate(signals) if item.hashes.reliable]
    curve = RateCurve.fit(np.linspace(-1.0, 1.0, CONTROL))
    return Snapshot(
        generation="000001",
        model=spec,
        sets=tuple(sets),
        vectors=FlatVectorIndex.of(index_rows(vectors, crowded)),
        rows=np.stack([np.repeat(np.arange(count), VIEWS), np.tile(np.arange(VIEWS), count)], 1).astype(np.int32),
        pdq=FlatHashIndex.of(np.asarray([signals[n].hashes.pdq[0] for n in reliable], np.uint8).reshape(-1, 32)),
        phash=FlatHashIndex.of(np.asarray([signals[n].hashes.phash for n in reliable], np.uint8).reshape(-1, 8)),
        hash_rows=np.asarray(reliable, dtype=np.int32),
        features=FeatureTable(concatenate([item.features for item in signals])),
        pixel_sha256=tuple(item.pixel_sha256 for item in signals),
        calibrations=dict.fromkeys(CURVES, Calibration(curve, None, needs_impostors=True)),
        crowding=crowded,
        canary=b"",
        canary_reference=0,
        control=control,
        manifest={},
        model_path=Path("vision.onnx"),
    )
