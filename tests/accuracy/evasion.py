# ruff: noqa: T201 (it prints figures)
"""Evasion: are names found that were disguised, and are ordinary texts left alone? Prints the figures.

Run as `python -m tests.accuracy.evasion`. Everything is made from a seed. The names are made up after the sounds and
shapes of real ones; the ordinary texts are made of the words of prompts, tags and model names, and of the sentences of
Python's own documentation, which nobody wrote with names in mind.
"""

from __future__ import annotations

import html
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pydoc_data.topics import topics
from typing import Any

from tests.accuracy import names_cost
from tests.accuracy.names_cost import build_seconds, hostile, hostile_texts, request_milliseconds, table

Disguise = Callable[[str, random.Random], str | None]
"""Writes a name in another way; None where the name gives no room for it."""

_LATIN = """
a e i o u ka ki ko ku la li lo lu ma mi mo mu na ni no ra ri ro ru sa sha shi so ta to va ve vi zu
dra kel thar wyn
""".split()  # noqa: SIM905 (words, not a list of them)
_ENDS = """
n l r th s x ne lle ra ka mi to rin dor
""".split()  # noqa: SIM905 (words, not a list of them)
_HAN = "月貂雪狐云岚星澜墨羽青鸾苍玄夜莺琉璃凌霜铃音绯樱紫苑龙麟凤瑶烟萝岩鹿"
_KANA = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨ"
_KANA += "ラリルレロワガギグゴザジズダデドバビブベボ"
_HANGUL = "가나다라마바사아자하별달솔은유진서현민루채담비호월"
_CYRILLIC = ["ла", "ри", "на", "ве", "со", "ка", "ми", "ро", "да", "ля", "то", "ну"]


def latin_name(chance: random.Random) -> str:
    """Make up a name of one or two words, six letters and more in all."""
    while True:
        words = ["".join(chance.choices(_LATIN, k=chance.randint(2, 3))) for _ in range(chance.randint(1, 2))]
        name = " ".join(word + chance.choice(_ENDS) for word in words).title()
        if sum(map(len, name.split())) >= 6:
            return name


def names_by_script(chance: random.Random, count: int) -> dict[str, list[str]]:
    """Make up `count` names of each script."""
    makers: dict[str, Callable[[], str]] = {
        "latin": lambda: latin_name(chance),
        "chinese": lambda: "".join(chance.sample(_HAN, chance.randint(3, 4))),
        "kana": lambda: "".join(chance.sample(_KANA, chance.randint(4, 6))),
        "hangul": lambda: "".join(chance.sample(_HANGUL, chance.randint(3, 4))),
        "cyrillic": lambda: "".join(chance.sample(_CYRILLIC, chance.randint(3, 4))).title(),
    }
    return {script: [make() for _ in range(count)] for script, make in makers.items()}


def _some(name: str, chance: random.Random, table: Mapping[str, str], share: float = 0.5) -> str | None:
    """Replace some of the letters that a table knows, at least one."""
    places = [place for place, char in enumerate(name) if char in table]
    if not places:
        return None
    chosen = {chance.choice(places)} | {place for place in places if chance.random() < share}
    return "".join(table[char] if place in chosen else char for place, char in enumerate(name))


def _between(name: str, chance: random.Random, signs: str) -> str | None:
    """Put one sign between all letters; a name's own spaces become two signs."""
    sign = chance.choice(signs)
    return None if len(name) < 4 else sign.join(name)


def _pinyin(name: str, chance: random.Random) -> str | None:
    from pypinyin import lazy_pinyin  # noqa: PLC0415 (a big table)

    if not all("\u4e00" <= char <= "\u9fff" for char in name):
        return None
    return chance.choice(["", " ", "-"]).join(lazy_pinyin(name))


def _mistyped(name: str, chance: random.Random) -> str | None:
    """Replace, drop or double one inner letter of a long word."""
    if not name.isascii() or " " in name or len(name) < 6:
        return None
    place = chance.randrange(1, len(name) - 1)
    return name[:place] + chance.choice(("", name[place] * 2, chance.choice("bdfgm"))) + name[place + 1 :]


def _changed(name: str, made: str) -> str | None:
    return None if made == name else made


