"""Signing in: with a password, and from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.adapters.passwords import Argon2Passwords
from service.domain.account import LOCKOUT, LOCKOUT_AFTER, Identity, User
from service.domain.errors import (
    NotAuthenticated,
    NotPermitted,
    QuotaExceeded,
)
from service.domain.identity import Caller, Role, Scope
from tests.unit.service.usecases.accounts_bench import ADMIN, PASSWORD, Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.dispose()


def found(bench: Bench, name: str) -> User:
    stored = bench.users.find(name)
    assert stored is not None
    return stored[0]


class TestSigningIn:
    def test_a_session_knows_who_it_is_until_it_expires(self, bench: Bench) -> None:
        token = bench.signed_in()
        session = bench.accounts.session(token)
        assert session is not None
        assert session.caller.actor == "user:mo"
        assert session.caller.scopes == {Scope.READ, Scope.CASES}
        assert len(token) >= 43
        assert session.csrf not in {"", token}
        bench.clock.time += timedelta(hours=12)
        assert bench.accounts.session(token) is None
        assert bench.accounts.session("") is None

    def test_signing_out_ends_one_session(self, bench: Bench) -> None:
        tokens = [bench.signed_in(), bench.accounts.sign_in("mo", PASSWORD)]
        bench.accounts.sign_out(tokens[0])
        assert [bench.accounts.session(token) is not None for token in tokens] == [False, True]

    @pytest.mark.parametrize(
        ("name", "password"),
        [("mo", "wrong"), ("mo", ""), ("mo", "x" * 100_000), ("nobody", PASSWORD), ("", ""), ("a\0b" * 999, PASSWORD)],
    )
    def test_whatever_is_wrong_the_answer_is_the_same_after_one_hash(
        self, bench: Bench, name: str, password: str
    ) -> None:
        bench.signed_in()
        bench.passwords.looked.clear()
        with pytest.raises(NotAuthenticated) as refused:
            bench.accounts.sign_in(name, password)
        assert len(bench.passwords.looked) == 1
        with pytest.raises(NotAuthenticated, match="^" + str(refused.value) + "$"):
            bench.accounts.sign_in("somebody-else", "other")

    def test_who_is_disabled_or_comes_from_elsewhere_has_no_password_that_fits(self, bench: Bench) -> None:
        bench.signed_in()
        bench.accounts.disable("mo", ADMIN)
        bench.accounts.sign_in_as(Identity("https://idp 1", "ida", frozenset({Role.ADMIN})))
        for name, password in [("mo", PASSWORD), ("ida", ""), ("ida", "None")]:
            with pytest.raises(NotAuthenticated):
                bench.accounts.sign_in(name, password)

    def test_five_wrong_passwords_lock_for_a_quarter_of_an_hour(self, bench: Bench) -> None:
        bench.signed_in()
        for _ in range(LOCKOUT_AFTER):
            with pytest.raises(NotAuthenticated):
                bench.accounts.sign_in("mo", "wrong password")
        with pytest.raises(NotAuthenticated):
            bench.accounts.sign_in("mo", PASSWORD)
        bench.clock.time += LOCKOUT
        assert bench.accounts.sign_in("mo", PASSWORD)

    def test_enabling_lifts_a_lock(self, bench: Bench) -> None:
        bench.signed_in()
        for _ in range(LOCKOUT_AFTER):
            with pytest.raises(NotAuthenticated):
                bench.accounts.sign_in("mo", "wrong password")
        bench.accounts.enable("mo", ADMIN)
        assert bench.accounts.sign_in("mo", PASSWORD)

    def test_attempts_are_counted_by_address(self, bench: Bench) -> None:
        bench.signed_in()
        for _ in range(50):
            bench.accounts.sign_in("mo", PASSWORD, "192.0.2.1")
        with pytest.raises(QuotaExceeded) as refused:
            bench.accounts.sign_in("mo", PASSWORD, "192.0.2.1")
        assert refused.value.retry_after == 60
        assert bench.accounts.sign_in("mo", PASSWORD, "192.0.2.2")
        bench.ticks.now += 60
        assert bench.accounts.sign_in("mo", PASSWORD, "192.0.2.1")

    def test_a_hash_of_other_parameters_is_made_anew_at_the_next_sign_in(self, bench: Bench) -> None:
        bench.signed_in()
        bench.passwords.parameters = 2
        bench.accounts.sign_in("mo", PASSWORD)
        assert bench.users.find("mo") == (found(bench, "mo"), f"2:{PASSWORD}")

    def test_signing_in_and_failing_to_are_logged_without_what_was_typed(self, bench: Bench) -> None:
        bench.signed_in()
        for name in ("mo", "typed-a-password-here"):
            with pytest.raises(NotAuthenticated):
                bench.accounts.sign_in(name, "wrong password")
        entries = list(bench.log.all_entries())
        assert [(entry.action, entry.subject) for entry in entries[-3:]] == [
            ("user.signed_in", "user:mo"),
            ("user.sign_in_failed", "user:mo"),
            ("user.sign_in_failed", "user:?"),
        ]
        written = "".join(entry.before + entry.after + entry.subject for entry in entries)
        assert not any(secret in written for secret in (PASSWORD, "wrong", "typed"))


class TestFromElsewhere:
    def who(self, *roles: Role, name: str = "Ida Lund", subject: str = "https://idp 1") -> Identity:
        return Identity(subject, name, frozenset(roles))

    def test_a_new_subject_gets_an_account_and_keeps_it(self, bench: Bench) -> None:
        first = bench.accounts.session(bench.accounts.sign_in_as(self.who(Role.MODERATOR)))
        again = bench.accounts.session(bench.accounts.sign_in_as(self.who(Role.MODERATOR, name="Ida Berg")))
        assert first is not None
        assert again is not None
        assert first.user.id == again.user.id
        assert again.caller == Caller("ida-lund", Role.MODERATOR, scopes=again.caller.scopes, via="user")

    def test_a_name_that_is_taken_never_leads_into_another_s_account(self, bench: Bench) -> None:
        bench.signed_in("ida-lund")
        bench.accounts.sign_in_as(self.who(Role.ADMIN))
        bench.accounts.sign_in_as(self.who(Role.ADMIN, subject="https://idp 2"))
        names = {user.name: user.role for user in bench.accounts.list_all(ADMIN)}
        assert names == {"ida-lund": Role.MODERATOR, "ida-lund-2": Role.ADMIN, "ida-lund-3": Role.ADMIN}

    def test_the_mightiest_role_counts_and_follows_the_provider(self, bench: Bench) -> None:
        bench.accounts.sign_in_as(self.who(Role.MODERATOR, Role.ADMIN))
        assert found(bench, "ida-lund").role is Role.ADMIN
        bench.accounts.sign_in_as(self.who(Role.MODERATOR, Role.PLATFORM))
        assert found(bench, "ida-lund").role is Role.MODERATOR

    @pytest.mark.parametrize("roles", [(), (Role.PLATFORM,)])
    def test_who_has_no_role_of_a_person_is_refused(self, bench: Bench, roles: tuple[Role, ...]) -> None:
        with pytest.raises(NotPermitted):
            bench.accounts.sign_in_as(self.who(*roles))
        assert bench.accounts.list_all(ADMIN) == []

    def test_who_is_disabled_here_stays_out(self, bench: Bench) -> None:
        bench.accounts.sign_in_as(self.who(Role.ADMIN))
        bench.accounts.disable("ida-lund", ADMIN)
        with pytest.raises(NotAuthenticated):
            bench.accounts.sign_in_as(self.who(Role.ADMIN))

    def test_wrong_passwords_do_not_lock_out_who_comes_from_elsewhere(self, bench: Bench) -> None:
        bench.accounts.sign_in_as(self.who(Role.ADMIN))
        for _ in range(LOCKOUT_AFTER):
            with pytest.raises(NotAuthenticated):
                bench.accounts.sign_in("ida-lund", "wrong password")
        assert bench.accounts.sign_in_as(self.who(Role.ADMIN))

    def test_any_name_of_a_provider_becomes_one_that_can_be_taken(self, bench: Bench) -> None:
        numbers = count()

        @given(name=st.text(max_size=200))
        def becomes(name: str) -> None:
            identity = self.who(Role.ADMIN, name=name, subject=f"https://idp {next(numbers)}")
            session = bench.accounts.session(bench.accounts.sign_in_as(identity))
            assert session is not None
            assert re.fullmatch(r"[a-z0-9][a-z0-9._@-]{0,63}", session.user.name)

        becomes()


def test_passwords_are_kept_as_argon2id() -> None:
    hasher = Argon2Passwords()
    kept = hasher.hash(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert len(kept) <= 256
    assert hasher.verify(kept, PASSWORD)
    assert not hasher.verify(kept, PASSWORD + " ")
    assert not hasher.verify("no hash", PASSWORD)
    assert not hasher.outdated(kept)
    assert hasher.outdated(kept.replace("t=3", "t=2"))
