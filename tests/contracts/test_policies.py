"""What every Policies does, run against each: in memory, SQLite, and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from service.adapters.memory import MemoryPolicies
from service.adapters.sql.policies import SqlPolicies
from service.bootstrap import policy_content
from service.domain.errors import PolicyError
from service.domain.policy import policy_from
from service.ports import Policies, PublishedPolicy
from tests.cases import NOON, actions
from tests.databases import fresh_database

SHIPPED = policy_content(None)


def published(version: str = "stricter", **changes: Any) -> PublishedPolicy:
    content: Mapping[str, Any] = {**SHIPPED, "version": version, **changes}
    return PublishedPolicy(policy_from(content).version, content, "why", NOON, "user:ad")


class PoliciesContract:
    """Subclasses give the fixture `policies`, which begins with the shipped one."""

    def test_before_any_is_published_the_shipped_one_is_in_force(self, policies: Policies) -> None:
        assert policies.in_force() == policy_from(SHIPPED)
        assert policies.content() == SHIPPED
        assert policies.history() == []

    def test_what_was_published_last_is_in_force(self, policies: Policies) -> None:
        for item in (published("a"), published("b", sample_correlation=0.25)):
            policies.publish(item)
        assert policies.in_force() == policy_from(published("b", sample_correlation=0.25).content)
        assert policies.in_force().sample_correlation == 0.25
        assert policies.content() == published("b", sample_correlation=0.25).content
        assert policies.history() == [published("b", sample_correlation=0.25), published("a")]

    def test_a_version_is_published_once(self, policies: Policies) -> None:
        policies.publish(published("a"))
        with pytest.raises(PolicyError, match="was published before"):
            policies.publish(published("a"))

    def test_what_is_no_policy_is_not_published(self, policies: Policies) -> None:
        good = published("a")
        for content in ({}, {**good.content, "sample_correlation": 2.0}, published("b").content):
            with pytest.raises(PolicyError):
                policies.publish(PublishedPolicy(good.version, content, "", NOON, "user:ad"))
        assert policies.in_force() == policy_from(SHIPPED)


class SqlPoliciesContract(PoliciesContract):
    """Subclasses give the fixture `url`."""

    @pytest.fixture
    def policies(self, url: str) -> Iterator[Policies]:
        engine = fresh_database(url)
        yield SqlPolicies(engine, SHIPPED)
        engine.dispose()

    def test_another_replica_has_it_at_once(self, policies: Policies, url: str) -> None:
        other = fresh_database(url)
        policies.publish(published("a"))
        assert SqlPolicies(other, SHIPPED).in_force().version == published("a").version
        assert actions(other, f"policy:{published('a').version}") == ["policy.published"]
        other.dispose()

    def test_of_many_published_at_once_each_is_in_force_or_refused(self, policies: Policies) -> None:
        def publish(number: int) -> bool:
            try:
                policies.publish(published(f"v-{number}"))
            except PolicyError:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            done = sum(pool.map(publish, range(8)))
        assert done >= 1
        assert len(policies.history()) == done
        assert policies.in_force().version == policies.history()[0].version


class TestMemory(PoliciesContract):
    @pytest.fixture
    def policies(self) -> Policies:
        return MemoryPolicies(SHIPPED)


class TestSqlite(SqlPoliciesContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'record.db'}"


class TestPostgres(SqlPoliciesContract):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url
