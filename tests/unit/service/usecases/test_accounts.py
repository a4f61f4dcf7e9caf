"""How people get accounts, sign in, and what may be changed by whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from service.domain.account import LOCKOUT_AFTER, LONGEST_PASSWORD, SHORTEST_PASSWORD, User
from service.domain.errors import (
    InvalidFields,
    NotAuthenticated,
    NotFound,
    NotPermitted,
)
from service.domain.identity import Caller, Role, Scope
from tests.unit.service.usecases.accounts_bench import ADMIN, OWNER, PASSWORD, Bench

NARROWED = replace(ADMIN, scopes=frozenset({Scope.READ}), via="key")


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.dispose()


def found(bench: Bench, name: str) -> User:
    stored = bench.users.find(name)
    assert stored is not None
    return stored[0]


def places(error: InvalidFields) -> list[str]:
    return [fault.location for fault in error.faults]


class TestFirstAdmin:
    def test_while_there_is_no_admin_each_start_makes_a_link_and_voids_the_one_before(self, bench: Bench) -> None:
        first = bench.accounts.first_admin_link_token()
        bench.signed_in("mo")
        second = bench.accounts.first_admin_link_token()
        assert first is not None
        assert second is not None
        assert bench.accounts.invitation(first) is None
        session = bench.accounts.session(bench.accounts.accept(second, "ad", PASSWORD))
        assert session is not None
        assert session.caller == Caller("ad", Role.ADMIN, via="user")
        assert bench.accounts.first_admin_link_token() is None

    def test_a_link_that_was_told_makes_no_second_admin(self, bench: Bench) -> None:
        told = bench.accounts.first_admin_link_token()
        bench.accounts.add("ad", Role.ADMIN, PASSWORD, ADMIN)
        assert told is not None
        with pytest.raises(NotFound):
            bench.accounts.accept(told, "mallory", PASSWORD)

    def test_disabled_admins_are_none(self, bench: Bench) -> None:
        bench.accounts.add("bo", Role.ADMIN, PASSWORD, ADMIN)
        bench.accounts.disable("bo", ADMIN)
        assert bench.accounts.first_admin_link_token() is not None


class TestInvitations:
    def test_it_makes_an_account_of_its_role_in_the_language_of_the_page(self, bench: Bench) -> None:
        token = bench.accounts.invite(Role.RIGHTS_OWNER, ADMIN, OWNER)
        session = bench.accounts.session(bench.accounts.accept(token, " Ro ", PASSWORD, "zh"))
        assert session is not None
        user = session.user
        assert (user.name, user.role, user.owner, user.language) == ("ro", Role.RIGHTS_OWNER, OWNER, "zh")
        assert session.caller.owner == OWNER
        assert bench.accounts.sign_in("RO", PASSWORD)

    def test_it_works_once_and_for_a_week(self, bench: Bench) -> None:
        used, late = (bench.accounts.invite(Role.MODERATOR, ADMIN) for _ in range(2))
        bench.accounts.accept(used, "mo", PASSWORD)
        bench.clock.time += timedelta(days=7)
        for token in (used, late, "", "made up"):
            assert bench.accounts.invitation(token) is None
            with pytest.raises(NotFound):
                bench.accounts.accept(token, "bo", PASSWORD)

    def test_a_name_that_is_taken_can_be_chosen_anew(self, bench: Bench) -> None:
        bench.signed_in("mo")
        token = bench.accounts.invite(Role.MODERATOR, ADMIN)
        with pytest.raises(InvalidFields) as refused:
            bench.accounts.accept(token, "MO", PASSWORD)
        assert places(refused.value) == ["name"]
        assert bench.accounts.accept(token, "mo2", PASSWORD)

    @pytest.mark.parametrize(
        ("name", "password", "language", "wrong"),
        [
            ("", PASSWORD, None, ["name"]),
            ("a b", PASSWORD, None, ["name"]),
            ("-a", PASSWORD, None, ["name"]),
            ("n" * 65, PASSWORD, None, ["name"]),
            ("мо", PASSWORD, None, ["name"]),
            ("mo\n", "x" * 11, None, ["password"]),
            ("mo", "", None, ["password"]),
            ("mo", "x" * 257, None, ["password"]),
            ("moderator-one", " Moderator-One", None, ["password"]),
            ("mo", PASSWORD, "fr", ["language"]),
            ("?", "short", "", ["name", "password", "language"]),
        ],
    )
    def test_what_cannot_be_taken_is_named_in_both_languages(
        self, bench: Bench, name: str, password: str, language: str | None, wrong: list[str]
    ) -> None:
        token = bench.accounts.invite(Role.MODERATOR, ADMIN)
        with pytest.raises(InvalidFields) as refused:
            bench.accounts.accept(token, name, password, language)
        assert places(refused.value) == wrong
        assert all(fault.message and fault.zh for fault in refused.value.faults)
        assert bench.accounts.invitation(token) is not None

    @pytest.mark.parametrize("password", ["x" * SHORTEST_PASSWORD, "密" * LONGEST_PASSWORD, " " * 12])
    def test_a_password_may_hold_any_characters(self, bench: Bench, password: str) -> None:
        token = bench.accounts.invite(Role.MODERATOR, ADMIN)
        bench.accounts.accept(token, "mo", password)
        assert bench.accounts.sign_in("mo", password)

    @pytest.mark.parametrize(
        ("role", "owner", "place"),
        [
            (Role.PLATFORM, None, "role"),
            (Role.MODERATOR, OWNER, "owner"),
            (Role.RIGHTS_OWNER, "own_none", "owner"),
        ],
    )
    def test_it_is_for_a_person_and_for_a_rights_owner_that_there_is(
        self, bench: Bench, role: Role, owner: str | None, place: str
    ) -> None:
        with pytest.raises(InvalidFields) as refused:
            bench.accounts.invite(role, ADMIN, owner)
        assert places(refused.value) == [place]


class TestChanges:
    def test_a_new_password_ends_all_other_sessions(self, bench: Bench) -> None:
        here, there = bench.signed_in(), bench.accounts.sign_in("mo", PASSWORD)
        bench.accounts.change_password(here, PASSWORD, "another password")
        assert bench.accounts.session(here) is not None
        assert bench.accounts.session(there) is None
        with pytest.raises(NotAuthenticated):
            bench.accounts.sign_in("mo", PASSWORD)
        assert bench.accounts.sign_in("mo", "another password")

    def test_a_new_password_takes_the_current_one_and_the_same_rules(self, bench: Bench) -> None:
        token = bench.signed_in()
        for current, new, place in [("wrong password", "another password", "current"), (PASSWORD, "short", "password")]:
            with pytest.raises(InvalidFields) as refused:
                bench.accounts.change_password(token, current, new)
            assert places(refused.value) == [place]
        with pytest.raises(NotAuthenticated):
            bench.accounts.change_password("no session", PASSWORD, "another password")

    def test_the_current_password_cannot_be_searched_for_from_a_session(self, bench: Bench) -> None:
        token = bench.signed_in()
        for _ in range(LOCKOUT_AFTER):
            with pytest.raises(InvalidFields):
                bench.accounts.change_password(token, "wrong password", "another password")
        with pytest.raises(InvalidFields):
            bench.accounts.change_password(token, PASSWORD, "another password")

    def test_a_language_is_kept(self, bench: Bench) -> None:
        token = bench.signed_in()
        bench.accounts.set_language(token, "zh")
        assert found(bench, "mo").language == "zh"
        with pytest.raises(InvalidFields):
            bench.accounts.set_language(token, "xx")
        with pytest.raises(NotAuthenticated):
            bench.accounts.set_language("no session", "en")

    def test_disabling_ends_sessions_at_once_and_enabling_does_not_bring_them_back(self, bench: Bench) -> None:
        token = bench.signed_in()
        bench.accounts.disable("mo", ADMIN)
        assert bench.accounts.session(token) is None
        bench.accounts.enable("mo", ADMIN)
        assert bench.accounts.session(token) is None
        assert bench.accounts.sign_in("mo", PASSWORD)

    def test_another_role_needs_signing_in_again(self, bench: Bench) -> None:
        token = bench.signed_in()
        bench.accounts.set_role("mo", Role.RIGHTS_OWNER, ADMIN, OWNER)
        assert bench.accounts.session(token) is None
        assert (found(bench, "mo").role, found(bench, "mo").owner) == (Role.RIGHTS_OWNER, OWNER)
        bench.accounts.set_role("mo", Role.ADMIN, ADMIN)
        assert found(bench, "mo").owner is None

    def test_a_password_that_an_admin_gave_ends_all_sessions(self, bench: Bench) -> None:
        token = bench.signed_in()
        bench.accounts.reset_password("mo", "another password", ADMIN)
        assert bench.accounts.session(token) is None
        assert bench.accounts.sign_in("mo", "another password")

    def test_a_rights_owner_who_speaks_for_nobody_yet_may_say_for_whom_once(self, bench: Bench) -> None:
        here, there = bench.signed_in("ro", Role.RIGHTS_OWNER), bench.accounts.sign_in("ro", PASSWORD)
        themselves = Caller("ro", Role.RIGHTS_OWNER, via="user")
        with pytest.raises(NotPermitted):
            bench.accounts.set_owner("ro", OWNER, replace(themselves, name="mallory"))
        with pytest.raises(NotPermitted):
            bench.accounts.set_owner("ro", OWNER, replace(themselves, via="key"))
        bench.accounts.set_owner("ro", OWNER, themselves, token=here)
        assert found(bench, "ro").owner == OWNER
        assert [bench.accounts.session(token) is not None for token in (here, there)] == [True, False]
        with pytest.raises(NotPermitted):
            bench.accounts.set_owner("ro", OWNER, replace(themselves, owner=OWNER))
        bench.accounts.set_owner("ro", OWNER, ADMIN)


CHANGES: dict[str, Callable[[Bench, Caller], object]] = {
    "invite": lambda bench, by: bench.accounts.invite(Role.ADMIN, by),
    "add": lambda bench, by: bench.accounts.add("mallory", Role.ADMIN, PASSWORD, by),
    "list": lambda bench, by: bench.accounts.list_all(by),
    "disable": lambda bench, by: bench.accounts.disable("bo", by),
    "enable": lambda bench, by: bench.accounts.enable("bo", by),
    "set_role": lambda bench, by: bench.accounts.set_role("bo", Role.ADMIN, by),
    "set_owner": lambda bench, by: bench.accounts.set_owner("bo", OWNER, by),
    "reset_password": lambda bench, by: bench.accounts.reset_password("bo", PASSWORD, by),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "by", [*(Caller("bo2", role) for role in Role if role is not Role.ADMIN), NARROWED], ids=lambda by: by.role
)
def test_only_an_admin_changes_others(bench: Bench, change: str, by: Caller) -> None:
    bench.signed_in("bo", Role.RIGHTS_OWNER)
    before = list(bench.log.all_entries())
    with pytest.raises(NotPermitted):
        CHANGES[change](bench, by)
    assert list(bench.log.all_entries()) == before


@pytest.mark.parametrize("change", ["disable", "set_role"])
def test_no_admin_takes_their_own_rights_away(bench: Bench, change: str) -> None:
    bench.signed_in("bo", Role.ADMIN)
    with pytest.raises(InvalidFields):
        CHANGES[change](bench, replace(ADMIN, name="bo"))


@pytest.mark.parametrize("change", ["disable", "enable", "set_role", "set_owner", "reset_password"])
def test_nobody_is_not_found(bench: Bench, change: str) -> None:
    with pytest.raises(NotFound):
        CHANGES[change](bench, ADMIN)
