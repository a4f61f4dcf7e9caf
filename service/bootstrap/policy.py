"""Policy files: the shipped one, or an operator's own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from service.domain.errors import PolicyError
from service.domain.policy import Policy, policy_from

SHIPPED_POLICY = Path(__file__).parent.parent / "policy.toml"


def read_policy(path: Path | None) -> Policy:
    """Read a policy file, or the shipped one. Raises PolicyError naming the file and field."""
    return policy_from(policy_content(path))


def policy_content(path: Path | None) -> Mapping[str, Any]:
    """Read the tables of a policy file, or of the shipped one. Raises PolicyError naming the file and field."""
    source = path or SHIPPED_POLICY
    try:
        content = tomllib.loads(source.read_text(encoding="utf-8"))
        policy_from(content)
    except (OSError, tomllib.TOMLDecodeError, PolicyError) as error:
        raise PolicyError(f"{source}: {error}") from error
    return content
