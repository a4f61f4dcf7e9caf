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
        self._revision = Gauge(
            "lora_screening_record_revision", "Revision of the record's sets in force.", registry=self._registry
        )
        self._left_out = Gauge(
            "lora_screening_references_left_out",
            "References of active sets that are not searched, since they cannot be read.",
            registry=self._registry,
        )
        self._refused = Counter(
            "lora_screening_snapshots_refused",
            "Published snapshots that could not be taken into use.",
            registry=self._registry,
        )

        self._unkept = Counter(
            "lora_screening_pictures_unkept",
            "Screenings of which pictures could not be written to the blob store.",
            registry=self._registry,
        )

        self._unstamped = Counter(
            "lora_screening_time_stamps_failed",
            "Attempts to have a seal of the audit log stamped that failed.",
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

    def set_generation(self, generation: str, left_out: int) -> None:
        """Note the generation in force, such as `000007` or `000007+12`, and what could not be read for it."""
        number, _, revision = generation.partition("+")
        self._generation.set(int(number) if number.isdigit() else 0)
        self._revision.set(int(revision) if revision.isdigit() else 0)
        self._left_out.set(left_out)

    @property
    def references_left_out(self) -> int:
        """References of active sets that are not searched for, as they could not be read."""
        return int(self._registry.get_sample_value("lora_screening_references_left_out") or 0)

    def count_refusal(self) -> None:
        """Count a snapshot that could not be taken into use."""
        self._refused.inc()

    def count_unkept(self) -> None:
        """Count a screening of which pictures could not be kept."""
        self._unkept.inc()

    def count_stamp_failure(self) -> None:
        """Count a seal that could not be stamped; it is tried again."""
        self._unstamped.inc()

    def render(self) -> bytes:
        """Write everything in the text format."""
        return generate_latest(self._registry)
