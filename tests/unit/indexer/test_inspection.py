"""Inspection: everything read from a file is shown, by whoever wrote it, and nothing of it is judged or trusted."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from safetensors.numpy import save_file

from indexer.errors import IndexerError
from indexer.inspection import inspect_file
from tests.fakes import encoded


@pytest.fixture
def lora(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    name = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
    rng = np.random.default_rng(0)
    tensors = {
        f"{name}.lora_down.weight": rng.standard_normal((8, 320)).astype(np.float16),
        f"{name}.lora_up.weight": rng.standard_normal((320, 8)).astype(np.float16),
        f"{name}.alpha": np.asarray(8.0, np.float32),
    }
    metadata = {
        "ss_output_name": "amber_owl_v2",
        "ss_tag_frequency": json.dumps({"10_amber owl": {"amber owl": 12, "tree": 3}}),
        "ss_sd_model_hash": "0x0A1B2C3D",
        "modelspec.thumbnail": "data:image/png;base64," + b64encode(encoded(Image.new("RGB", (4, 4)))).decode(),
        "ssmd_cover_images": json.dumps(["no picture"]),
    }
    save_file(tensors, path, metadata=metadata)
    return path


def test_of_a_picture_tool_prompt_and_roles_are_told(tmp_path: Path) -> None:
    about = PngInfo()
    about.add_text(
        "parameters", "amber owl <lora:owl_v2:0.8>\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, Seed: 3"
    )
    path = tmp_path / "cover.png"
    path.write_bytes(encoded(Image.new("RGB", (32, 32)), pnginfo=about))
    found = inspect_file(path)
    assert (found["kind"], found["tool"], found["problems"]) == ("picture", "a1111", [])
    roles = {item["role"] for item in found["strings"]}
    assert {"prompt", "negative_prompt", "lora"} <= roles
    assert {item["trust"] for item in found["strings"]} == {"residue"}


def test_of_a_lora_strings_hashes_and_adapter_are_told(lora: Path) -> None:
    found = inspect_file(lora)
    assert found["kind"] == "lora"
    assert any(item["text"] == "amber_owl_v2" for item in found["strings"])
    assert found["adapter"] == {
        "kind": "lora",
        "supported": True,
        "naming": "kohya",
        "base": found["adapter"]["base"],
        "layers": 1,
        "ranks": [8],
    }
    assert {item["of"] for item in found["hashes"]} >= {"sha256", "body_sha256"}
    json.dumps(found)


def test_of_a_loras_strings_role_share_and_trust_are_told(lora: Path) -> None:
    strings = inspect_file(lora)["strings"]
    assert strings[0] == {
        "text": "amber_owl_v2",
        "source": "lora:ss_output_name",
        "role": "name",
        "trust": "residue",
        "share": None,
    }
    assert {item["text"]: item["share"] for item in strings if item["role"] == "tag"} == {
        "amber owl": 1.0,
        "tree": 0.25,
    }


def test_of_a_lora_the_trainer_its_claims_and_pictures_are_told(lora: Path) -> None:
    found = inspect_file(lora)
    assert found["tool"] == "kohya"
    claimed = [item for item in found["hashes"] if item["trust"] == "claimed"]
    assert claimed == [{"of": "base", "name": "ss_sd_model_hash", "value": "0a1b2c3d", "trust": "claimed"}]
    assert [item["name"] for item in found["pictures"]] == ["lora:modelspec.thumbnail"]
    assert found["pictures"][0]["bytes"] > 0
    assert found["problems"] == ["thumbnail_unreadable: lora:ssmd_cover_images[0] is no picture in base64"]


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    path = tmp_path / "model.ckpt"
    path.write_bytes(b"\x80\x02}q\x00." * 40)
    found = inspect_file(path)
    assert found["strings"] == []
    assert found["problems"][0].startswith("unsupported_format")


def test_a_file_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(IndexerError, match=r"nothing\.png"):
        inspect_file(tmp_path / "nothing.png")
