"""Every sentence that a person reads in an answer, in English and Chinese, beside each other.

The sentences name the picture, the reference set and the reason: what cannot be understood cannot be contested.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from indexer.model import Match, MatchKind


@dataclass(frozen=True, slots=True)
class Wording:
    """One text in both languages."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Title:
    """The title of a reference set, or of its work, in both languages."""

    en: str
    zh: str

    @classmethod
    def among(cls, texts: Mapping[str, str]) -> Title:
        """Choose a text for each language: its own, else the English, else any; empty where there is none."""
        other = texts.get("en") or next(iter(texts.values()), "")
        return cls(texts.get("en") or other, texts.get("zh") or other)


def how_often(rate: float) -> Wording:
    """Say a false-positive rate as people say it: 1 in so many."""
    if rate <= 0:
        return Wording("never seen among unrelated pictures", "在无关图片中从未出现")
    if rate >= 0.5:  # noqa: PLR2004 (above, "1 in 1" would mislead)
        return Wording("most unrelated pictures do so", "多数无关图片也会如此")
    count = f"{_two_digits(1 / rate):,}"
    return Wording(f"about 1 in {count} unrelated pictures would", f"约每 {count} 张无关图片会有 1 张如此")


def _two_digits(value: float) -> int:
    """Round to two digits: a rate is not known any better."""
    whole = round(value)
    scale = 10 ** max(0, len(str(whole)) - 2)
    return int(round(value / scale) * scale)


def picture_match(match: Match, source: str, title: Title) -> Wording:
    """Explain one match of one picture."""
    often = how_often(match.false_positive_rate)
    name = source.removeprefix("image:")
    uncertain = bool(match.measure and not match.measure.rate.calibrated)
    doubt = Wording(
        " (uncalibrated: no control pictures of this style)" if uncertain else "",
        "（未校准：缺少同风格的对照图片）" if uncertain else "",
    )
    if match.kind is MatchKind.EXACT_COPY:
        return Wording(
            f"{name} is the same picture as {match.reference} of “{title.en}”.",
            f"{name} 与“{title.zh}”的参考图 {match.reference} 完全相同。",
        )
    if match.kind is MatchKind.GEOMETRIC_COPY:
        return Wording(
            f"{name} shows the same drawing as {match.reference} of “{title.en}”: the points of both lie in one"
            f" arrangement and the detail between them agrees; {often.en} agree this well.",
            f"{name} 与“{title.zh}”的参考图 {match.reference} 为同一画面：两图特征点排列一致，"
            f"其间细节吻合；{often.zh}。",
        )
    if match.kind is MatchKind.PERCEPTUAL_COPY:
        return Wording(
            f"{name} looks like an edited copy of {match.reference} of “{title.en}”; {often.en} match this closely.",
            f"{name} 疑似“{title.zh}”参考图 {match.reference} 的改动副本；{often.zh}。",
        )
    return Wording(
        f"{name} resembles {match.reference} of “{title.en}”; {often.en} resemble any set this much{doubt.en}.",
        f"{name} 与“{title.zh}”的参考图 {match.reference} 相似；{often.zh}{doubt.zh}。",
    )


def agreement(count: int, pictures: int, rate: float, title: Title) -> Wording:
    """Explain that several pictures resemble one character."""
    often = f"{_two_digits(1 / rate):,}" if rate > 0 else "∞"
    return Wording(
        f"{count} of {pictures} pictures resemble “{title.en}”; together about 1 in {often} unrelated uploads would.",
        f"{pictures} 张图片中有 {count} 张与“{title.zh}”相似；综合来看，约每 {often} 个无关上传会有 1 个如此。",
    )


VIEWS: dict[str, tuple[str, str]] = {
    "joined": ("read without what separates its letters", "去除分隔符后读出"),
    "leet": ("read with digits and signs as letters", "将数字和符号视为字母后读出"),
    "pinyin": ("read as pinyin", "按拼音读出"),
    "romaji": ("read as romaji", "按罗马字读出"),
    "fuzzy": ("read with a letter or two amiss", "个别字母有出入"),
}
"""What is said of a name that was read out of a disguise, by the way of reading."""


