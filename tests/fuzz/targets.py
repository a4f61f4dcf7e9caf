"""The fuzz targets: how bytes become an input, real-looking inputs to begin with, and words that lead further.

A fuzzer changes bytes blindly, and a length that no longer fits ends every reader at once. So the first byte of an
input tells what is built of the rest: the file as it stands, or one whose outer parts fit.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from tests.accuracy.evasion import DISGUISES, ordinary_texts, trials
from tests.fakes import encoded, safetensors
from tests.fuzz.laws import check_lora, check_picture, check_text
from tests.loras import FILES_OF_KINDS
from tests.unit.indexer.signals.metadata.files import chunk, hiding, iptc, jpeg, png, segment, tiff, webp, xmp
