"""The weight fingerprint: whether two LoRAs change a model in the same way, however their files are written.

1. `adapter` groups the tensors into layers under canonical names; each layer changes its weights by ΔW = scale · U·D.
2. ΔW is never built. With seeded Gaussian H and G of 16 columns, S = Hᵀ ΔW G = (Hᵀ U)(D G) is 16 × 16 numbers, and
   the inner product of two such sketches is, on average, 256 times that of the two ΔW (Johnson-Lindenstrauss, applied
   to both sides of the matrix). Its error is about 1/16 a layer, and averages out over hundreds of layers.
3. S is normalised, so that strength, alpha and the file's number type do not matter, only the direction of the change.
4. Two LoRAs are compared by the mean cosine over the layers both have, the text encoders apart.

A cast, a new alpha, another order of ranks, other names, fused or split projections leave the cosine at 1; a merge with
others leaves about its share. It says "this is that LoRA", never "this draws that character".

H and G come from sha256 of the layer's canonical name and size, so each layer has its own and any machine the same.
Layers are read one at a time; sizes and the whole work are bounded before a byte of the tensors is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite, prod
from typing import Any, BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

from indexer.errors import LoraError
from indexer.ports import FloatArray
from indexer.signals.lora.adapter import Adapter, Kind, Layer, LeftOut, read_adapter
from indexer.signals.lora.layer_names import Part
from indexer.signals.lora.tensor_hashes import TensorEntry, by_name, read_entries

COLUMNS = 16
RECIPE = "delta-sketch-gauss16-pcg64-1"
# Rows and inputs of all layers; Flux has 6 million, Qwen-Image 10, and each costs 16 random numbers.
MAX_SIDES = 16_000_000
# Multiplications of a whole file; an SDXL LoRA of rank 32 needs 1.2e9, a LoHa of rank 32 about 4e10.
MAX_WORK = 200_000_000_000
# As stored; the last three are widened to float32 by their bits.
_STORED: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "F8_E5M2": np.dtype("u1"),
    "F8_E4M3": np.dtype("u1"),
}
# In one layer, eight standard errors of a sketch away from chance.
ALIKE = 0.5
CHANGES_NOTHING = "it changes nothing"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A LoRA's directions: unit vectors of 256 numbers, by the canonical names of the layers, in a file's order.

    `norms` estimates the Frobenius norm of each layer's ΔW, to some 6 %. `left_out` lists the layers that are not in
    it, with reasons: a reviewer should see them, for something may hide there.
    """

    adapter: Adapter
    names: tuple[str, ...]
    vectors: FloatArray
    norms: npt.NDArray[np.float64]
    left_out: tuple[LeftOut, ...]


class Directions(Protocol):
    """What two LoRAs are compared by, however it was kept: a unit vector of 256 numbers for each layer's name."""

    @property
    def names(self) -> tuple[str, ...]:
        """Canonical, each once."""
        ...

    @property
    def vectors(self) -> FloatArray:
        """A row for each name."""
        ...