def alias_found(
    text: str,
    source: str,
    kind: str,
    title: Title,
    *,
    weightless: bool,
    view: str = "plain",
    share: float | None = None,
) -> Wording:
    """Explain that a registered name was found; `share` (0 to 1) is the part of the training pictures it is on."""
    kinds = {"distinctive": ("distinctive", "专有"), "generic": ("generic", "通用"), "series": ("series", "系列")}
    en, zh = kinds[kind]
    article = "an" if en[0] in "aeiou" else "a"
    off_en = " It is denied there, or too rare, or in a negative prompt, and weighs nothing." if weightless else ""
    off_zh = "该处为否定表述、负面提示词或出现过少，不计入判断。" if weightless else ""
    on_en = f" (on {share:.0%} of the training pictures)" if share is not None else ""
    on_zh = f"（见于 {share:.0%} 的训练图片）" if share is not None else ""
    read_en, read_zh = VIEWS.get(view, ("", ""))
    by_en = f", {read_en}: a person has to look" if read_en else ""
    by_zh = f"（{read_zh}，需人工确认）" if read_zh else ""
    return Wording(
        f"“{text}” in {source}{on_en} is {article} {en} name of “{title.en}”{by_en}.{off_en}",
        f"{source} 中的“{text}”{on_zh}是“{title.zh}”的{zh}名称{by_zh}。{off_zh}",
    )


def blocked_file(name: str, found: str, title: str) -> Wording:
    """Explain that a blocked LoRA came again; `found` is a key of BLOCKED_BY."""
    by = BLOCKED_BY[found]
    return Wording(by.en.format(name=name, title=title), by.zh.format(name=name, title=title))


BLOCKED_BY: dict[str, Wording] = {
    "file": Wording(
        "{name} is, byte for byte, the blocked LoRA “{title}”.",
        "{name} 与已拦截的 LoRA“{title}”完全相同。",
    ),
    "body": Wording(
        "{name} has exactly the weights of the blocked LoRA “{title}”; only the header differs.",
        "{name} 的权重与已拦截的 LoRA“{title}”完全相同，仅文件头不同。",
    ),
    "tensors": Wording(
        "{name} holds every tensor of the blocked LoRA “{title}”, under whatever names.",
        "{name} 包含已拦截的 LoRA“{title}”的全部张量（不论其名称）。",
    ),
    "claim": Wording(
        "The upload claims the hash of the blocked LoRA “{title}”; anybody can write a hash, so a person has to look.",
        "上传内容声明的哈希值与已拦截的 LoRA“{title}”一致；哈希可由任何人填写，需人工确认。",
    ),
    "short claim": Wording(
        "A shortened hash in the upload begins like that of the blocked LoRA “{title}”; so short a one proves nothing.",
        "上传内容中的短哈希与已拦截的 LoRA“{title}”的开头一致；如此短的哈希不能作为证明。",
    ),
}


def some_tensors(name: str, shared: int, held: float, title: str) -> Wording:
    """Explain that some tensors of a blocked LoRA were found; `held` is their share of its own, 0 to 1."""
    return Wording(
        f"{name} holds {shared} tensors of the blocked LoRA “{title}”, {held:.0%} of what tells it from others.",
        f"{name} 含有已拦截的 LoRA“{title}”的 {shared} 个张量，占其可辨识张量的 {held:.0%}。",
    )


def weights_alike(name: str, cosine: float, layers: int, title: str) -> Wording:
    """Explain that the weights change a model in the way a blocked LoRA does."""
    return Wording(
        f"The weights of {name} point the way those of the blocked LoRA “{title}” do: mean cosine {cosine:.2f} over"
        f" {layers} layers, where unrelated LoRAs have about 0. It may be the same LoRA resized, merged or cast.",
        f"{name} 的权重方向与已拦截的 LoRA“{title}”一致：{layers} 层的平均余弦为 {cosine:.2f}，无关 LoRA 约为 0。"
        "可能是同一 LoRA 经缩放、合并或转换精度而来。",
    )


CONSISTENCY: dict[str, Wording] = {
    "samples_may_not_show_this_lora": Wording(
        "{count} pictures carry a prompt, and none of them calls this LoRA by name, trigger or hash: they may not show"
        " what it makes.",
        "{count} 张图片带有提示词，但均未以名称、触发词或哈希调用此 LoRA：这些图片可能并非由其生成。",
    ),
    "declared_hash_differs": Wording(
        "The upload names the hashes of {count} files, and none is that of the LoRA that was sent.",
        "上传信息列出了 {count} 个文件的哈希值，但均与所发送的 LoRA 不符。",
    ),
    "labelled_as_generated": Wording(
        "{count} pictures are labelled as made by AI (an unsigned label that anybody can write or remove).",
        "{count} 张图片带有人工智能生成标识（未签名的标识可由任何人添加或移除）。",
    ),
}
"""What does not fit together in an upload, or what it says of its own making; it judges nobody."""


def consistency(code: str, count: int) -> Wording:
    """Explain a finding about the upload as a whole."""
    found = CONSISTENCY[code]
    return Wording(found.en.format(count=count), found.zh.format(count=count))


