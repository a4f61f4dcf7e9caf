"""Opens the store of everything screened: a folder of segments, or Milvus."""

from __future__ import annotations

from pathlib import Path

from service.adapters.segments import SegmentPictures
from service.ports import ScreenedPictures


def open_screened(where: str) -> ScreenedPictures:
    """Open a folder by its path, or Milvus by `http://host:19530` or by a file that ends in `.db`.

    Raises ImportError where the extra `milvus` is not installed.
    """
    if "://" in where or where.endswith(".db"):
        from service.adapters.milvus import MilvusPictures  # noqa: PLC0415 (its libraries are an extra)

        return MilvusPictures(where)
    return SegmentPictures(Path(where))
