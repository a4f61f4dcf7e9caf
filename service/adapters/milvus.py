"""The signals of everything screened in Milvus, where one machine is outgrown: the same answers as from files.

A collection of vectors for each model and width, one of hashes, and one row that says how far the record was followed.
All are FLAT: searched exactly. A search by range goes on through an iterator until nothing more is in range, so that no
limit loses a hit. A hash is kept as 256 numbers, 1 and -1 for its bits: the product of two is 256 less twice their
distance, exactly, and Milvus Lite knows no bits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from pymilvus import DataType, MilvusClient

from indexer.ports import FloatArray
from service.ports import PictureHit, PictureQuery, ScreenedPicture, StoreState

_FORMAT: Final = 1
_PLACE: Final = "screened_place"
_HASHES: Final = "screened_hashes"
_VECTORS: Final = "screened_vectors_"
_AT_ONCE: Final = 1_000
_BITS: Final = 256
_HASH_BYTES: Final = _BITS // 8
_SLACK: Final = 1e-4
"""A range is asked for a little wider than it is: another machine may add in another order. Hits are measured again."""


class MilvusPictures:
    """ScreenedPictures in a Milvus server, or in a file of Milvus Lite."""

    def __init__(self, uri: str) -> None:
        self._client = MilvusClient(uri)

    def apply(self, place: int, model: str, added: Sequence[ScreenedPicture] = (), removed: Sequence[str] = ()) -> None:
        """Forget, keep, and note how far the record was followed: the place last, so that a killed one is repeated."""
        known = self._collections()
        gone = list(dict.fromkeys([*removed, *(item.screening_id for item in added)]))
        for name in [*known, _HASHES]:
            if gone and self._client.has_collection(name):
                for start in range(0, len(gone), _AT_ONCE):
                    self._client.delete(name, filter=f"screening_id in {json.dumps(gone[start : start + _AT_ONCE])}")
        groups: dict[tuple[str, int], list[ScreenedPicture]] = {}
        for item in {(item.screening_id, item.number): item for item in added}.values():
            groups.setdefault((item.model, len(item.vector) // 2), []).append(item)
        for (label, width), items in groups.items():
            name = _collection(label, width)
            known[name] = label
            self._make(name, width)
            vectors = np.stack([np.frombuffer(item.vector, "<f2").astype(np.float32) for item in items])
            self._insert(name, items, vectors)
        hashed = [item for item in added if len(item.pdq) == _HASH_BYTES]
        if hashed:
            self._make(_HASHES, _BITS)
            self._insert(_HASHES, hashed, _signs([item.pdq for item in hashed]))
        self._note(place, model, known)

    def search(self, query: PictureQuery) -> Iterator[list[PictureHit]]:
        """Find every picture that is near enough."""
        alike: dict[tuple[str, int], float] = {}
        for packed, least in query.vectors:
            vector = np.frombuffer(packed, dtype="<f4")
            name = _collection(query.model, len(vector))
            for key, value in self._in_range(name, vector, least):
                alike[key] = max(alike.get(key, value), value)
            yield []
        near: dict[tuple[str, int], int] = {}
        for sign in _signs(query.hashes):
            for key, value in self._in_range(_HASHES, sign, _BITS - 2.0 * query.most_distance):
                distance = round((_BITS - value) / 2)
                near[key] = min(near.get(key, distance), distance)
            yield []
        keys = sorted(alike.keys() | near.keys())
        for start in range(0, len(keys), _AT_ONCE):
            yield [PictureHit(*key, alike.get(key), near.get(key)) for key in keys[start : start + _AT_ONCE]]

    def state(self) -> StoreState:
        """Tell how far the record was followed."""
        told = self._noted()
        if told is None:
            return StoreState()
        counts: dict[str, int] = {}
        for name, label in self._collections().items():
            (row,) = self._client.query(name, filter="", output_fields=["count(*)"])
            if row["count(*)"]:
                counts[label] = counts.get(label, 0) + int(row["count(*)"])
        return StoreState(int(told["place"]), str(told["model"]), counts)

    def clear(self) -> None:
        """Forget everything."""
        for name in self._client.list_collections():
            if name in {_PLACE, _HASHES} or name.startswith(_VECTORS):
                self._client.drop_collection(name)

    def _in_range(self, name: str, vector: FloatArray, least: float) -> Iterator[tuple[tuple[str, int], float]]:
        """Go through all rows of a collection whose product with a vector is `least` or more."""
        if not self._client.has_collection(name):
            return
        found = self._client.search_iterator(
            name,
            data=[vector.tolist()],
            batch_size=_AT_ONCE,
            anns_field="vector",
            search_params={"metric_type": "IP", "params": {"radius": float(least) - _SLACK}},
            output_fields=["screening_id", "number", "vector"],
        )
        try:
            while batch := found.next():
                for hit in batch:
                    row = hit["entity"]
                    value = float(np.asarray(row["vector"], dtype=np.float32) @ vector)
                    if value >= np.float32(least):
                        yield (str(row["screening_id"]), int(row["number"])), value
        finally:
            found.close()

    def _make(self, name: str, width: int) -> None:
        if self._client.has_collection(name):
            return
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=96)
        schema.add_field("screening_id", DataType.VARCHAR, max_length=64)
        schema.add_field("number", DataType.INT64)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=width)
        self._create(name, schema)

    def _create(self, name: str, schema: Any) -> None:
        index = self._client.prepare_index_params()
        index.add_index("vector", index_type="FLAT", metric_type="IP")
        # What was written has to be found at once.
        self._client.create_collection(name, schema=schema, index_params=index, consistency_level="Strong")

    def _insert(self, name: str, items: Sequence[ScreenedPicture], vectors: FloatArray) -> None:
        for start in range(0, len(items), _AT_ONCE):
            rows = [
                {
                    "id": f"{item.screening_id}/{item.number}",
                    "screening_id": item.screening_id,
                    "number": item.number,
                    "vector": vector.tolist(),
                }
                for item, vector in zip(items[start:], vectors[start : start + _AT_ONCE], strict=False)
            ]
            self._client.upsert(name, rows)

    def _note(self, place: int, model: str, known: dict[str, str]) -> None:
        if not self._client.has_collection(_PLACE):
            schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
            schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=16)
            schema.add_field("told", DataType.VARCHAR, max_length=16_384)
            # A collection has to have a vector, whether anybody looks for it or not.
            schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
            self._create(_PLACE, schema)
        told = json.dumps({"format": _FORMAT, "place": place, "model": model, "collections": known})
        self._client.upsert(_PLACE, [{"id": "place", "told": told, "vector": [1.0, 0.0]}])

    def _noted(self) -> dict[str, Any] | None:
        if not self._client.has_collection(_PLACE):
            return None
        rows = self._client.query(_PLACE, filter='id == "place"', output_fields=["told"])
        told: dict[str, Any] | None = json.loads(rows[0]["told"]) if rows else None
        return told if told is not None and told["format"] == _FORMAT else None

    def _collections(self) -> dict[str, str]:
        """Return the label of the model of each collection of vectors."""
        told = self._noted()
        return dict(told["collections"]) if told is not None else {}


def _collection(label: str, width: int) -> str:
    return f"{_VECTORS}{hashlib.sha256(label.encode()).hexdigest()[:16]}_{width}"


def _signs(hashes: Sequence[bytes]) -> FloatArray:
    """Write hashes as 1 and -1: (hashes, 256)."""
    bits = np.unpackbits(np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, _HASH_BYTES), axis=1)
    return bits.astype(np.float32) * 2.0 - 1.0