GROUNDS: dict[str, Wording] = {
    "blocked_lora": Wording(
        "This is a LoRA that was blocked before because it reproduces “{en}”.",
        "该 LoRA 此前因再现“{zh}”已被拦截。",
    ),
    "blocked_lora_confirmed": Wording(
        "The weights resemble a LoRA that was blocked because it reproduces “{en}”, and pictures or names agree.",
        "权重与此前因再现“{zh}”而被拦截的 LoRA 相似，且图片或名称亦可印证。",
    ),
    "blocked_lora_suspected": Wording(
        "This may be a LoRA that was blocked before because it reproduces “{en}”; a person has to look.",
        "该 LoRA 可能是此前因再现“{zh}”而被拦截的 LoRA，需人工审核。",
    ),
    "character_copy": Wording(
        "At least one picture is a copy of a registered picture of “{en}”.",
        "至少有一张图片是“{zh}”已登记图片的副本。",
    ),
    "character_agreement": Wording(
        "Too many pictures resemble “{en}” for chance to explain it.",
        "与“{zh}”相似的图片过多，难以用巧合解释。",
    ),
    "character_named": Wording(
        "Pictures resemble “{en}”, and the upload itself names the character.",
        "图片与“{zh}”相似，且上传内容自身使用了该角色的名称。",
    ),
    "character_copy_suspected": Wording(
        "A picture may be an edited copy of a registered picture of “{en}”; a person has to look.",
        "有图片疑似“{zh}”已登记图片的改动副本，需人工审核。",
    ),
    "character_contested": Wording(
        "Pictures resemble “{en}”, and another registered character about as much; a person has to tell which.",
        "图片与“{zh}”相似，同时与另一已登记角色的相似程度相近，需人工判断。",
    ),
    "character_likeness": Wording(
        "Pictures resemble “{en}”; likeness alone decides nothing, a person has to look.",
        "图片与“{zh}”相似；仅凭相似不作认定，需人工审核。",
    ),
    "name_alone": Wording(
        "The upload uses a distinctive name of “{en}”, but no picture resembles the character; a person has to look.",
        "上传内容使用了“{zh}”的专有名称，但没有图片与该角色相似，需人工审核。",
    ),
    "name_and_series": Wording(
        "A generic name of “{en}” stands together with the title of its work; a person has to look.",
        "“{zh}”的通用名称与其作品名称同时出现，需人工审核。",
    ),
    "licensed": Wording(
        "What was found about “{en}” is covered by a licence of its rights holder.",
        "与“{zh}”有关的内容已获权利人许可。",
    ),
    "private_use": Wording(
        "What was found about “{en}” does not stand against private, undistributed use. Publishing it would be screened"
        " again, and may be blocked.",
        "与“{zh}”有关的发现不妨碍私人且不传播的使用；如公开发布将再次审核，并可能被拦截。",
    ),
    "not_screened": Wording(
        "A part of the upload could not be screened, so a person has to look.",
        "上传内容中有部分无法审核，需人工审核。",
    ),
}


def ground(code: str, title: Title | None) -> Wording:
    """Explain a ground."""
    template = GROUNDS[code]
    if title is None:
        return template
    return Wording(template.en.format(en=title.en), template.zh.format(zh=title.zh))


NOTICES: dict[str, Wording] = {
    "block": Wording(
        "This upload was stopped because it appears to reproduce “{en}”. Publishing a model of a protected character"
        " needs a licence from its rights holder. If you hold one, or this is a mistake, you can contest the decision.",
        "由于该内容疑似再现“{zh}”，上传已被拦截。发布受保护角色的模型须获得权利人许可。如您已获许可，或认为判断有误，可以提出申诉。",
    ),
    "review": Wording(
        "This upload waits for a person’s review{about_en}. If its source material belongs to somebody else, a licence"
        " is needed before it is published. You can add a licence or an explanation meanwhile.",
        "该上传正在等待人工审核{about_zh}。如素材属于他人，公开发布前须获得许可。在此期间您可以补充许可证明或说明。",
    ),
    "allow": Wording(
        "You may use this privately. It appears to reproduce “{en}”: making it public needs a licence from the rights"
        " holder.",
        "您可以私下使用。该内容疑似再现“{zh}”：公开发布须获得权利人许可。",
    ),
}


def notice(outcome: str, titles: list[Title]) -> Wording:
    """Word the text that the platform can show its uploader."""
    template = NOTICES[outcome]
    en = "”, “".join(title.en for title in titles)
    zh = "”、“".join(title.zh for title in titles)
    return Wording(
        template.en.format(en=en, about_en=f": it may reproduce “{en}”" if titles else ""),
        template.zh.format(zh=zh, about_zh=f"：可能再现“{zh}”" if titles else ""),
    )