_TRADITIONAL = str.maketrans("云岚铃绯樱紫龙凤烟萝鸾苍莺泽澜", "雲嵐鈴緋櫻紫龍鳳煙蘿鸞蒼鶯澤瀾")
_LOOKALIKE = dict(zip("aceopxyijsABCEHKMOPTXaeo", "асеорхуіјѕАВСЕНКМОРТХαεο", strict=True))
_LOOKALIKE |= dict(zip("асеорху", "aceopxy", strict=True))
_ACCENTED = dict(zip("aeiouncsyAEIOUNCS", "áèîöūñçšÿÀÉÏÕŮŃČŚ", strict=True))
_LEET = {"o": "0", "i": "1", "l": "1", "e": "3", "a": "4", "s": "5", "t": "7", "b": "8", "O": "0", "E": "3", "A": "4"}
_LEET_SIGNS = {"a": "@", "s": "$", "o": "0", "e": "3"}

DISGUISES: dict[str, Disguise] = {
    "case": lambda name, chance: "".join(chance.choice((char.upper(), char.lower())) for char in name),
    "full width": lambda name, _: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in name),
    "mathematical": lambda name, _: re.sub("[a-z]", lambda m: chr(0x1D41A + ord(m[0]) - 97), name.lower()),
    "accents": lambda name, chance: _some(name, chance, _ACCENTED),
    "combining marks": lambda name, chance: "".join(c + chance.choice(("", "\u0300", "\u0335")) for c in name),
    "invisible marks": lambda name, chance: chance.choice("\u200b\u2060\u00ad\ufe0f\u202e").join(name),
    "look-alikes": lambda name, chance: _some(name, chance, _LOOKALIKE),
    "separators for spaces": lambda name, chance: name.replace(" ", chance.choice("_-.+/")) if " " in name else None,
    "spaces left out": lambda name, _: name.replace(" ", "").lower() if " " in name else None,
    "CamelCase": lambda name, _: name.title().replace(" ", "") + "V2" if name.isascii() else None,
    "spelled out": lambda name, chance: _between(name, chance, " .-_*|~"),
    "cut in two": lambda name, chance: f"{name[: (cut := len(name) // 2)]}{chance.choice('-_. ')}{name[cut:]}",
    "leet": lambda name, chance: _some(name, chance, _LEET),
    "leet signs": lambda name, chance: _some(name, chance, _LEET_SIGNS, 0.3),
    "html tags": lambda name, chance: f"{name[:2]}<{(tag := chance.choice(('b', 'i', 'span')))}>{name[2:]}</{tag}>",
    "html entities": lambda name, chance: "".join(f"&#{ord(c)};" if chance.random() < 0.4 else c for c in name),
    "html comment": lambda name, _: f"{name[:2]}<!-- x -->{name[2:]}",
    "traditional": lambda name, _: _changed(name, name.translate(_TRADITIONAL)),
    "hiragana": lambda name, _: _changed(name, re.sub("[ァ-ヶ]", lambda kana: chr(ord(kana[0]) - 96), name)),
    "pinyin": _pinyin,
    "emoji between": lambda name, _: "\u2728".join(name) if name.isalpha() and len(name) > 3 else None,
    "one letter wrong": _mistyped,
}
_LAST = {"html tags", "html entities", "html comment"}
"""Markup is written about a disguised name; disguising the markup itself would be no markup."""


@dataclass(frozen=True)
class Trial:
    """A name in disguise, within an ordinary text; `how` names the disguises."""

    how: tuple[str, ...]
    name: str
    text: str


def trials(chance: random.Random, *, names: int, disguises: int) -> Iterator[Trial]:
    """Make every single disguise, or every pair of them, of names of every script."""
    for how in combinations(sorted(DISGUISES, key=lambda key: (key in _LAST, key)), disguises):
        if disguises > 1 and set(how) <= _LAST:
            continue
        for made in names_by_script(chance, names).values():
            for name in made:
                disguised: str | None = name
                for step in how:
                    disguised = DISGUISES[step](disguised, chance) if disguised else None
                if disguised and disguised != name:
                    yield Trial(how, name, f"{chance.choice(_BEFORE)} {disguised}, {chance.choice(_AFTER)}")


