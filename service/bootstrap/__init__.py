"""The composition root: the only package that names concrete adapters."""

from __future__ import annotations

from service.bootstrap.policy import SHIPPED_POLICY, policy_content, read_policy
from service.bootstrap.wire import RETURN_PATH, wire
from service.bootstrap.wired import Wired

__all__ = ["RETURN_PATH", "SHIPPED_POLICY", "Wired", "policy_content", "read_policy", "wire"]
