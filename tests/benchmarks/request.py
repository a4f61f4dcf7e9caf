"""Time one request of 8 pictures: its stages, beside the bare embedding and beside a straightforward pipeline.

    python -m tests.benchmarks.request [--out build/bench.json] [--repeat 7]

Everything runs on one thread, in turn within one run, so that the ratios hold on a machine whose speed drifts; absolute
times are printed for orientation alone. The straightforward pipeline is what one would write first: Pillow, imagehash
and pdqhash at full size, open_clip in torch picture by picture, one search per picture. Beside the speed stands the
fidelity: how far the fast pipeline's vectors and hashes are from the straightforward ones, and whether both name the
same nearest reference set.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import imagehash
import numpy as np
import pdqhash
import torch
from PIL import Image
from rich.console import Console
from rich.table import Table

from indexer import build as builds
from indexer import reference_sets
from indexer.backends import embedded, open_clip
from indexer.backends.runtime import open_runtime
from indexer.index import snapshot as snapshots
from indexer.index.snapshot import Snapshot
from indexer.matcher import Matcher
from indexer.model import MatchKind, PictureFile
from indexer.ports import EmbeddingBackend, FloatArray
from indexer.signals.names.sieve import find_all
from indexer.signals.pixels.images import decode
from indexer.signals.pixels.perceptual import perceptual_hashes
from indexer.signals.pixels.views import WHOLE, pixels
from tests.accuracy import evasion, names_cost

SIDE = 1024
PICTURES = 8
FORMATS = ("JPEG", "PNG", "WEBP")
REFERENCE_SETS = Path("reference_sets")
EXAMPLES = Path("examples")
ALIASES = 100_000


@dataclass(frozen=True)
class Straightforward:
    """The pipeline that one would write first."""

    model: Any
    transform: Callable[[Image.Image], Any]
    vectors: FloatArray
    owners: list[str]

    def picture(self, data: bytes) -> tuple[FloatArray, np.ndarray[Any, Any], str]:
        """Decode, hash, embed and search one picture; returns its vector, PDQ bits and nearest set."""
        image = Image.open(io.BytesIO(data)).convert("RGB")
        imagehash.phash(image)
        bits, _ = pdqhash.compute_dihedral(np.asarray(image))
        with torch.no_grad():
            vector = self.model.encode_image(self.transform(image)[None], normalize=True)[0].numpy()
        nearest = self.owners[int(np.argmax(self.vectors @ vector))]
        return vector, np.asarray(bits[0]), nearest


def main() -> None:
    """Build an index, run both pipelines, print and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    parser.add_argument("--repeat", type=int, default=7)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        read = [(item, REFERENCE_SETS / item.slug) for item in reference_sets.read_all(REFERENCE_SETS)]
        builds.build(read, Path(folder))
        snapshot = snapshots.load(Path(folder))
        backend = open_runtime(snapshot.model_path, snapshot.model, threads=1)
        names = _names()
        rows = [_measure(form, snapshot, backend, names, arguments.repeat) for form in FORMATS]
        embedding = _embedding(snapshot, backend, arguments.repeat)
        alone = _alone(snapshot, backend, arguments.repeat)
    result = {
        "runtime": type(backend).__name__,
        "references": len(snapshot.references),
        "embedding": embedding,
        "one_picture": alone,
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({**result, "requests": rows}, indent=1) + "\n", encoding="utf-8")
    _print(rows, embedding, alone, str(result["runtime"]))


def _names() -> Callable[[], object]:
    """Return the search of one request's texts for 100,000 names of mixed scripts."""
    chance = random.Random(5)
    index = names_cost.table(evasion.registered_names(chance, ALIASES))
    # Each time other texts of the same words, as requests have them: what is remembered of a text must not count.
    requests = iter([evasion.request_texts(chance) for _ in range(1_000)])
    return lambda: find_all(next(requests), index.find)


