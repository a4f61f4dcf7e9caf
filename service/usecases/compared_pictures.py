"""Pictures of uploads beside the references that they resemble, as files of an evidence pack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from service.domain.report import Comparison, Picture
from service.domain.wording import Wording
from service.ports import Blobs, KeptPicture, SetDirectory
from service.usecases.case_view import media_type

_IMAGE = "image:"
_MOST_BYTES = 256 * 1024 * 1024
_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif", "image/avif": "avif"}

Fact = Mapping[str, Any]
"""A piece of evidence as in answers."""


class ComparedPictures:
    """Gathers the pictures of one pack; `files` holds their bytes by name.

    Whole pictures are taken up to 256 MiB; from there on their thumbnails, where there are any.
    """

    def __init__(self, blobs: Blobs, sets: SetDirectory, most_bytes: int = _MOST_BYTES) -> None:
        self._blobs = blobs
        self._sets = sets
        self._left = most_bytes
        self._references: dict[str, Mapping[str, str]] = {}
        self.files: dict[str, bytes] = {}

    def compare(
        self, stem: str, pictures: Sequence[KeptPicture], facts: Iterable[Fact], most: int
    ) -> tuple[list[Comparison], int]:
        """Put the pictures of an upload beside their references, the most telling first: `most` pictures at most.

        A picture stands beside the reference of its rarest fact, then beside others. Also returns how many pairs were
        left out.
        """
        kept = {item.name: (number, item) for number, item in enumerate(pictures)}
        pairs: dict[tuple[str, str, str], list[Fact]] = {}
        for fact in sorted(facts, key=rate_of):
            name = str(fact["source"]).removeprefix(_IMAGE)
            if fact["reference"] is not None and fact["reference_set"] is not None and name in kept:
                pairs.setdefault((name, fact["reference_set"], fact["reference"]), []).append(fact)
        chosen = _each_picture_first(list(pairs))[:most]
        made = []
        for key in chosen:
            name, slug, reference = key
            number, picture = kept[name]
            upload = self._picture(f"{stem}-{number:04}", name, picture.sha256)
            sha256 = self._reference(slug, reference)
            title = f"{slug}: {reference}"
            other = self._picture(f"reference-{slug}", title, sha256) if sha256 else Picture(title, "–", None)
            made.append(Comparison(upload, other, tuple(said_of(fact) for fact in pairs[key])))
        return made, len(pairs) - len(chosen)

    def _picture(self, stem: str, caption: str, sha256: str) -> Picture:
        known = next((name for name in self.files if name.startswith(f"pictures/{stem}-{sha256[:16]}.")), None)
        if known is not None:
            return Picture(caption, sha256, self.files[known], known)
        data = self._blobs.read(f"pictures/{sha256}")
        if data is None or len(data) > self._left:
            data = self._blobs.read(f"thumbnails/{sha256}")
        if data is None:
            return Picture(caption, sha256, None)
        self._left -= len(data)
        name = f"pictures/{stem}-{sha256[:16]}.{_SUFFIXES.get(media_type(data), 'bin')}"
        self.files[name] = data
        return Picture(caption, sha256, data, name)

    def _reference(self, slug: str, file: str) -> str | None:
        if slug not in self._references:
            known = self._sets.get(slug)
            self._references[slug] = {item.file: item.sha256 for item in known.references} if known else {}
        return self._references[slug].get(file)


def rate_of(fact: Fact) -> float:
    """Return the false-positive rate of a fact; 0.0 where identity needs none, 1.0 of what does not count."""
    if fact.get("weightless"):
        return 1.0
    measure = fact["measure"]
    return float(measure["false_positive_rate"]) if measure else 0.0


def said_of(fact: Fact) -> Wording:
    """Write what a fact says, with its measure and rate."""
    said, measure = fact["explanation"], fact["measure"]
    if measure is None:
        return Wording(said["en"], said["zh"])
    low, high = measure["interval"]
    told = f"{measure['name']} {measure['value']:.4g}"
    rate, span = f"{measure['false_positive_rate']:.2g}", f"{low:.2g} – {high:.2g}"
    return Wording(
        f"{said['en']} ({told}; false-positive rate {rate}, 90 % interval {span})",
        f"{said['zh']}（{told}；误报率 {rate}，90 % 区间 {span}）",
    )


def told_pairs(items: Sequence[Comparison]) -> list[dict[str, Any]]:
    """Write pairs as JSON values: each picture with its sha256 and its file in the pack."""
    return [{"upload": _told(item.upload), "reference": _told(item.reference)} for item in items]


def _told(picture: Picture) -> dict[str, Any]:
    return {"name": picture.caption, "sha256": picture.sha256, "file": picture.file}


def _each_picture_first(pairs: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Put the first pair of each picture before second ones; else the order stays."""
    seen: dict[str, int] = {}
    ranked = []
    for pair in pairs:
        seen[pair[0]] = seen.get(pair[0], 0) + 1
        ranked.append((seen[pair[0]], pair))
    return [pair for _, pair in sorted(ranked, key=lambda item: item[0])]
