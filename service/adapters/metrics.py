"""Counts and times for Prometheus. Labels are bounded: routes, verdicts and stages, never ids or names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The service's own registry, so that two applications in one process do not mix."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "lora_screening_request_seconds",
            "Time of HTTP requests.",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._verdicts = Counter(
            "lora_screening_verdicts", "Screenings by verdict.", ("verdict", "shadow"), registry=self._registry
        )
        self._not_screened = Counter(
            "lora_screening_not_screened", "Parts of uploads that could not be screened.", registry=self._registry
        )
        self._stages = Histogram(
            "lora_screening_stage_seconds",
            "Time of each stage of a screening.",
            ("stage",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._generation = Gauge(
            "lora_screening_snapshot_generation", "Generation of the snapshot in force.", registry=self._registry
        )

        self._refused = Counter(
            "lora_screening_snapshots_refused",
            "Published snapshots that could not be taken into use.",
            registry=self._registry,
        )

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def observe_screening(self, answer: Mapping[str, Any]) -> None:
        """Count a finished screening."""
        self._verdicts.labels(answer["verdict"], str(answer["shadow"]).lower()).inc()
        self._not_screened.inc(len(answer["not_screened"]))
        for stage, milliseconds in answer["elapsed_ms"].items():
            self._stages.labels(stage).observe(milliseconds / 1000)

    def set_generation(self, generation: str) -> None:
        """Note the generation in force."""
        self._generation.set(int(generation) if generation.isdigit() else 0)

    def count_refusal(self) -> None:
        """Count a snapshot that could not be taken into use."""
        self._refused.inc()

    def render(self) -> bytes:
        """Write everything in the text format."""
        return generate_latest(self._registry)
