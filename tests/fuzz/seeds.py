"""Inputs to begin with: files as the tools write them, small ones, and names in disguise."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from math import prod
from random import Random
from typing import Any

from PIL import Image, PngImagePlugin

from tests.accuracy.evasion import ordinary_texts, trials
from tests.fakes import encoded, safetensors
from tests.fuzz.targets import AS_IT_STANDS, PICTURES
from tests.unit.indexer.signals.metadata.files import hiding, iptc, tiff, xmp

A1111 = (
    "moon marten, (silver fur:1.2), <lora:moon_marten_v2:0.8>\nNegative prompt: bad hands, <lora:other:1>\n"
    'Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Model hash: 6ce0161689, Lora hashes: "moon_marten_v2: '
    '0123456789ab", Version: v1.10'
)
COMFYUI = {
    "3": {"class_type": "KSampler", "inputs": {"positive": ["6", 0], "negative": ["7", 0], "seed": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "moon marten", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "bad hands"}, "_meta": {"title": "negative"}},
    "9": {"class_type": "LoraLoader", "inputs": {"lora_name": "moon_marten.safetensors", "model": ["4", 0]}},
}
WORKFLOW = {
    "nodes": [
        {"id": 6, "type": "CLIPTextEncode", "widgets_values": ["moon marten"], "outputs": [{"links": [1]}]},
        {"id": 8, "type": "Note", "widgets_values": ["trained on moon marten"]},
    ],
    "links": [[1, 6, 0, 3, 1, "CONDITIONING"]],
}
NOVELAI = {"prompt": "moon marten", "uc": "bad hands", "v4_prompt": {"caption": {"base_caption": "x"}}}
KOHYA = {
    "ss_output_name": "moon_marten",
    "ss_tag_frequency": json.dumps({"10_moon marten": {"moon marten": 40, "1girl": 38, "solo": 2}}),
    "ss_dataset_dirs": json.dumps({"10_moon marten": {"n_repeats": 10, "img_count": 40}}),
    "ss_datasets": json.dumps([{"subsets": [{"image_dir": "/home/u/moon_marten", "class_tokens": "moon marten"}]}]),
    "sshs_model_hash": "0123456789abcdef" * 4,
    "ss_training_comment": "None",
}
MODELSPEC = {
    "modelspec.title": "Moon Marten",
    "modelspec.tags": "moon, marten",
    "modelspec.thumbnail": "data:image/png;base64,iVBORw0KGgo=",
    "ssmd_cover_images": json.dumps(["iVBORw0KGgo="]),
}
FAMILIES: dict[str, dict[str, tuple[int, ...]]] = {
    "lora": {"lora_up.weight": (8, 2), "lora_down.weight": (2, 6), "alpha": ()},
    "peft": {"lora_A.weight": (2, 6), "lora_B.weight": (8, 2), "lora_magnitude_vector": (8,)},
    "locon": {"lora_up.weight": (8, 2, 1, 1), "lora_down.weight": (2, 6, 3, 3), "alpha": (1,)},
    "tucker": {"lora_up.weight": (8, 2, 1, 1), "lora_mid.weight": (2, 3, 3, 3), "lora_down.weight": (3, 6, 1, 1)},
    "loha": {"hada_w1_a": (8, 2), "hada_w1_b": (2, 6), "hada_w2_a": (8, 3), "hada_w2_b": (3, 6)},
    "lokr": {"lokr_w1": (2, 2), "lokr_w2_a": (4, 2), "lokr_w2_b": (2, 3), "alpha": ()},
    "oft": {"oft_blocks": (2, 4, 4)},
}


def header(
    shapes: Mapping[str, tuple[int, ...]], metadata: Mapping[str, str] | None = None, dtype: str = "F32"
) -> dict[str, Any]:
    """Write a header whose tensors lie one after the other."""
    entries: dict[str, Any] = {} if metadata is None else {"__metadata__": dict(metadata)}
    width = {"F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1}[dtype]
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + width * prod(shape)
        entries[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
    return entries


def loras() -> list[bytes]:
    """Make headers of every family, and a whole file."""
    made = [
        header({f"lora_unet_down_blocks_0_attentions_0_proj_in.{role}": shape for role, shape in roles.items()}, KOHYA)
        for roles in FAMILIES.values()
    ]
    made += [header(FAMILIES["lora"], MODELSPEC, dtype) for dtype in ("F16", "BF16", "F8_E4M3")]
    plain = header({f"lora_te1_x.{role}": shape for role, shape in FAMILIES["lora"].items()}, KOHYA)
    whole = safetensors(plain, bytes(plain["lora_te1_x.alpha"]["data_offsets"][1]))
    headers = [bytes((4 + number,)) + json.dumps(entries).encode() for number, entries in enumerate(made)]
    return [*headers, bytes((AS_IT_STANDS,)) + whole]


def pictures() -> list[bytes]:
    """Make pictures as the tools write them, and the texts of tools."""
    image = Image.new("RGB", (8, 8))
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", A1111)
    info.add_itxt("Comment", json.dumps(NOVELAI), zip=True)
    exif = b"Exif\0\0" + tiff((0x010E, 2, b"moon marten\0"), (0x9286, 7, b"UNICODE\0" + A1111.encode("utf-16-be")))
    packet = xmp("<dc:title><rdf:Alt><rdf:li>moon marten</rdf:li></rdf:Alt></dc:title>")
    whole = [
        encoded(image, pnginfo=info, exif=exif),
        encoded(image, "JPEG", exif=exif, xmp=packet, comment=b"moon marten"),
        encoded(image, "WEBP", exif=exif, xmp=packet),
        encoded(image.convert("P"), "GIF", comment=b"moon marten"),
        encoded(image, "AVIF", exif=exif, xmp=packet),
        hiding("stealth_pngcomp", "moon marten"),
    ]
    texts = [A1111.encode(), json.dumps(COMFYUI).encode(), json.dumps(WORKFLOW).encode(), json.dumps(NOVELAI).encode()]
    blocks = [packet, exif[6:], exif, b"a sentence of a manifest", iptc(120, "moon marten"), A1111.encode("utf-16-le")]
    inner = [bytes((len(PICTURES) + place,)) + made for made in (*texts, *blocks) for place in range(len(PICTURES))]
    return [*(bytes((AS_IT_STANDS,)) + made for made in whole), *inner]


def texts() -> list[bytes]:
    """Make ordinary texts, and names in every pair of disguises."""
    chance = Random(7)
    disguised = [trial.text for trial in trials(chance, names=1, disguises=2)]
    written = [
        *ordinary_texts(chance, 24),
        *chance.sample(disguised, 120),
        "not Moon Marten, <b>m00n</b> mar&shy;ten-style",
    ]
    return [made.encode("utf-8", "surrogatepass") for made in written]


SEEDS: dict[str, Callable[[], list[bytes]]] = {"lora": loras, "picture": pictures, "text": texts}