_BEFORE = ["a picture of", "lora,", "v2:", "画", "1girl,"]
_AFTER = ["best quality", "solo", "smile, standing", "by night"]


def recall(made: list[Trial]) -> tuple[float, dict[tuple[str, ...], tuple[int, int]]]:
    """Return the share of trials in which the name was found, and per disguise how many were, of how many."""
    counts: dict[tuple[str, ...], tuple[int, int]] = {}
    for trial in made:
        found, count = counts.get(trial.how, (0, 0))
        counts[trial.how] = (found + bool(table([trial.name]).find(trial.text)), count + 1)
    return sum(found for found, _ in counts.values()) / len(made), counts


_TAGS = """
1girl solo long hair short hair blonde hair brown hair black hair blue eyes red eyes green eyes
looking at viewer smile open mouth blush simple background white background school uniform skirt
dress thighhighs ribbon hair ornament hair between eyes bangs twintails ponytail hat gloves jewelry
earrings holding weapon sword outdoors sky cloud day night tree flower water indoors window sitting
standing full body upper body cowboy shot masterpiece best quality absurdres highres official art
detailed background depth of field wings tail animal ears cat ears fox ears horns armor cape boots
detached sleeves wide sleeves kimono japanese clothes hakama maid apron sailor collar serafuku
necktie bow choker swimsuit barefoot collarbone navel sidelocks ahoge hairband hair ribbon braid
side ponytail drill hair multicolored hair gradient parted lips closed mouth closed eyes heart star
moon snow rain petals falling leaves fantasy medieval castle dragon
""".split()  # noqa: SIM905 (words, not a list of them)
_MODELS = """
style lora anime realistic concept character clothing background slider detail enhancer pony
illustrious sdxl flux noob xl v1 v2 v3 v1.5 final beta epoch 10 rank32 dim16 alpha mix merge retro
90s watercolor sketch lineart pixel cyberpunk steampunk gothic cinematic lighting film grain
polaroid analog vintage cute chibi semi real dark night city portrait photo amateur woman man elf
knight robot mecha monster pose eyes hands fix better nsfw safe turbo lightning
""".split()  # noqa: SIM905 (words, not a list of them)
_CHINESE = """
一个女孩 长发 蓝眼睛 站在 月光下 的 森林 里 高质量 杰作 微笑 看着 镜头 穿着 白色
连衣裙 水墨 风格 古风 夜晚 城市 星空 樱花 飘落 雪山 模型 训练 触发词 权重 推荐 使用
""".split()  # noqa: SIM905 (words, not a list of them)
_JAPANESE = """
女の子 キャラクター イラスト スカート リボン ツインテール セーラー服 かわいい 笑顔 背景
モデル スタイル アニメ 夜空 桜 ドレス ポーズ トリガー
""".split()  # noqa: SIM905 (words, not a list of them)


def ordinary_texts(chance: random.Random, count: int) -> list[str]:
    """Make ordinary model names, prompts, tag lists, Chinese and Japanese descriptions, and take prose."""
    prose = _prose()
    makers: list[Callable[[], str]] = [
        lambda: chance.choice("_- ").join(chance.choices(_MODELS, k=chance.randint(2, 6))),
        lambda: ", ".join("_".join(chance.choices(_TAGS, k=2)) for _ in range(chance.randint(8, 30))),
        lambda: ", ".join(" ".join(chance.choices(_TAGS, k=3)) for _ in range(chance.randint(4, 12))),
        lambda: "".join(chance.choices(_CHINESE, k=chance.randint(5, 20))),
        lambda: chance.choice(["", "、"]).join(chance.choices(_JAPANESE, k=chance.randint(5, 15))),
        lambda: html.escape(" ".join(chance.sample(prose, 3))),
    ]
    return [makers[number % len(makers)]() for number in range(count)]


def _prose() -> list[str]:
    return [line for text in topics.values() for line in re.split(r"(?<=[.:])\s+", text) if len(line) > 40]