@dataclass(frozen=True, slots=True)
class Similarity:
    """Mean cosine (-1 to 1) over `shared` layers, which are `share` (0 to 1) of the layers of either; 0 without any.

    `alike` counts the shared layers with a cosine of ALIKE or more: half of the layers copied and half replaced give
    the mean of a merge, but not its count.
    """

    cosine: float
    shared: int
    share: float
    alike: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The model itself (UNet or transformer) and the text encoders, compared apart."""

    model: Similarity
    text_encoders: Similarity


class _Unreadable(Exception):
    """A layer has no direction; the message is the reason."""


def fingerprint(stream: BinaryIO, size: int, read: Iterable[TensorEntry] | None = None) -> Fingerprint:
    """Fingerprint a seekable safetensors file of `size` bytes, whose entries may have been `read` before.

    Raises LoraError: as `read_entries` does, `unsupported_adapter` for a kind without a fingerprint, `lora_too_costly`
    beyond the limits of work, and `lora_without_weights` when no layer has a direction.
    """
    entries = by_name(read_entries(stream, size) if read is None else read)
    adapter = read_adapter({name: entry.shape for name, entry in entries.items()})
    if not adapter.supported:
        raise LoraError(f"adapters of kind {adapter.kind} have no fingerprint", code="unsupported_adapter")
    _check_work(adapter.layers, entries)
    names: list[str] = []
    vectors: list[FloatArray] = []
    norms: list[float] = []
    left_out = list(adapter.left_out)
    for layer in adapter.layers:
        try:
            reader = _Reader(stream, entries, layer)
            delta = _DELTAS[layer.kind](reader)
            scale = reader.scale()
        except _Unreadable as error:
            left_out.append(LeftOut(layer.name, str(error)))
            continue
        for part in layer.parts:
            sketch = delta.sketch(*_gaussians(part, layer.inputs), slice(part.start, part.stop)).astype(np.float64)
            norm = float(np.linalg.norm(sketch))
            if not (norm > 0 and isfinite(norm)):
                left_out.append(LeftOut(part.name, CHANGES_NOTHING))
                continue
            names.append(part.name)
            vectors.append((sketch.ravel() * (np.sign(scale) / norm)).astype(np.float32))
            norms.append(abs(scale) * norm / COLUMNS)
    if not names:
        reasons = sorted({item.reason for item in left_out})[:3]
        raise LoraError(f"no layer has readable weights: {'; '.join(reasons)}", code="lora_without_weights")
    return Fingerprint(adapter, tuple(names), np.stack(vectors), np.array(norms), tuple(left_out))


def compare(one: Directions, two: Directions) -> Comparison:
    """Compare two fingerprints of the same RECIPE; symmetric, and 1 for a LoRA with itself."""
    sides = []
    for text_encoder in (False, True):
        rows = [
            {name: row for row, name in enumerate(item.names) if name.startswith("te") == text_encoder}
            for item in (one, two)
        ]
        shared = sorted(rows[0].keys() & rows[1].keys())
        if not shared:
            sides.append(Similarity(0.0, 0, 0.0, 0))
            continue
        left = one.vectors[[rows[0][name] for name in shared]]
        right = two.vectors[[rows[1][name] for name in shared]]
        cosines = np.einsum("ij,ij->i", left, right)
        share = len(shared) / len(rows[0].keys() | rows[1].keys())
        sides.append(Similarity(float(cosines.mean()), len(shared), share, int((cosines >= ALIKE).sum())))
    return Comparison(*sides)


def _gaussians(part: Part, inputs: int) -> tuple[FloatArray, FloatArray]:
    """Return Hᵀ (16 × rows) and Gᵀ (16 × inputs) of a part.

    PCG64's stream is fixed; that of its normal numbers is numpy's word only within a version, so a test holds the
    first of them, and a change asks for a new RECIPE.
    """
    seed = int.from_bytes(hashlib.sha256(f"{RECIPE}|{part.name}".encode()).digest()[:16], "big")
    generator = np.random.Generator(np.random.PCG64(seed))
    rows = generator.standard_normal((COLUMNS, part.stop - part.start), dtype=np.float32)
    return rows, generator.standard_normal((COLUMNS, inputs), dtype=np.float32)


class _Reader:
    """Reads the factors of one layer by their roles, each divided by its largest absolute number.

    Dividing keeps products of float32 finite whatever the uploader shifted from one factor to the other; `scale` gives
    back what was divided away, times alpha / rank.
    """

    def __init__(self, stream: BinaryIO, entries: Mapping[str, TensorEntry], layer: Layer) -> None:
        self._stream = stream
        self._entries = entries
        self._layer = layer
        self._peaks = 1.0

    def __contains__(self, role: str) -> bool:
        return role in self._layer.tensors

    def factor(self, role: str) -> FloatArray:
        """Return a factor in its own shape, its largest absolute number 1."""
        numbers = self._numbers(role)
        # Without the copy that the largest absolute number would take; a NaN anywhere comes through.
        peak = max(abs(float(numbers.max())), abs(float(numbers.min())))
        if not isfinite(peak):
            raise _Unreadable(f"its {role} holds numbers that are not finite")
        if peak == 0:
            raise _Unreadable(CHANGES_NOTHING)
        self._peaks *= peak
        # What was widened is ours to change; a float32 is the file's own bytes.
        divided: npt.NDArray[Any] = np.divide(numbers, peak, out=numbers if numbers.flags.writeable else None)
        return divided.astype(np.float32, copy=False)

    def matrix(self, role: str) -> FloatArray:
        """Return a factor as a matrix: its first side by all the others."""
        factor = self.factor(role)
        return factor.reshape(factor.shape[0], -1)

    def scale(self) -> float:
        """Return alpha / rank times the peaks; alpha absent gives 1, as does LoKr with two full factors."""
        scale = self._peaks
        if "alpha" in self and self._layer.rank:
            alpha = float(self._numbers("alpha").ravel()[0])
            scale *= alpha / self._layer.rank
        if not isfinite(scale):
            raise _Unreadable("its strength is not finite")
        if scale == 0:
            raise _Unreadable(CHANGES_NOTHING)
        return scale

    def _numbers(self, role: str) -> npt.NDArray[Any]:
        entry = self._entries[self._layer.tensors[role]]
        if entry.dtype not in _STORED:
            raise _Unreadable(f"its {role} is of type {entry.dtype}, which is not read")
        self._stream.seek(entry.start)
        raw = self._stream.read(entry.stop - entry.start)
        if len(raw) < entry.stop - entry.start:
            raise LoraError(f"the file ends within the tensor {entry.name[:80]!r}", code="lora_malformed")
        return _widened(np.frombuffer(raw, _STORED[entry.dtype]), entry.dtype).reshape(entry.shape)


def _widened(stored: npt.NDArray[Any], dtype: str) -> npt.NDArray[Any]:
    """Return stored numbers as float32, or float64 as they are."""
    widened = stored
    if dtype == "BF16":
        # The upper half of a float32.
        widened = (stored.astype(np.uint32) << np.uint32(16)).view(np.float32)
    elif dtype == "F8_E5M2":
        # The upper half of a float16.
        widened = (stored.astype(np.uint16) << np.uint16(8)).view(np.float16)
    elif dtype == "F8_E4M3":
        widened = _e4m3()[stored]
    return widened if dtype == "F64" else widened.astype(np.float32, copy=False)


@cache
def _e4m3() -> FloatArray:
    """Return the 256 values of an eight-bit float: sign, four bits of exponent (bias 7), three of mantissa.

    Micikevicius et al., FP8 Formats for Deep Learning, 2022: no infinity, and only all ones is no number.
    """
    bits = np.arange(128)
    exponent, mantissa = bits >> 3, (bits & 7) / 8
    values = np.where(exponent == 0, mantissa * 2.0**-6, (1 + mantissa) * 2.0 ** (exponent - 7))
    values[-1] = np.nan
    return np.concatenate([values, -values]).astype(np.float32)


class _Delta(Protocol):
    """A layer's ΔW, known by its factors."""

    def sketch(self, rows: FloatArray, columns: FloatArray, part: slice) -> FloatArray:
        """Return Hᵀ ΔW[part] G as 16 × 16, from `rows` Hᵀ (16 × part) and `columns` Gᵀ (16 × inputs)."""


