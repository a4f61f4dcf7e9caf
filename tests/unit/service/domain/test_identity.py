"""API keys: reading them, and who sees what."""

from __future__ import annotations

import pytest

from service.domain.identity import Caller, Key, Role, key_sha256, parse_keys

HASH, OTHER = key_sha256("a key"), key_sha256("another key")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", ()),
        (" , ,", ()),
        (f"atelier:platform:{HASH}", (Key("atelier", Role.PLATFORM, HASH),)),
        (
            f" atelier:platform:{HASH} ,\n ann:moderator:{OTHER},",
            (Key("atelier", Role.PLATFORM, HASH), Key("ann", Role.MODERATOR, OTHER)),
        ),
        (f"a.b_c-1:rights_owner:{HASH}", (Key("a.b_c-1", Role.RIGHTS_OWNER, HASH),)),
    ],
)
def test_entries_are_read_in_order_whatever_the_spaces(text: str, keys: tuple[Key, ...]) -> None:
    assert parse_keys(text) == keys


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("atelier", "entry 1 is not name:role:sha256"),
        (f"atelier:platform:{HASH}:more", "entry 1 is not"),
        (f"atelier:platform:{HASH[:-1]}", "entry 1 is not"),
        (f"atelier:platform:{HASH.upper()}", "entry 1 is not"),
        (f":platform:{HASH}", "entry 1 is not"),
        (f"two words:platform:{HASH}", "entry 1 is not"),
        (f"{'n' * 65}:platform:{HASH}", "entry 1 is not"),
        (f"atelier:root:{HASH}", "entry 1: 'root' is none of"),
        (f"atelier:platform:{HASH},ann:Moderator:{HASH}", "entry 2: 'Moderator' is none of"),
        (f"atelier:platform:{HASH},ann:moderator:{HASH}", "entry 2 is the key of an earlier entry"),
        (f"atelier:platform:{HASH};ann:moderator:{HASH}", "entry 1 is not"),
    ],
)
def test_a_wrong_entry_is_named_by_its_number_and_never_shown(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        parse_keys(text)
    assert HASH[:16] not in str(caught.value)


@pytest.mark.parametrize("role", Role)
def test_only_platforms_are_held_to_their_own_uploads(role: Role) -> None:
    assert Caller("atelier", role).sees_only == ("atelier" if role is Role.PLATFORM else None)
