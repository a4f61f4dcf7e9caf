"""Weight fingerprints among many: their false-positive rate, a summary to short-list by, and how they are stored.

How often unrelated LoRAs are alike was measured on LoRAs trained for that purpose (`training/lora_control.py`), on two
small bases. LoRAs of the large public bases could not be measured, so every rate here is uncalibrated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from math import sqrt
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load, save

from indexer.calibration import FLOOR_BELOW_CROWD, RateCurve, Tail
from indexer.errors import CalibrationError, LoraError
from indexer.model import Rate
from indexer.ports import FloatArray
from indexer.signals.lora.fingerprint import COLUMNS, RECIPE, Directions, Similarity

CONTROL: Final = Path(__file__).resolve().parent / "models" / "lora_control.safetensors"
UNRELATED: Final = "unrelated"
ONE_SEED: Final = "one seed"
PAIRS: Final = "/pairs"
MIN_LAYERS: Final = 8
"""With fewer shared layers, sketches alone give cosines of 0.1 by chance, and a hostile file chooses which layers."""

ONE_SEED_SHARE: Final = 0.2
"""Share of the unrelated LoRAs that are taken to start from the very random numbers that a registered one started from.

Presets of trainers fix the seed (those of kohya_ss: 1234, 42, or none). LoRAs of one base, rank and choice of layers
then begin with the same down factors, and stay alike: by 0.2 on the denoiser, where others are by 0.03. How many do is
not known: a guess, on the careful side.
"""

SUMMARY_DIM: Final = 512
_VECTOR: Final = COLUMNS * COLUMNS
_PREFIX: Final = 8
_BEYOND_ANY_CROWD: Final = 10**15
_UNIT: Final = 0.01
_RESAMPLINGS: Final = 40


@dataclass(frozen=True)
class Relation:
    """Cosines of pairs of LoRAs that are related in one way; of a crowd also which LoRAs, (pairs, 2), else None."""

    cosines: FloatArray
    pairs: npt.NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Crowd:
    """Cosines of pairs of LoRAs that have nothing to do with each other, over `layers` shared layers."""

    curve: RateCurve
    mean: float
    layers: int

    @classmethod
    def fit(cls, found: Relation, layers: int) -> Crowd:
        """Fit the curve, with a tail that has no end, and an interval from resampling LoRAs.

        A tail with an end (a shape below 0) would call a cosine of 0.5 impossible after some thousands of pairs. Pairs
        that share a LoRA are no independent witnesses: resampling pairs gives intervals two to four times too narrow.
        """
        cosines = found.cosines.astype(np.float64)
        curve = RateCurve.fit(cosines)
        if curve.tail is not None and found.pairs is not None:
            curve = replace(curve, tail=_resampled(curve.tail, cosines, found.pairs))
        return cls(curve, float(cosines.mean()), layers)

    def rate(self, similarity: Similarity) -> Rate:
        """Return how often one such pair is as alike, however far beyond the crowd that is.

        Chance over fewer layers than the crowd's reaches further, by the root of their number, as means of independent
        layers do; for more layers nothing is taken off, because what all trainings share does not average out.
        """
        excess = similarity.cosine - self.mean
        if excess > 0:
            excess *= min(1.0, sqrt(similarity.shared / self.layers))
        return self.curve.rate(self.mean + excess, _BEYOND_ANY_CROWD)


@dataclass(frozen=True)
class Control:
    """The control distribution of one base: pairs with seeds of their own and with one seed, of `loras` LoRAs."""

    own_seeds: Crowd
    one_seed: Crowd
    loras: int

    def rate(self, similarity: Similarity) -> tuple[float, float, float]:
        """Return the rate for one registered LoRA, and its interval, low and high."""
        own, shared = _bounds(self.own_seeds.rate(similarity)), _bounds(self.one_seed.rate(similarity))
        value, low, high = ((1.0 - ONE_SEED_SHARE) * a + ONE_SEED_SHARE * b for a, b in zip(own, shared, strict=True))
        return value, low, high


@dataclass(frozen=True, slots=True)
class StoredFingerprint:
    """A fingerprint as it comes back from a database: all that `compare` and `summary` need."""

    names: tuple[str, ...]
    vectors: FloatArray


def fingerprint_rate(similarity: Similarity, registered: int) -> Rate:
    """Return how often an unrelated LoRA would be as like any of `registered` (1 or more) blocked ones.

    Of the bases measured, the one with the higher rate counts. The tail is trusted as far as that many chances ask, but
    the rate never goes below what a crowd of so many LoRAs could show, a tenth of one in all of them. With fewer than
    MIN_LAYERS shared layers it is 1.

    Never `calibrated`, so that no policy blocks on it alone: LoRAs of the public bases are wider and longer trained,
    and text encoders were not measured at all. Raises CalibrationError when the control distribution is missing or of
    another recipe.
    """
    if similarity.shared < MIN_LAYERS:
        return Rate(1.0, 1.0, 1.0, calibrated=False)
    if similarity.cosine < 0:
        # A LoRA whose signs were turned is loaded with a weight of -1: the other side is another chance.
        similarity, registered = replace(similarity, cosine=-similarity.cosine), 2 * registered
    known = controls().values()
    value, low, high = (max(bounds) for bounds in zip(*(one.rate(similarity) for one in known), strict=True))
    rate = Rate(value, low, high, calibrated=False).times(registered)
    floor = 1.0 / (FLOOR_BELOW_CROWD * sum(one.loras for one in known))
    return Rate(max(rate.value, floor), max(rate.low, floor), max(rate.high, floor), calibrated=False)


def summary(fingerprint: Directions, among: Container[str] | None = None) -> FloatArray:
    """Return (SUMMARY_DIM,) float32 of length 1, to short-list by: one inner product for two whole LoRAs.

    Layers are added up, each with the signs and in the half that sha512 of its name says, so that different layers
    cancel out (a count sketch: Charikar, Chen and Farach-Colton 2002). The inner product of two summaries is, on
    average, the mean cosine over the shared layers, times shared / √(layers of one · layers of the other); its error is
    about 1 / √SUMMARY_DIM = 0.044, whatever the number of layers.

    `among` holds the names that count, such as those of all registered LoRAs: a file may add any number of layers that
    no program loads, and these would drown the others. Without any such layer the summary is nought.
    """
    rows = [row for row, name in enumerate(fingerprint.names) if among is None or name in among]
    total = np.zeros((2, _VECTOR), np.float64)
    if rows:
        digests = b"".join(hashlib.sha512(f"summary|{fingerprint.names[row]}".encode()).digest() for row in rows)
        bits = np.unpackbits(np.frombuffer(digests, np.uint8)).reshape(len(rows), -1)
        np.add.at(total, bits[:, _VECTOR], fingerprint.vectors[rows] * (1.0 - 2.0 * bits[:, :_VECTOR]))
    length = float(np.linalg.norm(total))
    return (total.ravel() / (length or 1.0)).astype(np.float32)


def pack(fingerprint: Directions) -> bytes:
    """Return a fingerprint as safetensors bytes, half a kilobyte a layer: vectors as float16; recipe and names as text.

    Equal fingerprints give equal bytes.
    """
    # One entry of metadata, because the library writes several in any order.
    text = json.dumps({"recipe": RECIPE, "names": fingerprint.names}, ensure_ascii=False)
    return save({"vectors": fingerprint.vectors.astype(np.float16)}, {"fingerprint": text})


def unpack(data: bytes) -> StoredFingerprint:
    """Undo `pack`, to within a thousandth of a vector's length. Raises LoraError `fingerprint_unreadable`."""
    try:
        vectors = load(data)["vectors"]
        # The library gives metadata of files alone; it has just found this header sound.
        header = json.loads(data[_PREFIX : _PREFIX + int.from_bytes(data[:_PREFIX], "little")])
        text = json.loads(header["__metadata__"]["fingerprint"])
        recipe, names = text["recipe"], text["names"]
    except (SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise _unreadable(f"this is no packed fingerprint: {str(error)[:80]}") from error
    if recipe != RECIPE:
        raise _unreadable(f"it is of recipe {str(recipe)[:80]!r}, not {RECIPE!r}: compute it from the file again")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise _unreadable("its names are not a list of texts")
    if len(set(names)) < len(names):
        raise _unreadable("two of its layers have one name")
    if vectors.dtype != np.float16 or vectors.shape != (len(names), _VECTOR):
        raise _unreadable(f"its vectors are {vectors.dtype} {vectors.shape}, not float16 {(len(names), _VECTOR)}")
    with np.errstate(invalid="ignore"):
        widened = vectors.astype(np.float32)
        lengths = np.linalg.norm(widened, axis=1)
    # A NaN is within no bounds.
    if not np.all(np.abs(lengths - 1.0) < _UNIT):
        raise _unreadable("its vectors are not of length 1")
    return StoredFingerprint(tuple(names), widened)


@lru_cache(maxsize=1)
def controls(path: Path = CONTROL) -> Mapping[str, Control]:
    """Return the control distributions by base. Raises CalibrationError when the file is not one of this recipe."""
    relations, about = read_control(path)
    found = {}
    try:
        for base, described in about.items():
            own, shared = (
                Crowd.fit(relations[base][relation], int(described["layers"])) for relation in (UNRELATED, ONE_SEED)
            )
            found[base] = Control(own, shared, int(described["loras"]))
    except KeyError as error:
        raise CalibrationError(f"{path} lacks {error}") from error
    if not found:
        raise CalibrationError(f"{path} holds no base")
    return found


def read_control(path: Path = CONTROL) -> tuple[dict[str, dict[str, Relation]], dict[str, dict[str, Any]]]:
    """Return what was measured by base and relation, and what each base is: layers, LoRAs, rank.

    Raises CalibrationError when the file is missing, damaged, or of another recipe of fingerprints.
    """
    relations: dict[str, dict[str, Relation]] = {}
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if metadata["recipe"] != RECIPE:
                raise CalibrationError(f"{path} was made with another recipe of fingerprints; make it again")
            about = json.loads(metadata["bases"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (a file, not a dict)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise CalibrationError(f"{path} is not a control distribution: {error}") from error
    for name, values in arrays.items():
        base, _, relation = name.partition("/")
        if not relation.endswith(PAIRS):
            pairs = arrays.get(name + PAIRS)
            found = Relation(values.astype(np.float32), None if pairs is None else pairs.astype(np.int64))
            relations.setdefault(base, {})[relation] = found
    return relations, about


def _resampled(tail: Tail, cosines: npt.NDArray[np.float64], pairs: npt.NDArray[np.int64]) -> Tail:
    """Fit a tail's share and mean excess to the pairs, then to resamplings of the LoRAs; its shape is 0 or more."""
    loras, inverse = np.unique(pairs, return_inverse=True)
    ends = inverse.reshape(pairs.shape)
    over = (cosines > tail.threshold).astype(np.float64)
    excess = over * (cosines - tail.threshold)
    shape = max(0.0, float(tail.fits[0, 1]))
    rng = np.random.default_rng(0)
    rows = []
    for number in range(_RESAMPLINGS + 1):
        drawn = rng.multinomial(len(loras), np.full(len(loras), 1 / len(loras))) if number else np.ones(len(loras))
        weights = drawn[ends[:, 0]] * drawn[ends[:, 1]]
        reached = float(weights @ over)
        if reached:
            # Of a generalised Pareto distribution the mean is scale / (1 - shape).
            rows.append((reached / weights.sum(), shape, float(weights @ excess) / reached * (1.0 - shape)))
    return Tail(tail.threshold, np.array(rows))


def _bounds(rate: Rate) -> tuple[float, float, float]:
    return rate.value, rate.low, rate.high


def _unreadable(reason: str) -> LoraError:
    return LoraError(reason, code="fingerprint_unreadable")
