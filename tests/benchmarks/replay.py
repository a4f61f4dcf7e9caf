"""Time a replay of screenings as they are recorded, with 30 facts about 6 sets each, from an SQLite on disk.

    python -m tests.benchmarks.replay [--screenings 5000]

Every tenth has a decided case. The time within which a page is answered decides how many are replayed in the request
(service/console/workbench.py).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from indexer.model import Measure, Rate, Region
from service.adapters.memory import MemoryPolicies
from service.adapters.sql.case_history import SqlCaseHistory
from service.adapters.sql.case_queue import SqlCaseQueue
from service.adapters.sql.engine import open_database
from service.adapters.sql.reports import SqlBacklog
from service.adapters.sql.screening_history import SqlScreeningHistory
from service.adapters.sql.tables import cases, decisions, screenings
from service.bootstrap import policy_content
from service.domain.evidence import Evidence, EvidenceKind
from service.domain.upload import Trust
from service.domain.wording import Wording
from service.usecases import record
from service.usecases.record import Judged, KnownSet
from service.usecases.workbench import Workbench
from tests.cases import ANSWER, NOON, case, decision, finished
from tests.fakes import FixedClock
from tests.unit.service.domain.facts import context, owl

SETS = [f"set-{number}" for number in range(6)]
SAID = Wording(
    "image.png resembles images/01.png of “Amber owl”; about 1 in 3,400 would." * 2, "图片与参考图相似。" * 6
)


def recorded(number: int) -> Mapping[str, Any]:
    """Write a record whose facts differ a little from one to the next."""
    facts = tuple(_fact(number, place) for place in range(30))
    known = tuple(KnownSet(s.slug, s.title, s.work, s.fame, s.holder, ()) for s in map(owl, SETS))
    empty = record.write_unscreened(context(), [])
    judged = record._JUDGED.dump_python(Judged(context(pictures=8), facts, (), known), mode="json")
    texts = [{"source": f"model.tags[{n}]", "text": "night forest owl " * 30, "start": 0} for n in range(20)]
    return {**empty, "judged": judged, "texts": {"items": texts, "left_out": 0}}


def _fact(number: int, place: int) -> Evidence:
    rate = min(1.0, (place + 1) * (number % 97 + 1) / 20_000)
    measure = Measure("cosine", 0.87, Rate(rate, rate / 2, min(1.0, rate * 2), calibrated=True))
    kind = EvidenceKind.SAMPLE_AGREEMENT if place % 5 == 0 else EvidenceKind.CHARACTER_SIMILARITY
    region = Region(0.1, 0.1, 0.9, 0.9)
    source, slug = f"image:{place % 8}.png", SETS[place % 6]
    return Evidence(kind, source, slug, Trust.COMPUTED, SAID, "images/01.png", measure, region, region)


def fill(engine: sa.Engine, count: int) -> None:
    """Write finished screenings, in bulk."""
    answer = json.loads(json.dumps({**ANSWER, "evidence": [{"explanation": SAID.en, "zh": SAID.zh}] * 30}))
    rows, opened, made = [], [], []
    for number in range(count):
        rows.append(_row(number, answer))
        if number % 10 == 0:
            judged = decision(number)
            opened.append(case(number, decision=judged))
            made.append(judged)
    with engine.begin() as connection:
        connection.execute(screenings.insert(), rows)
        fields = ("id", "screening_id", "platform", "external_id", "uploader", "stage", "opened", "rank")
        connection.execute(
            cases.insert(),
            [
                {name: getattr(item, name) for name in fields}
                | {"origin": "review", "state": "decided", "decision_id": item.decision.id, "decided": NOON}
                for item in opened
                if item.decision
            ],
        )
        kept = ("id", "comment", "by", "at")
        connection.execute(
            decisions.insert(),
            [
                {name: getattr(item, name) for name in kept}
                | {"case_id": f"case_{item.id[4:]}", "kind": item.kind.value, "reason_code": item.reason_code.value}
                for item in made
            ],
        )


def _row(number: int, answer: Mapping[str, Any]) -> dict[str, Any]:
    left = replace(finished(), record=recorded(number))
    return {
        "id": f"scr_{number}",
        "platform": "atelier",
        "external_id": f"m-{number}",
        "created": NOON + timedelta(seconds=number),
        "request_sha256": "0" * 64,
        "answer": answer,
        "uploader": left.uploader,
        "stage": left.stage,
        "verdict": "review",
        "shadow": False,
        "policy_version": "x",
        "record": left.record,
    }


def main() -> None:
    """Fill a database, replay, and print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--screenings", type=int, default=5_000)
    count = parser.parse_args().screenings
    shipped = policy_content(None)
    laxer = {**shipped, "version": "x", "caps": {"block_at_fpr": 0.0001, "review_at_fpr": 0.001}}
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{Path(folder) / 'replay.db'}")
        fill(engine, count)
        size = len(json.dumps(recorded(1)))
        bench = Workbench(
            policies=MemoryPolicies(shipped),
            history=SqlScreeningHistory(engine),
            queue=SqlCaseQueue(engine),
            backlog=SqlBacklog(engine),
            clock=FixedClock(NOON),
            shipped=shipped,
        )
        assert SqlCaseHistory(engine).decisions("case_0")
        for last in (100, 1_000, count):
            started, processor = time.perf_counter(), time.process_time()
            told = bench.replay(laxer, last)
            wall, busy = time.perf_counter() - started, time.process_time() - processor
            print(f"{told.replayed:>6,} screenings of {size:,} bytes: {wall:.2f} s, {busy:.2f} s of a processor")  # noqa: T201
        engine.dispose()


if __name__ == "__main__":
    main()
