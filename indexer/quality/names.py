"""What is wrong with an alias: too little of a name, a name that many may use, or one that is there already."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

from indexer.model import Alias, AliasKind
from indexer.quality.remarks import Remark, Severity, remark
from indexer.signals.names.context import is_everyday, is_short
from indexer.signals.names.keys import Keys, is_cjk
from indexer.signals.names.letters import looks

_SYMBOLS = range(0x2600, 0x1FB00)
_LEAST_WORD = 3

_OF_MYTH = frozenset(
    """
    achilles adonis ajax alice anansi anubis aphrodite apollo ares ariel artemis arthur asmodeus astaroth athena atlas
    baba yaga bahamut banshee basilisk bastet beelzebub behemoth beowulf bigfoot cassandra centaur cerberus charon
    chimera chupacabra cinderella circe cleopatra cthulhu cupid cyclops dionysus djinn dracula dryad dwarf echidna
    fafnir fenrir frankenstein freya gabriel gaia galahad gargoyle genie ghoul gilgamesh gnome goblin golem gorgon
    griffin grendel guinevere hades hathor hecate helios hera hercules hermes hippogriff horus hydra icarus imp incubus
    ishtar isis izanagi izanami jason jormungandr juno jupiter kali kappa kelpie kitsune kraken krampus lamia lancelot
    leprechaun leviathan lilith loki lucifer manticore medea medusa merlin mephistopheles michael minerva minotaur
    mordred morgana mothman naga narcissus neptune nessie nosferatu nymph oberon odin odysseus oedipus ogre oni orpheus
    osiris pan pandora pegasus persephone peter perseus pinocchio pluto poltergeist poseidon prometheus psyche puck
    quetzalcoatl quasimodo ra raphael robin roc rumpelstiltskin rusalka salamander santa claus satan satyr scylla
    selene selkie set shiva sinbad siren sphinx succubus susanoo tengu tezcatlipoca thanatos thor thoth thunderbird
    titania triton troll typhon tyr urania valkyrie vishnu vulcan wendigo werewolf wyvern yeti yggdrasil yokai zephyr
    zeus zombie
    孙悟空 猪八戒 沙僧 唐僧 哪吒 杨戬 二郎神 嫦娥 后羿 女娲 伏羲 盘古 夸父 精卫 刑天 共工 祝融 蚩尤 黄帝 炎帝 白素贞
    白蛇 青蛇 许仙 牛郎 织女 观音 如来 玉皇大帝 王母 太上老君 龙王 阎王 钟馗 关公 关羽 诸葛亮 貂蝉 西施 花木兰 穆桂英
    牛魔王 铁扇公主 红孩儿 白骨精 九尾狐 狐狸精 妲己 麒麟 貔貅 饕餮 白泽 朱雀 玄武 青龙 白虎 僵尸 吸血鬼 狼人 美人鱼
    独角兽 灰姑娘 白雪公主 圣诞老人 美杜莎 宙斯 雅典娜 波塞冬 哈迪斯 阿波罗 维纳斯 丘比特 雷神 洛基 奥丁 天照 须佐之男
    酒吞童子 茨木童子 座敷童子 河童 雪女
    """.split()  # noqa: SIM905 (a list of a line each would fill the page)
)


def alias_remarks(alias: Alias, others: Sequence[Alias]) -> tuple[Remark, ...]:
    """Say what is wrong with an alias beside the other aliases of its set.

    The codes are `no_letters`, `too_short`, `common_word`, `should_be_generic` and `twice` (about the other alias).
    What is registered as generic is expected to be weak: of that `too_short` and `common_word` are advice alone.
    """
    key, *known = Keys([alias.text, *(other.text for other in others)]).compact
    if not key:
        return (remark("no_letters", Severity.REFUSE, text=alias.text),)
    remarks: list[Remark] = []
    severity = Severity.WARN if alias.kind is AliasKind.DISTINCTIVE else Severity.ADVICE
    if alias.kind is not AliasKind.SERIES and is_short(key):
        remarks.append(remark("too_short", severity, text=alias.text))
    elif alias.kind is not AliasKind.SERIES and is_everyday(key):
        remarks.append(remark("common_word", severity, text=alias.text))
    elif alias.kind is AliasKind.DISTINCTIVE and _is_anybodys(alias.text, key):
        remarks.append(remark("should_be_generic", Severity.ADVICE, text=alias.text))
    for other, folded in zip(others, known, strict=True):
        if folded == key:
            remarks.append(remark("twice", Severity.ADVICE, about=other.text, text=alias.text))
            break
    return tuple(remarks)


def _is_anybodys(text: str, key: str) -> bool:
    """Tell whether a name is of myth, or made of everyday words alone.

    Measured: none of the 30 distinctive aliases of the demo sets.
    """
    if key in _OF_MYTH or is_cjk(key):
        return key in _OF_MYTH
    words = "".join(map(looks, text)).split()
    return bool(words) and all(is_everyday(word) or word in _OF_MYTH or word in _symbol_words() for word in words)


@cache
def _symbol_words() -> frozenset[str]:
    """Return the words of the names of pictographs (Unicode character database): dragon, rocket, blossom."""
    pictographs = (chr(code) for code in _SYMBOLS if unicodedata.category(chr(code)) == "So")
    names = (unicodedata.name(char, "").lower().replace("-", " ").split() for char in pictographs)
    return frozenset(word for words in names for word in words if len(word) >= _LEAST_WORD)