@dataclass(frozen=True, slots=True)
class _Thin:
    """ΔW = up · down, up (outputs × r), down (r × inputs): LoRA, LoCon, Tucker, and the B·A of DoRA."""

    up: FloatArray
    down: FloatArray

    def sketch(self, rows: FloatArray, columns: FloatArray, part: slice) -> FloatArray:
        return (rows @ self.up[part]) @ (self.down @ columns.T)


@dataclass(frozen=True, slots=True)
class _Hadamard:
    """ΔW = (A·B) ∘ (C·D) of LoHa, elementwise.

    hᵀΔWg = Σ over both ranks of (Aᵀ diag(h) C) ∘ (B diag(g) Dᵀ), so neither product is ever built.
    """

    factors: tuple[FloatArray, FloatArray, FloatArray, FloatArray]

    def sketch(self, rows: FloatArray, columns: FloatArray, part: slice) -> FloatArray:
        a, b, c, d = self.factors
        left = np.stack([(a[part].T * row) @ c[part] for row in rows]).reshape(COLUMNS, -1)
        right = np.stack([(b * column) @ d.T for column in columns]).reshape(COLUMNS, -1)
        sketch: FloatArray = left @ right.T
        return sketch


@dataclass(frozen=True, slots=True)
class _Kronecker:
    """ΔW = A ⊗ B of LoKr. (A ⊗ B) vec(X) = vec(A X Bᵀ), row by row (Van Loan, 2000)."""

    a: FloatArray
    b: FloatArray

    def sketch(self, rows: FloatArray, columns: FloatArray, part: slice) -> FloatArray:
        x = columns.reshape(COLUMNS, self.a.shape[1], self.b.shape[1])
        # Of the two orders, the one with the smaller product between has at most √(outputs · inputs) numbers.
        if self.a.shape[1] * self.b.shape[0] <= self.a.shape[0] * self.b.shape[1]:
            y = self.a @ (x @ self.b.T)
        else:
            y = (self.a @ x) @ self.b.T
        return rows @ y.reshape(COLUMNS, -1)[:, part].T


