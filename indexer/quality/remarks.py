"""Remarks, and every sentence of the quality report in English and Chinese, beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias


class Severity(StrEnum):
    """What follows from a remark: it cannot be used at all, it likely does harm, or more could be had."""

    REFUSE = "refuse"
    WARN = "warn"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing noticed; `explanation` holds a text for each of `en` and `zh`, `value` is what was measured.

    `about` names what it was compared with: a reference, an alias, or the slug of another set.
    """

    code: str
    severity: Severity
    explanation: Mapping[str, str]
    value: float | None = None
    about: str = ""


Advice: TypeAlias = Remark
"""A remark about a set as a whole."""


def remark(code: str, severity: Severity, value: float | None = None, about: str = "", **words: object) -> Remark:
    """Word a remark; `words` and `about` fill the places of its sentence."""
    texts = _SENTENCES[code]._asdict()
    explanation = {language: text.format(about=about, **words) for language, text in texts.items()}
    return Remark(code, severity, explanation, value, about)


class _Sentence(NamedTuple):
    en: str
    zh: str


_SENTENCES: Mapping[str, _Sentence] = {
    "too_small": _Sentence(
        "The shorter side has {side} pixels; with fewer than {least}, details are lost. If there is a larger copy of"
        " this picture, register that.",
        "短边为 {side} 像素，不足 {least} 像素会损失细节。如有更大的版本，请登记更大的版本。",
    ),
    "flat": _Sentence(
        "The picture is too plain for its perceptual hashes to count: edited copies of it can be found by likeness"
        " alone.",
        "画面过于单调，其感知哈希不计入判断：对它的改动副本只能凭相似度发现。",
    ),
    "text_heavy": _Sentence(
        "About {share:.0%} of the picture looks like lettering. Other pictures with much text may come to resemble this"
        " character; a picture without it is better.",
        "画面约 {share:.0%} 像是文字。其他文字较多的图片可能因此与该角色相似；最好换用没有文字的图片。",
    ),
    "no_character_found": _Sentence(
        "We could not find a drawn figure: there is too little in the picture. Only how much is drawn was looked at,"
        " not what it shows; if the character is there, keep it.",
        "我们没有找到绘制的形象：画面内容过少。此处只看画面内容的多少，不看画的是什么；如角色确在画中，可以保留。",
    ),
    "same_picture": _Sentence(
        "Pixel for pixel the same as {about}: it adds nothing.",
        "与 {about} 逐像素相同，没有增加任何内容。",
    ),
    "near_duplicate": _Sentence(
        "Nearly the same as {about}: another pose, view or style would add more.",
        "与 {about} 几乎相同：换一个姿势、角度或画风会更有帮助。",
    ),
    "odd_one_out": _Sentence(
        "It resembles the other pictures of the set far less than they resemble each other. Does it show another"
        " character? If it is this one in another style, from behind or in another outfit, keep it.",
        "与本集其他图片的相似度远低于它们彼此之间的相似度。是否画的是别的角色？"
        "如果是同一角色的其他画风、背面或其他服装，请保留。",
    ),
    "few_pictures": _Sentence(
        "Pictures so far: {count}. In our measurements with drawn characters one picture found 42 of 100, four found 70"
        " and eight 75. Eight in several poses and styles are a good start.",
        "目前图片数：{count}。我们对绘制角色的测量表明：一张图片能找到 100 个中的 42 个，四张 70 个，八张 75 个。"
        "建议至少八张，姿势和画风各异。",
    ),
    "all_alike": _Sentence(
        "The pictures are all much alike. Add other poses, views, outfits or styles, so that the character is known in"
        " these too.",
        "这些图片都很相似。请补充其他姿势、角度、服装或画风，以便在这些情形下也能认出该角色。",
    ),
    "no_close_up": _Sentence(
        "No picture seems to show the character from near. A close-up of the head helps to find portraits.",
        "似乎没有角色的近景图片。补充一张头部特写有助于发现头像类图片。",
    ),
    "no_letters": _Sentence(
        "“{text}” holds no letter by which it could be found.",
        "“{text}”中没有可供检索的文字。",
    ),
    "too_short": _Sentence(
        "“{text}” is so short that it counts only where a title of the work stands beside it. Register the title too.",
        "“{text}”过短，只有与作品名同时出现时才计入判断。请同时登记作品名。",
    ),
    "common_word": _Sentence(
        "“{text}” is an everyday word: it counts only where a title of the work stands beside it. Register the title"
        " too.",
        "“{text}”是常用词，只有与作品名同时出现时才计入判断。请同时登记作品名。",
    ),
    "should_be_generic": _Sentence(
        "“{text}” seems to be made of everyday words, or to be a figure of myth or old tales, so others may use it for"
        " their own. Consider registering it as generic.",
        "“{text}”似乎由常用词组成，或是神话、旧故事中的形象，他人也可能使用。建议登记为通用名称。",
    ),
    "twice": _Sentence(
        "“{text}” is read as the same name as “{about}”: one of the two is enough.",
        "“{text}”与“{about}”视为同一名称，登记其一即可。",
    ),
    "in_another_set": _Sentence(
        "{kind} reference {reference} of the set {about}. Whose is it? A picture in two sets accuses on behalf of"
        " both.",
        "{kind_zh}另一参考集 {about} 的参考图 {reference}。它属于谁？同一图片登记在两个集中，会同时指向两者。",
    ),
    "alias_of_another_set": _Sentence(
        "“{text}” is also registered as “{known}” in the set {about}: who bears this name?",
        "“{text}”也以“{known}”登记在参考集 {about} 中：这一名称属于谁？",
    ),
}
