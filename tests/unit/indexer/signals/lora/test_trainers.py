"""Trainers: the metadata that each writes is told apart, and its telling strings get their roles."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from indexer.signals.lora.embedded import ClaimedHash, claimed_hashes
from indexer.signals.lora.header import LoraHeader, read_lora
from indexer.signals.lora.trainers import KEY_ROLES, trainer_of
from tests.fakes import safetensors

KOHYA = {
    "ss_output_name": "moon_marten_v2",
    "ss_training_comment": "second try, fewer repeats",
    "ss_base_model_version": "sdxl_base_v1-0",
    "ss_sd_model_name": "nightwoodXL_v10.safetensors",
    "ss_sd_model_hash": "e577480d",
    "ss_new_sd_model_hash": "0f1e2d3c" * 8,
    "ss_learning_rate": "0.0001",
    "ss_optimizer": "bitsandbytes.optim.adamw.AdamW8bit",
    "ss_cache_latents": "True",
    "ss_network_args": json.dumps({"conv_dim": "4"}),
    "ss_tag_frequency": json.dumps(
        {"10_moon marten": {"moon marten \\(nightwood\\)": 38, "silver fur": 40, "solo": 4}}
    ),
    "ss_dataset_dirs": json.dumps({"10_moon marten": {"n_repeats": 10, "img_count": 40}}),
    "ss_reg_dataset_dirs": json.dumps({"1_animal": {"n_repeats": 1, "img_count": 200}}),
    "ss_datasets": json.dumps(
        [
            {
                "is_dreambooth": True,
                "resolution": [1024, 1024],
                "subsets": [
                    {
                        "img_count": 40,
                        "image_dir": "10_moon marten",
                        "class_tokens": "moon marten",
                        "caption_prefix": "mmrtn, ",
                        "keep_tokens": 1,
                        "metadata_file": None,
                    }
                ],
            }
        ]
    ),
    "sshs_model_hash": "A1B2C3D4" * 8,
    "sshs_legacy_hash": "0a1b2c3d",
    "modelspec.title": "Moon Marten",
    "modelspec.architecture": "stable-diffusion-xl-v1-base/lora",
    "modelspec.hash_sha256": "0x" + "5e" * 32,
}
MODELSPEC = {
    "modelspec.sai_model_spec": "1.0.0",
    "modelspec.title": "Moon Marten",
    "modelspec.author": "somebody",
    "modelspec.description": "The marten of Nightwood, day and night",
    "modelspec.trigger_phrase": "mmrtn, silver fur",
    "modelspec.tags": "character, marten_(nightwood)",
    "modelspec.usage_hint": "use 0.8",
}
WEB_UI = {
    "ssmd_display_name": "Moon Marten",
    "ssmd_keywords": "mmrtn",
    "ssmd_author": "somebody",
    "ssmd_description": "marten of the night",
    "ssmd_tags": "animal, fur",
    "ssmd_rating": "5",
    "ssmd_cover_images": "[]",
    "sshs_model_hash": "a1b2c3d4" * 8,
}
ONETRAINER = {
    "ot_branch": "master",
    "ot_revision": "abcdef0",
    "ot_config": json.dumps(
        {
            "training_method": "LORA",
            "base_model_name": "somebody/nightwood-xl",
            "output_model_destination": "models/moon_marten.safetensors",
            "concept_file_name": "training_concepts/moon.json",
            "save_filename_prefix": "marten-",
            "concepts": [
                {
                    "name": "moon marten",
                    "path": "D:/train/moon marten",
                    "text": {"prompt_source": "concept", "prompt_path": "C:\\notes\\moon.txt"},
                }
            ],
            "samples": [{"prompt": "a moon marten on a tree", "negative_prompt": "blurry", "seed": 3}],
            "additional_embeddings": [{"placeholder": "<mmrtn>", "model_name": ""}],
            "optimizer": {"optimizer": "PRODIGY"},
        }
    ),
}
AI_TOOLKIT = {
    "name": "moon_marten_flux",
    "software": json.dumps({"name": "ai-toolkit", "repo": "https://github.com/ostris/ai-toolkit", "version": "0.7"}),
    "training_info": json.dumps({"step": 2000, "epoch": 40}),
    "ss_base_model_version": "flux1",
    "ss_output_name": "moon_marten_flux",
    "ss_tag_frequency": json.dumps({"1_mmrtn": {"mmrtn": 1}}),
    "format": "pt",
}
MUSUBI = {
    "ss_output_name": "marten_wan",
    "ss_network_module": "networks.lora_wan",
    "ss_datasets": json.dumps([{"resolution": [960, 544], "image_directory": "moon marten", "num_repeats": 1}]),
    "modelspec.title": "marten_wan",
}
DIFFUSERS = {
    "format": "pt",
    "lora_adapter_metadata": json.dumps(
        {"transformer.r": 16, "transformer.lora_alpha": 16, "transformer.target_modules": ["to_q", "to_k"]}
    ),
}
SIMPLETUNER = {
    "trained_words": json.dumps(["moon marten", "mmrtn"]),
    "modelspec.title": "marten-lora",
    "ss_tag_frequency": json.dumps({"marten": {"silver fur": 30}}),
}


def read(metadata: dict[str, str]) -> LoraHeader:
    data = safetensors({"__metadata__": metadata})
    return read_lora(io.BytesIO(data), len(data)).header


@pytest.mark.parametrize(
    ("metadata", "trainer"),
    [
        (KOHYA, "kohya"),
        (WEB_UI, "web-ui editor"),
        (ONETRAINER, "onetrainer"),
        (AI_TOOLKIT, "ai-toolkit"),
        (MUSUBI, "musubi-tuner"),
        (DIFFUSERS, "diffusers"),
        (SIMPLETUNER, "simpletuner"),
        (KOHYA | WEB_UI, "kohya"),
        ({"modelspec.implementation": "https://github.com/somebody/SimpleTuner"}, "simpletuner"),
        ({"software": "OneTrainer 1.2"}, "onetrainer"),
        (MODELSPEC, None),
        ({"format": "pt"}, None),
        ({}, None),
    ],
)
def test_the_trainer_is_told_by_its_keys(metadata: dict[str, str], trainer: str | None) -> None:
    assert read(metadata).trainer == trainer


def test_values_of_any_kind_tell_a_trainer_or_none() -> None:
    assert trainer_of([("software", 3), ("ss_datasets", None), ("SS_DATASETS", ["image_directory"])]) == "kohya"


@pytest.mark.parametrize(
    ("metadata", "role", "texts"),
    [
        (KOHYA, "name", ["moon_marten_v2", "Moon Marten"]),
        (KOHYA, "trigger", ["moon marten"]),
        (KOHYA, "folder", ["moon marten", "animal"]),
        (KOHYA, "caption", ["mmrtn, "]),
        (KOHYA, "comment", ["second try, fewer repeats"]),
        (
            KOHYA,
            "base_model",
            ["sdxl_base_v1-0", "nightwoodXL_v10.safetensors", "stable-diffusion-xl-v1-base/lora"],
        ),
        (KOHYA, "tag", ["silver fur", "moon marten (nightwood)", "solo"]),
        (MODELSPEC, "name", ["Moon Marten"]),
        (MODELSPEC, "author", ["somebody"]),
        (MODELSPEC, "description", ["The marten of Nightwood, day and night", "use 0.8"]),
        (MODELSPEC, "trigger", ["mmrtn, silver fur"]),
        (MODELSPEC, "tag", ["character, marten_(nightwood)"]),
        (WEB_UI, "name", ["Moon Marten"]),
        (WEB_UI, "trigger", ["mmrtn"]),
        (WEB_UI, "author", ["somebody"]),
        (WEB_UI, "description", ["marten of the night"]),
        (WEB_UI, "tag", ["animal, fur"]),
        (ONETRAINER, "name", ["marten-", "moon marten"]),
        (
            ONETRAINER,
            "path",
            [
                "models/moon_marten.safetensors",
                "training_concepts/moon.json",
                "D:/train/moon marten",
                "C:\\notes\\moon.txt",
            ],
        ),
        (ONETRAINER, "prompt", ["a moon marten on a tree"]),
        (ONETRAINER, "trigger", ["<mmrtn>"]),
        (ONETRAINER, "base_model", ["somebody/nightwood-xl"]),
        (AI_TOOLKIT, "name", ["moon_marten_flux", "moon_marten_flux"]),
        (AI_TOOLKIT, "trigger", ["mmrtn"]),
        (MUSUBI, "name", ["marten_wan", "marten_wan"]),
        (MUSUBI, "folder", ["moon marten"]),
        (DIFFUSERS, "other", ["pt", "to_q", "to_k"]),
        (SIMPLETUNER, "trigger", ["moon marten", "mmrtn"]),
        (SIMPLETUNER, "tag", ["silver fur"]),
    ],
)
def test_telling_strings_have_their_roles(metadata: dict[str, str], role: str, texts: list[str]) -> None:
    header = read(metadata)
    assert [item.text for item in header.texts if item.role == role] == texts
    assert header.problems == ()


@pytest.mark.parametrize("metadata", [KOHYA, MODELSPEC, WEB_UI, ONETRAINER, AI_TOOLKIT, MUSUBI, DIFFUSERS, SIMPLETUNER])
def test_every_key_and_plain_value_is_harvested(metadata: dict[str, str]) -> None:
    texts = {item.text for item in read(metadata).texts}
    plain = {value for value in metadata.values() if value[:1] not in "[{"}
    assert set(metadata) | plain <= texts


def test_shares_of_kohyas_tags_are_known() -> None:
    shares = {item.text: item.share for item in read(KOHYA).texts if item.role == "tag"}
    assert shares == {"silver fur": 1.0, "moon marten (nightwood)": 0.95, "solo": 0.1}


def test_hashes_are_told_with_what_they_are_of() -> None:
    assert set(read(KOHYA).hashes) == {
        ClaimedHash("sshs_model_hash", "a1b2c3d4" * 8, "lora"),
        ClaimedHash("sshs_legacy_hash", "0a1b2c3d", "lora"),
        ClaimedHash("modelspec.hash_sha256", "5e" * 32, "lora"),
        ClaimedHash("ss_sd_model_hash", "e577480d", "base"),
        ClaimedHash("ss_new_sd_model_hash", "0f1e2d3c" * 8, "base"),
    }


@pytest.mark.parametrize(
    "value", ["", "None", "abc", "g" * 64, "a" * 129, "0x", "ab cd ef 01", "a" * 10_000_000, 7, None]
)
def test_what_is_no_hash_is_none(value: Any) -> None:
    assert claimed_hashes([("sshs_model_hash", value)]) == ()


def test_a_hash_is_told_once_and_all_of_them_are() -> None:
    assert len(claimed_hashes([("sshs_model_hash", "AB" * 32), ("SSHS_MODEL_HASH", "0x12345678")] * 3)) == 2


def test_known_keys_are_written_as_they_are_compared() -> None:
    assert all(key == key.casefold() for key in KEY_ROLES)
