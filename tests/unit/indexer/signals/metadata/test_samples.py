"""Real pictures of real tools: each gives its tool and its prompt; stripped ones give none."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.errors import PictureError
from indexer.signals.metadata.prompts import inspect_picture
from indexer.signals.metadata.told import read_told
from indexer.signals.pixels.images import PictureLimits, decode

SAMPLES = Path(__file__).parents[6] / "shared" / "samples" / "images"
REAL: list[tuple[str, str | None, str | None]] = [
    ("enslo_jpg_civitai.jpeg", "civitai", "hatsune miku"),
    ("enslo_jpg_comfyui-save-image-extended.jpeg", "comfyui", "hatsune miku"),
    ("enslo_jpg_empty.jpg", None, None),
    ("enslo_jpg_sd-webui.jpg", "a1111", "hatsune miku, テスト"),
    ("enslo_webp_forge-neo.webp", "forge", "hatsune miku"),
    ("enslo_webp_gimp.webp", None, None),
    ("enslo_webp_novelai-curated.webp", "novelai", "hatsune miku, #テスト"),
    ("enslo_webp_sd-webui.webp", "a1111", "hatsune miku, テスト"),
    ("enslo_webp_swarmui.webp", "swarmui", "hatsune miku, #テスト"),
    ("sdparsers_bad_images_empty_file.png", None, None),
    ("sdparsers_bad_images_empty_image.png", None, None),
    ("sdparsers_bad_images_text_after_idat.png", "a1111", "photo of a duck"),
    ("sdparsers_parsers_AUTOMATIC1111_automatic1111_cropped.png", "a1111", "photo of a duck"),
    ("sdparsers_parsers_AUTOMATIC1111_automatic1111_stealth.png", "a1111", "a circle"),
    ("sdparsers_parsers_ComfyUI_img2img_cropped.png", "comfyui", "victorian woman with wings"),
    ("sdparsers_parsers_Fooocus_fooocus1_cropped.png", "fooocus", "a smiling goldfish"),
    ("sdparsers_parsers_InvokeAI_invokeai_dream1.png", "invokeai", "professional full body photo"),
    ("sdparsers_parsers_InvokeAI_invokeai_imeta1.png", "invokeai", "digital artwork, oil painting"),
    ("sdparsers_parsers_NovelAI_novelai1_cropped.png", "novelai", "cat, space, icon"),
]


def sample(name: str) -> bytes:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"NOT TESTED: the shared sample {name} is absent")
    return path.read_bytes()


@pytest.mark.parametrize(("name", "tool", "words"), REAL)
def test_real_pictures_give_their_tool_and_prompt_and_stripped_ones_none(
    name: str, tool: str | None, words: str | None
) -> None:
    told = inspect_picture(sample(name))
    assert told.tool == tool
    assert [words in text for text in told.texts("prompt")[:1] if words] == ([True] if words else [])
    assert (told.texts("prompt") == ()) == (words is None)
    assert [problem.code for problem in told.problems] == (["empty_file"] if "empty_file" in name else [])


@pytest.mark.parametrize(("name", "tool"), [(name, tool) for name, tool, _ in REAL])
def test_the_making_of_real_pictures_names_their_tool_and_no_lora_as_none_is_called(
    name: str, tool: str | None
) -> None:
    making = read_told(sample(name), PictureLimits()).making
    assert (making.tool, making.loras, making.hashes, making.labels) == (tool, (), (), ())
    assert bool(making.prompts) == (tool is not None)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("sdparsers_bad_images_empty_file.png", "empty_file"),
        ("sdparsers_bad_images_empty_image.png", "picture_too_small"),
        ("sdparsers_bad_images_text_after_idat.png", "picture_too_small"),
    ],
)
def test_malformed_pictures_are_refused_by_the_decoder(name: str, code: str) -> None:
    with pytest.raises(PictureError) as caught:
        decode(name, sample(name))
    assert caught.value.code == code


def test_every_shared_sample_is_in_the_table() -> None:
    if not SAMPLES.exists():
        pytest.skip("NOT TESTED: the shared samples are absent")
    assert {path.name for path in SAMPLES.iterdir()} == {name for name, _, _ in REAL}