def _measure(
    form: str, snapshot: Snapshot, backend: EmbeddingBackend, names: Callable[[], object], repeat: int
) -> dict[str, Any]:
    files = _files(form)
    matcher = Matcher(snapshot, backend, threads=1)
    slow = _straightforward(snapshot)
    prepared = np.stack([pixels(decode(file.name, file.data), WHOLE, snapshot.model) for file in files])
    stages: list[dict[str, float]] = []
    whole, bare, first, named = [], [], [], []
    for _ in range(repeat):
        whole.append(_seconds(lambda: stages.append(dict(matcher.examine(files).elapsed_ms))))
        bare.append(_seconds(lambda: backend.embed(prepared)))
        named.append(_seconds(names))
        first.append(_seconds(lambda: [slow.picture(file.data) for file in files]))
    found = matcher.examine(files)
    matcher.close()
    fidelity = _fidelity(files, slow, prepared, backend, [_nearest_set(item.matches) for item in found.pictures])
    request, straightforward, embedding = (statistics.median(each) * 1000 for each in (whole, first, bare))
    return {
        "format": form,
        "milliseconds": {
            "straightforward": straightforward,
            "request": request,
            "bare_embedding": embedding,
            "names": statistics.median(named) * 1000,
            **{stage: statistics.median(item[stage] for item in stages) for stage in stages[0]},
        },
        "straightforward_over_request": statistics.median(s / f for s, f in zip(first, whole, strict=True)),
        "names_over_request": statistics.median(n / (f + n) for n, f in zip(named, whole, strict=True)),
        "request_over_bare_embedding": statistics.median(f / b for f, b in zip(whole, bare, strict=True)),
        "fidelity": fidelity,
    }


def _alone(snapshot: Snapshot, backend: EmbeddingBackend, repeat: int) -> dict[str, float]:
    """Time pictures one by one: beyond decoding, against their bare embedding; and what verifying a crop adds."""
    matcher = Matcher(snapshot, backend, threads=1)
    ratios, verified, unverified = [], [], []
    for file in _files("JPEG"):
        view = pixels(decode(file.name, file.data), WHOLE, snapshot.model)[None]
        for _ in range(repeat):
            opening = _seconds(partial(decode, file.name, file.data))
            bare = _seconds(partial(backend.embed, view))
            stages = matcher.examine([file]).elapsed_ms
            ratios.append((sum(stages.values()) / 1000 - stages["verify"] / 1000 - opening) / bare)
            unverified.append(stages["verify"])
    for file in _crops():
        verified += [matcher.examine([file]).elapsed_ms["verify"] for _ in range(repeat)]
    matcher.close()
    return {
        "views_hashes_search_over_bare_embedding": statistics.median(ratios),
        "verification_ms": statistics.median(verified),
        "slowest_verification_ms": max(verified),
        "verification_ms_when_nothing_is_near": statistics.median(unverified),
    }


def _crops() -> list[PictureFile]:
    """Cut the middle out of some references, at the size of an upload."""
    files = []
    references = sorted(REFERENCE_SETS.glob("*/images/*"))
    for path in references[:: len(references) // PICTURES]:
        image = Image.open(path).convert("RGB")
        box = (image.width // 10, image.height // 10, image.width * 9 // 10, image.height * 9 // 10)
        buffer = io.BytesIO()
        image.crop(box).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
        files.append(PictureFile(path.name, buffer.getvalue()))
    return files


def _files(form: str) -> list[PictureFile]:
    """Take example pictures to 1024 × 1024 with the grain that generated pictures have, in one format."""
    rng = np.random.default_rng(0)
    paths = sorted(EXAMPLES.glob("unrelated-original/*.png"))[:PICTURES]
    files = []
    for path in paths:
        image = Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        grain = np.asarray(image, np.float32) + rng.normal(0, 3, (SIDE, SIDE, 1))
        buffer = io.BytesIO()
        Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8)).save(buffer, form, quality=90)
        files.append(PictureFile(path.name, buffer.getvalue()))
    return files


def _straightforward(snapshot: Snapshot) -> Straightforward:
    model, _ = open_clip.load(f"local-dir:{embedded.FOLDER}", "")
    side, mean, std = snapshot.model.image_size, np.asarray(snapshot.model.mean), np.asarray(snapshot.model.std)

    def transform(image: Image.Image) -> torch.Tensor:
        small = np.asarray(image.resize((side, side), Image.Resampling.BICUBIC), np.float32) / 255.0
        return torch.from_numpy(((small - mean) / std).transpose(2, 0, 1).astype(np.float32))

    rows = np.stack([snapshot.vectors.vector(row)[:-1] for row in range(len(snapshot.vectors))])
    vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    owners = [snapshot.sets[snapshot.owners[row]].slug for row in snapshot.rows[:, 0]]
    return Straightforward(model, transform, vectors, owners)


