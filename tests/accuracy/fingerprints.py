"""Measure what the weight fingerprint knows again, what it costs, and how alike unrelated LoRAs are.

    python -m tests.accuracy.fingerprints [--out build/fingerprints.json]

1. LoRAs of the sizes of Stable Diffusion 1.5, SDXL and Flux, of random numbers whose ranks fall off as trained ones do,
   are changed in every way that people change LoRAs, written, read, and compared with the original.
2. An SDXL LoRA of 144 MB is fingerprinted in a process of its own, on one thread.
3. The control distribution, measured on trained LoRAs by `indexer.training.lora_control`, is shown as it is shipped,
   and its rates are tested: fitted to half of the LoRAs, counted on the other half.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from indexer.fingerprints import (
    ONE_SEED,
    SUMMARY_DIM,
    UNRELATED,
    Crowd,
    Relation,
    fingerprint_rate,
    read_control,
    summary,
)
from indexer.signals.lora.fingerprint import Fingerprint, Similarity, compare, fingerprint
from tests import loras
from tests.loras import Factors, Lora, Sizes, Tensors

REGISTERED = (1, 1_000)
CLAIMED = (0.05, 0.01, 0.001)
MEGABYTES = 144
DECOYS = 2_000


@dataclass(frozen=True)
class Model:
    """A public model: the layers of its LoRAs and a usual rank."""

    name: str
    sizes: Callable[[], Sizes]
    rank: int


MODELS = (Model("SD 1.5", loras.sd15, 32), Model("SDXL", loras.sdxl, 32), Model("Flux", loras.flux, 16))


def changes(own: Lora, strangers: list[Lora], rank: int) -> Iterator[tuple[str, Tensors, str]]:
    """Yield each change of a LoRA: what it is called, the tensors, the type they are written in."""
    every: Mapping[str, Callable[[Factors], Factors]] = {
        "another alpha": lambda factors: replace(factors, alpha=3.0),
        "ranks in another order": loras.shuffled,
        "other factors, same product": loras.mixed,
        f"SVD {rank} → {rank // 2}": loras.resized(rank // 2),
        f"SVD {rank} → {rank // 4}": loras.resized(rank // 4),
    }
    yield "as float16", loras.kohya(own), "F16"
    yield "as bfloat16", loras.kohya(own), "BF16"
    yield "as float8", loras.kohya(own), "F8_E5M2"
    for name, change in every.items():
        yield name, loras.each(change)(own), "F16"
    yield "kohya → diffusers, fused split", loras.diffusers(own), "F16"
    yield "half of the layers left", loras.kohya(dict(list(own.items())[::2])), "F16"
    decoy = np.ones((4, 1), np.float32)
    decoys = {f"lora_unet_decoy_{number}": Factors(decoy, decoy.T) for number in range(DECOYS)}
    yield f"{DECOYS:,} decoy layers added", loras.kohya(own | decoys), "F16"
    half = {name: strangers[0][name] if number % 2 else factors for number, (name, factors) in enumerate(own.items())}
    yield "half of the layers another's", loras.kohya(half), "F16"
    yield "merged half and half", loras.merged(strangers[:1], 0.5)(own), "F16"
    yield "one of four in a merge", loras.merged(strangers, 0.25)(own), "F16"
    yield "factors averaged with another's", loras.factor_wise(strangers[:1])(own), "F16"
    yield "factors averaged with three others'", loras.factor_wise(strangers)(own), "F16"
    yield "unrelated", loras.kohya(strangers[0]), "F16"
    yield "unrelated, other names", loras.diffusers(strangers[0]), "F16"


def likenesses(model: Model) -> dict[str, dict[str, float]]:
    """Return for each change the similarity to the original, its rates, and the inner product of the summaries."""
    sizes = model.sizes()
    own, *strangers = (loras.made(sizes, seed, model.rank) for seed in range(4))
    known = loras.fingerprint_of(loras.kohya(own), "F16")
    return {
        name: _likeness(known, loras.fingerprint_of(tensors, dtype))
        for name, tensors, dtype in changes(own, strangers, model.rank)
    }


def _likeness(known: Fingerprint, other: Fingerprint) -> dict[str, float]:
    found = compare(known, other).model
    rates = {f"rate_{count}": fingerprint_rate(found, count).value for count in REGISTERED}
    counted = frozenset(known.names)
    return {
        "cosine": found.cosine,
        "shared": found.shared,
        "share": found.share,
        "alike": found.alike,
        "summary": float(summary(known) @ summary(other, counted)),
        **rates,
    }


def cost() -> dict[str, float]:
    """Return the CPU seconds and the growth in memory (bytes) of fingerprinting a file of MEGABYTES."""
    sizes = loras.sdxl()
    rank = MEGABYTES * 1_000_000 // sum(2 * (outputs + inputs) for outputs, inputs in sizes.values())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sdxl.safetensors"
        path.write_bytes(loras.file(loras.kohya(loras.made(sizes, 0, rank)), "F16"))
        one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        done = subprocess.run(  # noqa: S603 (this very module)
            [sys.executable, "-m", "tests.accuracy.fingerprints", "--alone", str(path)],
            env=os.environ | one_thread,
            check=True,
            capture_output=True,
            text=True,
        )
        found: dict[str, float] = json.loads(done.stdout)
    return found


def alone(path: Path) -> dict[str, float]:
    """Fingerprint one file in this process, and tell what it took."""
    before, started = _memory("VmRSS:"), time.process_time()
    with path.open("rb") as stream:
        found = fingerprint(stream, path.stat().st_size)
    seconds = time.process_time() - started
    return {
        "file_bytes": path.stat().st_size,
        "layers": len(found.names),
        "cpu_seconds": seconds,
        "memory_bytes": _memory("VmHWM:") - before,
    }


def _memory(figure: str) -> int:
    # Of this program alone; the peak that `getrusage` gives begins with that of the process which started it.
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(figure))


def control() -> dict[str, dict[str, dict[str, float]]]:
    """Return quantiles of the control distribution, by base and relation."""
    relations, about = read_control()
    return {
        base: {
            relation: {
                "pairs": len(found.cosines),
                "least": float(found.cosines.min()),
                "median": float(np.median(found.cosines)),
                "99 %": float(np.quantile(found.cosines, 0.99)),
                "most": float(found.cosines.max()),
            }
            for relation, found in sorted(relations[base].items(), key=lambda item: float(np.median(item[1].cosines)))
        }
        for base in about
    }


def claims() -> dict[str, dict[str, dict[str, float]]]:
    """Fit each crowd to half of its LoRAs, and return how many pairs of the other half reach claimed rates."""
    relations, about = read_control()
    found: dict[str, dict[str, dict[str, float]]] = {}
    for base, described in about.items():
        for relation in (UNRELATED, ONE_SEED):
            whole = relations[base][relation]
            if whole.pairs is None:
                continue
            halves = [Relation(whole.cosines[chosen], whole.pairs[chosen]) for chosen in _halves(whole.pairs)]
            for known, unseen in (halves, halves[::-1]):
                crowd = Crowd.fit(known, described["layers"])
                layers = int(described["layers"])
                rates = np.array(
                    [crowd.rate(Similarity(float(cosine), layers, 1.0, 0)).value for cosine in unseen.cosines]
                )
                row = found.setdefault(base, {}).setdefault(relation, {"pairs": 0.0} | {str(c): 0.0 for c in CLAIMED})
                row["pairs"] += len(rates)
                for claimed in CLAIMED:
                    row[str(claimed)] += int((rates <= claimed).sum())
    for rows in found.values():
        for row in rows.values():
            row |= {str(claimed): row[str(claimed)] / row["pairs"] for claimed in CLAIMED}
    return found


def _halves(pairs: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    odd = pairs % 2 == 1
    return odd.all(axis=1), (~odd).all(axis=1)


def measured() -> dict[str, Any]:
    """Measure everything."""
    return {
        "likenesses": {model.name: likenesses(model) for model in MODELS},
        "cost": cost(),
        "control": control(),
        "claims": claims(),
        "summary_dim": SUMMARY_DIM,
    }


def show(found: Mapping[str, Any], console: Console) -> None:
    """Print what was measured."""
    for model, rows in found["likenesses"].items():
        table = Table(title=f"{model}: likeness to the original")
        for column in ("change", "cosine", "layers", "alike", "summary", "rate, 1", f"rate, {REGISTERED[1]:,}"):
            table.add_column(column, justify="left" if column == "change" else "right")
        for change, row in rows.items():
            rates = [f"{row[f'rate_{count}']:.2g}" for count in REGISTERED]
            layers = f"{row['shared']:.0f}"
            table.add_row(
                change, f"{row['cosine']:.3f}", layers, f"{row['alike']:.0f}", f"{row['summary']:.2f}", *rates
            )
        console.print(table)
    spent = found["cost"]
    console.print(
        f"{spent['file_bytes'] / 1e6:.0f} MB, {spent['layers']} layers: {spent['cpu_seconds']:.1f} s of one core, "
        f"{spent['memory_bytes'] / 1e6:.0f} MB more memory\n"
    )
    for base, rows in found["control"].items():
        table = Table(title=f"LoRAs trained on the {base}: cosines")
        for column in ("the two are", "pairs", "least", "median", "99 %", "most"):
            table.add_column(column, justify="left" if column == "the two are" else "right")
        for relation, row in rows.items():
            table.add_row(
                relation, f"{row['pairs']}", *(f"{row[key]:.3f}" for key in ("least", "median", "99 %", "most"))
            )
        console.print(table)
    table = Table(title="Share of pairs of unseen LoRAs that reach a claimed rate, fitted to half of the LoRAs")
    for column in ("base", "crowd", "pairs", *(f"claimed {claimed:.2g}" for claimed in CLAIMED)):
        table.add_column(column, justify="left" if column in ("base", "crowd") else "right")
    for base, rows in found["claims"].items():
        for relation, row in rows.items():
            shares = (f"{row[str(claimed)]:.2g}" for claimed in CLAIMED)
            table.add_row(base, relation, f"{row['pairs']:.0f}", *shares)
    console.print(table)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("build/fingerprints.json"))
    parser.add_argument("--alone", type=Path, help="fingerprint this file, and print what it took as JSON")
    arguments = parser.parse_args()
    if arguments.alone:
        sys.stdout.write(json.dumps(alone(arguments.alone)))
        return
    found = measured()
    show(found, Console(width=130))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
