"""What each tool writes of its making, as strings of a picture."""

from __future__ import annotations

import json
from typing import Any

from indexer.signals.metadata.bounds import PictureString
from indexer.signals.metadata.harvest import PictureText
from indexer.signals.metadata.prompts import PicturePrompts, read_prompts

PROMPT, NEGATIVE = "juno, clockwork heron, <lora:juno v2:0.8>", "blurry, red heron"
INFOTEXT = (
    f"{PROMPT}\nNegative prompt: {NEGATIVE}\nSteps: 20, Sampler: Euler a, Seed: 1, Model hash: abcdef0123, "
    'Model: heronmix, Lora hashes: "juno v2: 0011223344aa, other: 99887766aabb", Version: '
)


def found(*strings: tuple[str, Any]) -> PicturePrompts:
    """Read strings given by source; anything but text is written as JSON."""
    return read_prompts(
        PictureText(
            tuple(
                PictureString(text if isinstance(text, str) else json.dumps(text, ensure_ascii=False), source)
                for source, text in strings
            ),
            (),
        )
    )


def node(kind: str, title: str = "", **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": title}}


GRAPH = {
    "1": node("CheckpointLoaderSimple", ckpt_name="heronmix.safetensors"),
    "2": node(
        "LoraLoader", lora_name="juno v2.safetensors", strength_model=float("nan"), model=["1", 0], clip=["1", 1]
    ),
    "3": node("CLIPTextEncode", text=["8", 0], clip=["2", 1]),
    "4": node("CLIPTextEncode", text=NEGATIVE, clip=["2", 1]),
    "5": node("ControlNetApplyAdvanced", positive=["3", 0], negative=["4", 0]),
    "6": node("KSampler", positive=["5", 0], negative=["5", 1], model=["2", 0], sampler_name="euler"),
    "8": node("StringConcatenate", string_a="ignored", text=PROMPT),
    "9": node("Note", text="made after the real one"),
    "10": node("Power Lora Loader (rgthree)", lora_1={"on": True, "lora": "feather.safetensors", "strength": 1}),
}
WORKFLOW = {
    "nodes": [
        {"id": 3, "type": "CLIPTextEncode", "widgets_values": [PROMPT], "inputs": [{"name": "clip", "link": 1}]},
        {"id": 4, "type": "CLIPTextEncode", "widgets_values": [NEGATIVE], "inputs": []},
        {
            "id": 6,
            "type": "KSampler",
            "inputs": [{"name": "positive", "link": 2}, {"name": "negative", "link": 3}],
            "widgets_values": [1, "euler"],
        },
        {"id": 9, "type": "MarkdownNote", "widgets_values": ["made after the real one"]},
        {"id": 2, "type": "LoraLoader", "widgets_values": ["juno v2.safetensors", 1]},
        {"id": 1, "type": "CheckpointLoaderSimple", "widgets_values": ["heronmix.safetensors"]},
    ],
    "links": [[2, 3, 0, 6, 1, "CONDITIONING"], [3, 4, 0, 6, 2, "CONDITIONING"]],
}
SWARM = {
    "sui_image_params": {"prompt": PROMPT, "negativeprompt": NEGATIVE, "model": "heronmix", "loras": ["juno v2"]},
    "sui_models": [{"name": "juno v2.safetensors", "param": "loras", "hash": "0x" + "ab" * 32}],
}
NOVELAI = {
    "prompt": PROMPT,
    "uc": NEGATIVE,
    "v4_prompt": {"caption": {"base_caption": PROMPT, "char_captions": [{"char_caption": "a heron"}]}},
    "v4_negative_prompt": {"caption": {"base_caption": NEGATIVE, "char_captions": []}},
}
INVOKE = {
    "positive_prompt": PROMPT,
    "negative_prompt": NEGATIVE,
    "model": {"name": "heronmix", "hash": "blake3:" + "cd" * 32, "base": "sdxl"},
    "loras": [{"model": {"name": "juno v2", "hash": "blake3:" + "ef" * 32, "base": "sdxl"}, "weight": 1}],
}
FOOOCUS = {
    "prompt": PROMPT,
    "full_negative_prompt": [NEGATIVE],
    "base_model": "heronmix",
    "base_model_hash": "abcdef0123",
    "loras": [["juno v2", 0.8]],
}
TENSORART = {
    "prompt": PROMPT,
    "negativePrompt": NEGATIVE,
    "baseModel": {"label": "heronmix", "hash": "ABCDEF0123"},
    "models": [{"label": "juno v2", "type": "LORA", "modelFileName": "juno v2", "hash": "AABBCCDDEE"}],
}
DRAW_THINGS = {
    "c": PROMPT,
    "uc": NEGATIVE,
    "model": "heronmix",
    "lora": [{"model": "juno v2", "weight": 1}],
    "sampler": "x",
    "scale": 1,
    "seed": 2,
}
CIVITAI = INFOTEXT + (
    'x, Civitai resources: [{"type":"lora","weight":0.8,"modelVersionId":1,"modelName":"juno v2"}], '
    "Civitai metadata: {}"
)

CASES: list[tuple[str, str, list[tuple[str, Any]]]] = [
    ("a1111", "a1111", [("png:tEXt:parameters", INFOTEXT + "v1.10.1")]),
    ("forge", "forge", [("png:tEXt:parameters", INFOTEXT + "f2.0.1v1.10.1-previous")]),
    ("sd.next", "sdnext", [("jpeg:exif:UserComment", INFOTEXT + "abc, App: SD.Next")]),
    ("hidden infotext", "a1111", [("png:alpha:stealth_pngcomp", INFOTEXT + "v1")]),
    ("comfyui graph", "comfyui", [("png:tEXt:prompt", GRAPH)]),
    ("comfyui workflow", "comfyui", [("png:tEXt:workflow", WORKFLOW)]),
    ("comfyui workflow first", "comfyui", [("webp:exif:Make", "workflow:" + json.dumps(WORKFLOW))]),
    ("comfyui in webp", "comfyui", [("webp:exif:Model", "Prompt: " + json.dumps(GRAPH))]),
    ("comfyui wrapped", "comfyui", [("jpeg:exif:UserComment", {"prompt": GRAPH, "workflow": WORKFLOW})]),
    ("comfyui in strings", "comfyui", [("jpeg:exif:UserComment", {"prompt": json.dumps(GRAPH)})]),
    ("swarmui", "swarmui", [("png:tEXt:parameters", SWARM)]),
    ("invokeai", "invokeai", [("png:tEXt:invokeai_metadata", INVOKE)]),
    ("fooocus", "fooocus", [("png:tEXt:parameters", FOOOCUS), ("png:tEXt:fooocus_scheme", "fooocus")]),
    ("tensorart", "tensorart", [("png:tEXt:generation_data", TENSORART)]),
    ("draw things", "draw_things", [("png:xmp:exif:UserComment", DRAW_THINGS)]),
    ("civitai", "civitai", [("jpeg:exif:UserComment", CIVITAI)]),
]