def _fidelity(
    files: Sequence[PictureFile],
    slow: Straightforward,
    prepared: FloatArray,
    backend: EmbeddingBackend,
    named: Sequence[str],
) -> dict[str, Any]:
    vectors = backend.embed(prepared)
    cosines, bits, agreed = [], [], 0
    for number, file in enumerate(files):
        vector, pdq, nearest = slow.picture(file.data)
        cosines.append(float(vector @ vectors[number]))
        ours = np.unpackbits(perceptual_hashes(decode(file.name, file.data)).pdq[0])
        bits.append(int((ours != pdq).sum()))
        agreed += nearest == named[number]
    return {
        "least_cosine": min(cosines),
        "most_pdq_bits_apart": max(bits),
        "same_nearest_set": f"{agreed} of {len(files)}",
    }


def _nearest_set(matches: Sequence[Any]) -> str:
    """Name the set with the largest cosine: the straightforward pipeline knows no normalisation."""
    alike = [item for item in matches if item.kind is MatchKind.CHARACTER_SIMILARITY]
    return str(max(alike, key=lambda item: item.measure.value).reference_set)


def _embedding(snapshot: Snapshot, backend: EmbeddingBackend, repeat: int) -> dict[str, float]:
    """Compare the compiled runtime with torch on one batch of 8."""
    side = snapshot.model.image_size
    batch = np.random.default_rng(1).standard_normal((PICTURES, 3, side, side), dtype=np.float32)
    model, _ = open_clip.load(f"local-dir:{embedded.FOLDER}", "")
    tensor = torch.from_numpy(batch)
    ratios = []
    with torch.no_grad():
        eager = model.encode_image(tensor, normalize=True).numpy()
        for _ in range(repeat):
            slow = _seconds(lambda: model.encode_image(tensor, normalize=True))
            ratios.append(slow / _seconds(lambda: backend.embed(batch)))
    return {
        "torch_eager_over_runtime": statistics.median(ratios),
        "least_cosine": float((eager * backend.embed(batch)).sum(axis=1).min()),
    }


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _print(rows: Sequence[dict[str, Any]], embedding: dict[str, float], alone: dict[str, float], runtime: str) -> None:
    console = Console(width=170)
    table = Table(
        title=f"one request of {PICTURES} pictures of {SIDE} x {SIDE}, one thread, {runtime}; medians, milliseconds"
    )
    columns = ("straightforward", "request", "decode", "embed", "search", "verify", "bare_embedding", "names")
    for column in (
        "",
        *columns,
        "names, share",
        "straightfwd / request",
        "request / bare",
        "least cosine",
        "PDQ bits",
        "same set",
    ):
        table.add_column(column.replace("_", " "), justify="right")
    for row in rows:
        fidelity = row["fidelity"]
        table.add_row(
            row["format"],
            *(f"{row['milliseconds'][column]:.1f}" for column in columns),
            f"{row['names_over_request']:.1%}",
            f"{row['straightforward_over_request']:.1f}x",
            f"{row['request_over_bare_embedding']:.2f}x",
            f"{fidelity['least_cosine']:.4f}",
            str(fidelity["most_pdq_bits_apart"]),
            fidelity["same_nearest_set"],
        )
    console.print(table)
    console.print(f"names: 8 prompts, a description and 60 tags, searched for {ALIASES:,} names of mixed scripts")
    console.print(
        f"embedding, batch of {PICTURES}: {embedding['torch_eager_over_runtime']:.1f}x torch eager"
        f" at cosine {embedding['least_cosine']:.6f}"
    )
    console.print(
        f"one picture: views, embedding, hashes and search {alone['views_hashes_search_over_bare_embedding']:.2f}x"
        f" its bare embedding when nothing is near;\nverification of crops {alone['verification_ms']:.0f} ms, at most"
        f" {alone['slowest_verification_ms']:.0f} ms"
    )


if __name__ == "__main__":
    main()
