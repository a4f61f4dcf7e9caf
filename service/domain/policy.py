"""The policy: versioned rates and rules, as data. What they mean is in decide() (verdict.py).

A rate says how often an unrelated *upload* may be blocked or sent to review on pictures alone; it is never a cosine,
so another embedding model changes no policy.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from indexer.model import Fame
from service.domain.errors import PolicyError
from service.domain.upload import Context, Stage, Visibility


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates in force for one upload and one reference set, each in 0..1."""

    block: float
    review: float
    confirmed: float


@dataclass(frozen=True)
class Policy:
    """One version of the rules.

    `stages` holds the base rates; they are multiplied by the factors that apply, up to the caps.
    `sample_correlation` is the assumed likeness of samples within one upload; `evidence_at_fpr` is the rate up to which
    a likeness is reported at all.
    """

    version: str
    stages: Mapping[Stage, Rates]
    fame: Mapping[Fame, float]
    visibility: Mapping[Visibility, float]
    monetised: float
    promoted: float
    max_block: float
    max_review: float
    sample_correlation: float
    evidence_at_fpr: float

    def rates(self, context: Context, fame: Fame) -> Rates:
        """Return the rates for an upload: stricter for famous works, profit and promotion, laxer out of sight."""
        base = self.stages[context.stage]
        factor = self.fame[fame] * self.visibility[context.visibility]
        factor *= self.monetised if context.monetised else 1.0
        factor *= self.promoted if context.promoted else 1.0
        return Rates(
            block=min(base.block * factor, self.max_block),
            review=min(base.review * factor, self.max_review),
            confirmed=min(base.confirmed * factor, self.max_review),
        )


_LONGEST = 60

RATES = (
    *(f"stages.{stage}.{name}" for stage in Stage for name in ("block_at_fpr", "review_at_fpr", "confirmed_at_fpr")),
    "caps.block_at_fpr",
    "caps.review_at_fpr",
    "sample_correlation",
    "evidence_at_fpr",
)
"""The lines of a policy that hold a number from 0 to below 1, by their places in policy.toml."""

FACTORS = (
    "factors.monetised",
    "factors.promoted",
    *(f"factors.fame.{fame}" for fame in Fame),
    *(f"factors.visibility.{item}" for item in Visibility),
)
"""Those that hold a factor."""


def number_at(content: Mapping[str, Any], path: str) -> float:
    """Return the number of a line, one of RATES and FACTORS. Raises PolicyError naming it."""
    return _rate(content, path) if path in RATES else _factor(content, path)


def policy_from(content: Mapping[str, Any]) -> Policy:
    """Build a policy from the tables of policy.toml.

    The version gets the first digits of a checksum of the content, so that two policies never share one.
    Raises PolicyError naming the field.
    """
    try:
        digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
        policy = Policy(
            version=f"{content['version']}+{digest[:8]}",
            stages={
                stage: Rates(
                    _rate(content, f"stages.{stage}.block_at_fpr"),
                    _rate(content, f"stages.{stage}.review_at_fpr"),
                    _rate(content, f"stages.{stage}.confirmed_at_fpr"),
                )
                for stage in Stage
            },
            fame={fame: _factor(content, f"factors.fame.{fame}") for fame in Fame},
            visibility={item: _factor(content, f"factors.visibility.{item}") for item in Visibility},
            monetised=_factor(content, "factors.monetised"),
            promoted=_factor(content, "factors.promoted"),
            max_block=_rate(content, "caps.block_at_fpr"),
            max_review=_rate(content, "caps.review_at_fpr"),
            sample_correlation=_rate(content, "sample_correlation"),
            evidence_at_fpr=_rate(content, "evidence_at_fpr"),
        )
    except KeyError as error:
        raise PolicyError(f"policy: {error.args[0]} is missing") from error
    for stage, rates in policy.stages.items():
        if rates.block > rates.review:
            raise PolicyError(f"policy: stages.{stage}: block_at_fpr is above review_at_fpr")
    return policy


def policy_named(version: str, content: Mapping[str, Any]) -> Policy:
    """Build the policy that bears a version. Raises PolicyError, also where the content makes it another."""
    policy = policy_from(content)
    if policy.version != version:
        raise PolicyError(f"policy: its content makes it {policy.version}, not {version}")
    return policy


def _number(content: Mapping[str, Any], path: str) -> float:
    value: Any = content
    for key in path.split("."):
        if not isinstance(value, Mapping) or key not in value:
            raise PolicyError(f"policy: {path} is missing")
        value = value[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise PolicyError(f"policy: {path} must be a number, not {repr(value)[:_LONGEST]}")
    try:
        return float(value)
    except OverflowError as error:
        raise PolicyError(f"policy: {path} is far too large") from error


def _rate(content: Mapping[str, Any], path: str) -> float:
    value = _number(content, path)
    if not 0.0 <= value < 1.0:
        raise PolicyError(f"policy: {path} must be from 0 to below 1, not {value}")
    return value


def _factor(content: Mapping[str, Any], path: str) -> float:
    value = _number(content, path)
    if not 0.0 < value <= 100.0:  # noqa: PLR2004 (beyond, a factor is a slip of the decimal point)
        raise PolicyError(f"policy: {path} must be above 0 and at most 100, not {value}")
    return value