def registered_names(chance: random.Random, count: int) -> list[str]:
    """Make up the aliases of an index: three in five Latin, the rest of the other scripts."""
    latin = [latin_name(chance) for _ in range(count * 3 // 5)]
    others = names_by_script(chance, count // 10)
    return latin + [name for script in ("chinese", "kana", "hangul", "cyrillic") for name in others[script]]


def false_alarms(chance: random.Random, *, names: int, texts: int) -> list[tuple[str, str, str]]:
    """Return alias, view and words of each name found in ordinary texts."""
    index = table(registered_names(chance, names))
    return [
        (hit.alias.text, hit.view, text[hit.start : hit.end])
        for text in ordinary_texts(chance, texts)
        for hit in index.find(text)
    ]


def missed(made: list[Trial], most: int = 15) -> list[Trial]:
    """Return some of the trials in which the name was not found."""
    return [trial for trial in made if not table([trial.name]).find(trial.text)][:most]


_TEXTS = 6_000
_SEEDS = {1: 60, 2: 10}
"""How many names of each script, for single disguises and for pairs; the number of disguises is the seed too."""

_ALIASES = 100_000


def measured() -> dict[str, Any]:
    """Return the figures: shares of 0 to 1, seconds and milliseconds of the processor."""
    figures: dict[str, Any] = {}
    for disguises, names in _SEEDS.items():
        made = list(trials(random.Random(disguises), names=names, disguises=disguises))
        share, counts = recall(made)
        worst = sorted(counts.items(), key=lambda item: item[1][0] / item[1][1])[:12]
        figures["singles" if disguises == 1 else "pairs"] = {
            "recall": share,
            "of": len(made),
            "worst": [{"disguise": " + ".join(how), "recall": found / of, "of": of} for how, (found, of) in worst],
        }
    alarms = false_alarms(random.Random(3), names=500, texts=_TEXTS)
    direct = [alarm for alarm in alarms if alarm[1] in {"plain", "looks", "split", "compact"}]
    figures["false_alarms"] = {
        "texts": _TEXTS,
        "count": len(alarms),
        "direct": len(direct),
        "per_text": len(alarms) / _TEXTS,
        "which": [" | ".join(alarm) for alarm in alarms[:20]],
    }
    return figures | {"cost": _cost()}


def request_texts(chance: random.Random) -> list[str]:
    """Make the texts of one request of ordinary words."""
    return names_cost.request_texts(chance, _TAGS, _prose())


def _cost() -> dict[str, Any]:
    """Measure the table of 100,000 aliases: Latin alone, and mixed scripts."""
    chance = random.Random(5)
    latin = [latin_name(chance) for _ in range(_ALIASES)]
    mixed = registered_names(chance, _ALIASES)
    texts = request_texts(chance)
    index = table(mixed)
    return {
        "aliases": _ALIASES,
        "build_seconds": {"latin": build_seconds(latin), "mixed": build_seconds(mixed)},
        "request_milliseconds": {
            "latin": request_milliseconds(table(latin), texts),
            "mixed": request_milliseconds(index, texts),
        },
        "hostile_seconds": {item.name: (item.half, item.whole) for item in hostile(index, hostile_texts(mixed))},
    }


def show(figures: Mapping[str, Any]) -> None:
    """Print recall for single disguises and pairs, the worst of them, false alarms, and what it costs."""
    for kind in ("singles", "pairs"):
        print(f"{kind}: {figures[kind]['recall']:.4f} of {figures[kind]['of']}")
        for item in figures[kind]["worst"]:
            print(f"  {item['recall']:.3f} of {item['of']:4d}  {item['disguise']}")
    alarms = figures["false_alarms"]
    print(
        f"false alarms: {alarms['count']} ({alarms['direct']} direct) in {_TEXTS} texts, {alarms['per_text']:.5f} each"
    )
    for which in alarms["which"]:
        print("  ", which)
    cost = figures["cost"]
    for scripts in ("latin", "mixed"):
        built, request = cost["build_seconds"][scripts], cost["request_milliseconds"][scripts]
        print(f"{_ALIASES} aliases, {scripts}: built in {built:.2f} s, a request's texts in {request:.1f} ms")
    print("hostile texts of 100,000 and 200,000 code points, in seconds:")
    for name, (half, whole) in cost["hostile_seconds"].items():
        print(f"  {half:.3f}  {whole:.3f}  {name}")


if __name__ == "__main__":
    show(measured())
