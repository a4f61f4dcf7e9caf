"""policy_from(): the shipped policy is valid, and each fault is named by its field."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.bootstrap import SHIPPED_POLICY, read_policy
from service.domain.errors import PolicyError
from service.domain.policy import policy_from
from service.domain.upload import Stage

Content = dict[str, Any]
SHIPPED: Content = tomllib.loads(SHIPPED_POLICY.read_text(encoding="utf-8"))


def _changed(change: Callable[[Content], object]) -> Content:
    content = copy.deepcopy(SHIPPED)
    change(content)
    return content


def test_the_shipped_policy_is_valid_and_named_by_version_and_checksum() -> None:
    policy = policy_from(SHIPPED)
    assert policy.version.startswith(f"{SHIPPED['version']}+")
    assert set(policy.stages) == set(Stage)
    assert all(rates.block <= rates.confirmed <= rates.review for rates in policy.stages.values())
    assert policy.evidence_at_fpr >= policy.max_review, "what reaches review has to be reported"


def test_two_policies_never_share_a_version() -> None:
    def stricter(content: Content) -> None:
        content["stages"]["training"]["block_at_fpr"] = 0.00003

    assert policy_from(_changed(stricter)).version != policy_from(SHIPPED).version


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda c: c.pop("version"), "version"),
        (lambda c: c.pop("stages"), "stages.training.block_at_fpr"),
        (lambda c: c["stages"].pop("generation"), "stages.generation.block_at_fpr"),
        (lambda c: c["stages"].update(training=3), "stages.training.block_at_fpr"),
        (lambda c: c["stages"]["publication"].pop("review_at_fpr"), "stages.publication.review_at_fpr"),
        (lambda c: c["stages"]["training"].update(block_at_fpr="0.1"), "stages.training.block_at_fpr"),
        (lambda c: c["stages"]["training"].update(block_at_fpr=True), "stages.training.block_at_fpr"),
        (lambda c: c["stages"]["training"].update(review_at_fpr=1.0), "stages.training.review_at_fpr"),
        (lambda c: c["stages"]["training"].update(review_at_fpr=-0.1), "stages.training.review_at_fpr"),
        (lambda c: c["stages"]["training"].update(review_at_fpr=float("nan")), "stages.training.review_at_fpr"),
        (lambda c: c["stages"]["training"].update(block_at_fpr=0.5), "stages.training"),
        (lambda c: c["factors"].pop("monetised"), "factors.monetised"),
        (lambda c: c["factors"].update(promoted=0), "factors.promoted"),
        (lambda c: c["factors"].update(promoted=101), "factors.promoted"),
        (lambda c: c["factors"].update(promoted=float("inf")), "factors.promoted"),
        (lambda c: c["factors"]["fame"].pop("famous"), "factors.fame.famous"),
        (lambda c: c["factors"]["visibility"].pop("private"), "factors.visibility.private"),
        (lambda c: c["caps"].pop("review_at_fpr"), "caps.review_at_fpr"),
        (lambda c: c.pop("sample_correlation"), "sample_correlation"),
        (lambda c: c.update(sample_correlation=1.0), "sample_correlation"),
        (lambda c: c.update(evidence_at_fpr=[0.1]), "evidence_at_fpr"),
    ],
)
def test_a_fault_is_named_by_its_field(change: Callable[[Content], object], field: str) -> None:
    with pytest.raises(PolicyError, match=f"policy: {field.replace('.', '[.]')}(?![a-z_.])"):
        policy_from(_changed(change))


@pytest.mark.parametrize("text", ["version = ", 'version = "1"', "\x00"])
def test_a_policy_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match=r"mine\.toml"):
        read_policy(path)


def test_a_policy_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"none\.toml"):
        read_policy(tmp_path / "none.toml")
