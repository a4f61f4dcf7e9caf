"""Trainers: the metadata keys that each writes, what stands under them, and by which a trainer is told.

Sources: kohya sd-scripts `train_network.py` and `sai_model_spec.py`, musubi-tuner `image_video_dataset.py`, ai-toolkit
`BaseSDTrainProcess.py`, OneTrainer's training configuration, diffusers `lora_base.py`, PEFT `adapter_config.json`,
SimpleTuner, the metadata editor of sd-webui-additional-networks, and the ModelSpec of Stability AI.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

Role = Literal[
    "name",
    "trigger",
    "tag",
    "folder",
    "caption",
    "description",
    "author",
    "base_model",
    "prompt",
    "path",
    "comment",
    "key",
    "other",
]

KEY_ROLES: dict[str, Role] = {
    "name": "name",
    "title": "name",
    "model_name": "name",
    "ss_output_name": "name",
    "modelspec.title": "name",
    "ssmd_display_name": "name",
    "trained_words": "trigger",
    "trainedwords": "trigger",
    "ss_trained_words": "trigger",
    "trigger_phrase": "trigger",
    "trigger_word": "trigger",
    "trigger_words": "trigger",
    "ss_trigger_words": "trigger",
    "activation text": "trigger",
    "instance_prompt": "trigger",
    "modelspec.trigger_phrase": "trigger",
    "modelspec.trigger_phrases": "trigger",
    "modelspec.trigger_word": "trigger",
    "modelspec.trigger_words": "trigger",
    "ssmd_keywords": "trigger",
    "tags": "tag",
    "ss_tag_frequency": "tag",
    "modelspec.tags": "tag",
    "ssmd_tags": "tag",
    "ss_dataset_dirs": "folder",
    "ss_reg_dataset_dirs": "folder",
    "ss_datasets": "other",
    "ot_config": "other",
    "description": "description",
    "usage_hint": "description",
    "modelspec.description": "description",
    "modelspec.usage_hint": "description",
    "ssmd_description": "description",
    "author": "author",
    "creator": "author",
    "modelspec.author": "author",
    "ssmd_author": "author",
    "base_model": "base_model",
    "base_model_name_or_path": "base_model",
    "ss_base_model_version": "base_model",
    "ss_sd_model_name": "base_model",
    "ss_vae_name": "base_model",
    "modelspec.architecture": "base_model",
    "modelspec.merged_from": "base_model",
    "ss_training_comment": "comment",
    "comment": "comment",
    "notes": "comment",
    "sample_prompts": "prompt",
    "ss_sample_prompts": "prompt",
}
"""What stands under a metadata key, in lower case; what is not listed has the role `other`."""

INNER_ROLES: dict[str, Role] = {
    "concepts.name": "name",
    "save_filename_prefix": "name",
    "class_tokens": "trigger",
    "placeholder": "trigger",
    "trained_words": "trigger",
    "trigger_word": "trigger",
    "trigger_words": "trigger",
    "instance_prompt": "trigger",
    "tags": "tag",
    "image_dir": "folder",
    "image_directory": "folder",
    "video_directory": "folder",
    "control_directory": "folder",
    "cache_directory": "folder",
    "folder_path": "folder",
    "caption": "caption",
    "captions": "caption",
    "caption_prefix": "caption",
    "caption_suffix": "caption",
    "description": "description",
    "author": "author",
    "base_model_name": "base_model",
    "base_model_name_or_path": "base_model",
    "name_or_path": "base_model",
    "prompt": "prompt",
    "prompts": "prompt",
    "sample_prompts": "prompt",
    "negative_prompt": "other",
    "path": "path",
    "prompt_path": "path",
    "metadata_file": "path",
    "image_jsonl_file": "path",
    "video_jsonl_file": "path",
    "concept_file_name": "path",
    "sample_definition_file_name": "path",
    "output_model_destination": "path",
    "lora_model_name": "path",
    "workspace_dir": "path",
    "cache_dir": "path",
}
"""The same for the keys of JSON inside a value; `concepts.name` is the key `name` directly under `concepts`."""

PICTURE_KEYS = frozenset(
    {"modelspec.thumbnail", "modelspec.preview_image", "thumbnail", "preview_image", "ssmd_cover_images"}
)
TAG_TABLES = frozenset({"ss_tag_frequency", "tag_frequency"})
FOLDER_TABLES = ("ss_dataset_dirs", "ss_reg_dataset_dirs")
DATASETS = "ss_datasets"

HASH_KEYS: dict[str, Literal["lora", "base"]] = {
    "sshs_model_hash": "lora",
    "sshs_legacy_hash": "lora",
    "modelspec.hash_sha256": "lora",
    "hash_sha256": "lora",
    "ss_sd_model_hash": "base",
    "ss_new_sd_model_hash": "base",
    "ss_vae_hash": "base",
    "ss_new_vae_hash": "base",
}
"""Of what a hash is: this file, or the model that it was trained on."""

# musubi-tuner writes kohya's keys; its datasets have keys of their own.
_MUSUBI_WORDS = ('"image_directory"', '"image_jsonl_file"', '"video_directory"', '"video_jsonl_file"')
_SOFTWARE_KEYS = ("software", "modelspec.implementation")


def role_of(key: str) -> Role:
    """Return the role of what stands under a metadata key."""
    return KEY_ROLES.get(key.casefold(), "other")


def inner_role(under: str, key: str, inherited: Role) -> Role:
    """Return the role of what stands under a key of JSON in a value, where `under` is the key above it."""
    key = key.casefold()
    return INNER_ROLES.get(f"{under.casefold()}.{key}") or INNER_ROLES.get(key, inherited)


def trainer_of(entries: Iterable[tuple[str, Any]]) -> str | None:
    """Tell which tool wrote the metadata, the more particular first; None where nothing tells.

    One of `onetrainer`, `ai-toolkit`, `simpletuner`, `musubi-tuner`, `kohya`, `diffusers`, `web-ui editor`. Anybody can
    write these keys: it is a hint for readers.
    """
    found = set[str]()
    for raw_key, value in entries:
        key = raw_key.casefold()
        text = value.casefold() if isinstance(value, str) and key in (*_SOFTWARE_KEYS, DATASETS) else ""
        software = text if key in _SOFTWARE_KEYS else ""
        signs = {
            "onetrainer": key.startswith("ot_") or "onetrainer" in software,
            "ai-toolkit": key == "training_info" or "ai-toolkit" in software,
            "simpletuner": key == "trained_words" or "simpletuner" in software,
            "musubi-tuner": "musubi" in software or (key == DATASETS and any(word in text for word in _MUSUBI_WORDS)),
            "kohya": key.startswith("ss_"),
            "diffusers": key == "lora_adapter_metadata",
            "web-ui editor": key.startswith(("ssmd_", "sshs_")),
        }
        found.update(trainer for trainer, told in signs.items() if told)
    return next((trainer for trainer in _TRAINERS if trainer in found), None)


_TRAINERS = ("onetrainer", "ai-toolkit", "simpletuner", "musubi-tuner", "kohya", "diffusers", "web-ui editor")