def _thin(reader: _Reader) -> _Thin:
    up, down = reader.matrix("up"), reader.matrix("down")
    return _Thin(up, _tucker(reader.factor("mid"), down) if "mid" in reader else down)


def _tucker(kernel: FloatArray, down: FloatArray) -> FloatArray:
    """Return kernel (r × s × k…) times down (s × inputs) as r × (inputs · k), the kernel's places innermost."""
    flat = kernel.reshape(*kernel.shape[:2], -1)
    product: FloatArray = np.tensordot(flat, down, (1, 0)).transpose(0, 2, 1)
    return product.reshape(flat.shape[0], -1)


def _pair(reader: _Reader, first: str, second: str, kernel: str) -> tuple[FloatArray, FloatArray]:
    a, b = reader.matrix(first), reader.matrix(second)
    # In the Tucker form both factors have the rank first (LyCORIS `rebuild_tucker`).
    return (a.T, _tucker(reader.factor(kernel), b)) if kernel in reader else (a, b)


def _hadamard(reader: _Reader) -> _Hadamard:
    return _Hadamard(
        (*_pair(reader, "hada_w1_a", "hada_w1_b", "hada_t1"), *_pair(reader, "hada_w2_a", "hada_w2_b", "hada_t2"))
    )


def _kronecker(reader: _Reader) -> _Kronecker:
    sides = []
    for side, kernel in (("lokr_w1", ""), ("lokr_w2", "lokr_t2")):
        if side in reader:
            sides.append(reader.matrix(side))
        else:
            a, b = _pair(reader, f"{side}_a", f"{side}_b", kernel)
            sides.append(a @ b)
    return _Kronecker(*sides)


_DELTAS: Mapping[Kind, Callable[[_Reader], _Delta]] = {
    Kind.LORA: _thin,
    Kind.LOCON: _thin,
    Kind.TUCKER: _thin,
    Kind.DORA: _thin,
    Kind.LOHA: _hadamard,
    Kind.LOKR: _kronecker,
}


def _check_work(layers: Sequence[Layer], entries: Mapping[str, TensorEntry]) -> None:
    sides = work = 0
    for layer in layers:
        sides += layer.outputs + layer.inputs * len(layer.parts)
        work += _work(layer, {role: entries[name].shape for role, name in layer.tensors.items()})
    if sides > MAX_SIDES or work > MAX_WORK:
        raise LoraError(
            f"a fingerprint would take {sides:.3g} rows and {work:.3g} multiplications, more than the {MAX_SIDES:.3g} "
            f"and {MAX_WORK:.3g} allowed",
            code="lora_too_costly",
        )


def _work(layer: Layer, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Return about how many multiplications a layer takes."""
    sides = layer.outputs + layer.inputs * len(layer.parts)
    size = sum(prod(shape) for shape in shapes.values())
    if layer.kind == Kind.LOHA:
        return size * layer.rank + COLUMNS * sides * layer.rank * shapes["hada_w2_b"][0]
    if layer.kind == Kind.LOKR:
        (a_rows, a_columns), (b_rows, b_columns) = (_full_side(shapes, side) for side in ("lokr_w1", "lokr_w2"))
        between = min(a_columns * b_rows, a_rows * b_columns)
        products = between * (b_columns + a_rows if between == a_columns * b_rows else a_columns + b_rows)
        full = a_rows * a_columns + b_rows * b_columns
        return COLUMNS * (len(layer.parts) * products + COLUMNS * layer.outputs) + full * max(layer.rank, 1)
    middle = layer.rank * layer.inputs * shapes["mid"][0] if "mid" in shapes else 0
    return COLUMNS * sides * layer.rank + middle


def _full_side(shapes: Mapping[str, tuple[int, ...]], side: str) -> tuple[int, int]:
    """Return rows and columns of one of LoKr's two matrices, given whole or as a product."""
    if side in shapes:
        return shapes[side][0], prod(shapes[side][1:])
    a, b = shapes[f"{side}_a"], shapes[f"{side}_b"]
    if side == "lokr_w2" and "lokr_t2" in shapes:
        return prod(a[1:]), prod(b[1:]) * prod(shapes["lokr_t2"][2:])
    return a[0], prod(b[1:])
