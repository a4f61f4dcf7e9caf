"""What rights owners would say about the cast: titles, works, holders, aliases."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.training.characters.cast import CAST
from indexer.training.characters.identity import Identity


@dataclass(frozen=True)
class Work:
    """An invented work of fiction and its invented holder."""

    en: str
    zh: str
    holder: str
    evidence: str


TIDE = Work(
    "The Tidewarden Almanac",
    "守潮者年鉴",
    "Lantern Coast Studio (demo)",
    "Demo registration LC-0001: design sheets dated and signed by the studio.",
)
HARES = Work(
    "Quarter Past Clockhare",
    "发条兔一刻钟",
    "Brass Burrow Books (demo)",
    "Demo registration BB-0107: picture book proofs and colour script.",
)
COURT = Work(
    "Court of the Glass Reeds",
    "琉璃苇之庭",
    "Reedglass Games (demo)",
    "Demo registration RG-0042: in-game model sheets and first public trailer.",
)
BAKERY = Work(
    "The Bakery Past the Last Star",
    "末星面包房",
    "Oven Moon Animation (demo)",
    "Demo registration OM-0310: series bible, pages 12-31.",
)
POST = Work(
    "Mosslight Post", "苔光邮局", "Thistle and Stamp Press (demo)", "Demo registration TS-0058: published chapters 1-6."
)
LAMPS = Work(
    "Nine Lamps Under Winter",
    "冬下九灯",
    "Northlamp Collective (demo)",
    "Demo registration NL-0023: concept art deposit.",
)
WORKS: tuple[Work, ...] = (TIDE, HARES, COURT, BAKERY, POST, LAMPS)


@dataclass(frozen=True)
class Entry:
    """One registered character; ``aliases`` are (text, language, kind)."""

    who: Identity
    title: tuple[str, str, str]
    work: Work
    fame: str
    aliases: tuple[tuple[str, str, str], ...]
    licensed: bool = False


def _aliases(en: str, zh: str, *more: tuple[str, str, str]) -> tuple[tuple[str, str, str], ...]:
    return ((en, "en", "distinctive"), (zh, "zh", "distinctive"), *more)


_NOTES: dict[str, tuple[tuple[str, str, str], Work, str, tuple[tuple[str, str, str], ...]]] = {
    "maren-tidewarden": (
        ("Maren Tidewarden", "守潮者玛伦", "潮守のマレン"),
        TIDE,
        "famous",
        _aliases(
            "Maren Tidewarden", "守潮者玛伦", ("潮守のマレン", "ja", "distinctive"), ("lamp girl", "en", "generic")
        ),
    ),
    "umbra-maren": (
        ("Umbra Maren", "影之玛伦", "影のマレン"),
        TIDE,
        "known",
        _aliases("Umbra Maren", "影之玛伦", ("Hollow-Tide Maren", "en", "distinctive")),
    ),
    "pip-clockhare": (
        ("Pip Clockhare", "发条兔皮普", "時計うさぎピップ"),
        HARES,
        "famous",
        _aliases("Pip Clockhare", "发条兔皮普", ("clockwork rabbit", "en", "generic")),
    ),
    "pop-clockhare": (
        ("Pop Clockhare", "发条兔波普", "時計うさぎポップ"),
        HARES,
        "known",
        _aliases("Pop Clockhare", "发条兔波普", ("clockwork rabbit", "en", "generic")),
    ),
    "serpent-queen": (
        ("Serpent Queen", "蛇后", "蛇の女王"),
        COURT,
        "known",
        _aliases("Ysmeraude Veyl", "伊丝美萝·薇尔", ("Medusa", "en", "generic"), ("美杜莎", "zh", "generic")),
    ),
    "reed-knight": (
        ("Sir Aldwyn of the Reeds", "苇原骑士奥德温", "葦の騎士オルドウィン"),
        COURT,
        "ordinary",
        _aliases("Aldwyn Heronshaft", "苇原骑士奥德温", ("bird knight", "en", "generic")),
    ),
    "comet-baker": (
        ("Brioche Halley-Plum", "彗星面包师布莉欧", "彗星パン屋ブリオ"),
        BAKERY,
        "known",
        _aliases("Brioche Halley-Plum", "彗星面包师布莉欧"),
    ),
    "rivet-courier": (
        ("Rivet-Nine", "铆钉九号", "リベット・ナイン"),
        BAKERY,
        "ordinary",
        _aliases("Rivet-Nine", "铆钉九号", ("delivery robot", "en", "generic")),
    ),
    "fern-postmaster": (
        ("Fernwick Capley", "菌帽邮差芬威克", "きのこ郵便フェンウィック"),
        POST,
        "ordinary",
        _aliases("Fernwick Capley", "菌帽邮差芬威克", ("mushroom child", "en", "generic")),
    ),
    "ember-fox": (
        ("Emberlin Russet", "余烬狐恩柏林", "残り火のエンバリン"),
        POST,
        "famous",
        _aliases("Emberlin Russet", "余烬狐恩柏林", ("fox bard", "en", "generic")),
    ),
    "winter-lampwitch": (
        ("Lysmoth, the Ninth Lamp", "第九灯莉丝莫", "九番灯のリスモス"),
        LAMPS,
        "ordinary",
        _aliases("Lysmoth Ninthlamp", "第九灯莉丝莫", ("moth witch", "en", "generic")),
    ),
    "ox-smith": (
        ("Gorran Bellmetal", "钟铜匠戈兰", "鐘銅のゴラン"),
        LAMPS,
        "ordinary",
        _aliases("Gorran Bellmetal", "钟铜匠戈兰", ("ox smith", "en", "generic")),
    ),
}

ENTRIES: tuple[Entry, ...] = tuple(
    Entry(
        who=who,
        title=_NOTES[who.slug][0],
        work=_NOTES[who.slug][1],
        fame=_NOTES[who.slug][2],
        aliases=(
            *_NOTES[who.slug][3],
            (_NOTES[who.slug][1].en, "en", "series"),
            (_NOTES[who.slug][1].zh, "zh", "series"),
        ),
        licensed=who.slug == "rivet-courier",
    )
    for who in CAST
)


def entry(slug: str) -> Entry:
    """Return the registered character with this slug."""
    return next(e for e in ENTRIES if e.who.slug == slug)
