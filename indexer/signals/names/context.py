"""What stands about a name: a negation takes its weight, and a short or everyday name needs its series beside it."""

from __future__ import annotations

from indexer.model import Alias, AliasKind
from indexer.signals.names.keys import is_cjk, letters

_WINDOW = 24
"""Code points read before and after a name."""

_OPENING = " \t\u00a0\u3000_-\"'“”‘’«([{（「『《【"
_NOT_WORDS = ("not", "no", "non", "without", "isn't", "isn\u2019t")
_NOT_SIGNS = ("非", "不是")
_STYLE = "style"

_SHORT = 3
_SHORT_CJK = 1

_EVERYDAY = frozenset(
    """
    able alpha amber angel apple april archer ash aqua arrow aurora autumn baby beach bear beast beauty bell berry beta
    bird black blade blaze blood blossom blue bolt bone book boss boy brave bride bright bronze brook brown bunny
    butterfly candy captain cat champion chaos charm cherry chibi child chocolate cloud clown coral cosmos cow cream
    crow crown crystal cute cyan daisy dancer dark dawn day death demon desert destiny devil diamond doctor dog doll
    dragon dragonfly dream eagle earth echo elf emerald emperor empress eve evil eye face fairy faith falcon fall
    father feather fire fish flame flash flower forest fox freedom frog frost galaxy game garden ghost giant girl
    glory god goddess gold golden grace grass gray green grey guard hair hand happy harmony hawk hazel head heart
    heaven hero holly honey hope horse hunter ice iris iron island ivory ivy jade jasmine jewel joker journey joy judge
    july june jungle justice king kitten kitty knight lady lake lavender leader leaf legend legion lemon leopard life
    light lightning lily lion little lotus love luck lucky lunar magic maid man maple marble mask master may melody
    mercury mermaid metal midnight milk mint mirror mist model moon morning mother mountain mouse music mystery nature
    neon night ninja noble nova nurse oak ocean olive onyx opal orange orchid owl panda panther paradise pearl penguin
    pepper phoenix pilot pink pirate pixie planet pony poppy power priest prince princess pumpkin punk puppy purple
    queen rabbit rain rainbow ranger raven red rex ring river robin robot rock rogue rose royal ruby rusty sage saint
    sand sapphire scarlet school scout sea shadow shark sheep shine silver siren sister sky smoke snake snow snowflake
    soldier solo song soul sparkle spider spirit spring spy star steel storm student sugar summer sun sunny sunset swan
    sweet sword tank teacher thief thorn thunder tiger titan tower tree twilight unicorn valentine vampire venus
    victory violet viper virgin voice volcano warrior water wave white wild willow wind winter witch wizard wolf woman
    wonder wood world yellow young zero
    公主 王子 天使 恶魔 女神 女王 国王 太阳 月亮 星星 少女 少年 女孩 男孩 明日 明天 雪 花 龙 凤凰 骑士 魔女 女巫
    精灵 老师 医生 护士 春天 夏天 秋天 冬天 天空 大海 玫瑰 百合 樱花 さくら 櫻 樱 ひめ 姫 てんし あくま ゆき はな
    """.split()  # noqa: SIM905 (a list of a line each would fill the page)
)


def is_negated(text: str, start: int) -> bool:
    """Tell whether the name at a place is denied: "not X", "no X", "without X", 非X, 不是X."""
    before = text[max(0, start - _WINDOW) : start].rstrip(_OPENING).casefold()
    if before.endswith(_NOT_SIGNS):
        return True
    for word in _NOT_WORDS:
        if before.endswith(word) and not before[: -len(word)][-1:].isalnum():
            # The word has to stand apart from the name: "nomoon" denies nothing.
            return not text[start - 1].isalnum()
    return False


def names_a_style(text: str, end: int) -> bool:
    """Tell whether the name that ends here is followed by "style", which says less than the name alone."""
    after = text[end : end + _WINDOW]
    wording = after.lstrip(" \t\u00a0_-").casefold()
    return len(wording) < len(after.casefold()) and wording.startswith(_STYLE) and not wording[5:6].isalpha()


def needs_series(alias: Alias, key: str) -> bool:
    """Tell whether an alias is too short or too common to mean the character without its series beside it."""
    if alias.kind is AliasKind.SERIES:
        return False
    return is_short(key) or is_everyday(key)


def is_short(key: str) -> bool:
    """Tell whether a folded name has so few letters that any text may hold it."""
    return letters(key) <= (_SHORT_CJK if is_cjk(key) else _SHORT)


def is_everyday(key: str) -> bool:
    """Tell whether a folded name is an everyday word."""
    return key in _EVERYDAY
