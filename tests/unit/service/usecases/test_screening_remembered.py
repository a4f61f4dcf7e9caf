"""Screenings are remembered: the same request gives the same answer, and what was accepted is answered."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from service.domain.errors import (
    IdempotencyConflict,
    NotFound,
    NothingToScreen,
    Overloaded,
)
from service.usecases.screening import Request
from tests.fakes import FixedClock
from tests.unit.service.domain.facts import context
from tests.unit.service.usecases.screening_bench import EXACT, bench_of, upload_of


class TestIdempotency:
    def test_the_same_key_and_request_give_the_first_answer_again(self) -> None:
        bench = bench_of({"a.png": [EXACT]})
        first = bench.screening.answer(upload_of("a.png"), Request("s", "k"))
        assert bench.screening.answer(upload_of("a.png"), Request("s", "k")) == first

    def test_the_same_key_and_another_request_conflict(self) -> None:
        bench = bench_of()
        bench.screening.answer(upload_of("a.png"), Request("s", "k"))
        for job in (bench.screening.answer, bench.screening.accept):
            with pytest.raises(IdempotencyConflict, match="'k'"):
                job(upload_of("b.png"), Request("other", "k"))

    def test_without_a_key_every_request_is_screened(self) -> None:
        bench = bench_of()
        ids = {bench.screening.answer(upload_of("a.png"), Request("s"))["screening_id"] for _ in range(3)}
        assert len(ids) == 3

    def test_keys_of_two_platforms_do_not_meet(self) -> None:
        bench = bench_of()
        bench.screening.answer(upload_of("a.png"), Request("s", "k"))
        elsewhere = upload_of("b.png", context=context(platform="bazaar"))
        assert bench.screening.answer(elsewhere, Request("other", "k"))["verdict"] == "allow"

    def test_two_requests_at_once_get_one_answer(self) -> None:
        together = threading.Barrier(2, timeout=10)
        bench = bench_of({"a.png": [EXACT]}, before=together.wait)
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(bench.screening.answer, upload_of("a.png"), Request("s", "k")) for _ in range(2)]
            first, second = (job.result() for job in jobs)
        assert first == second
        assert bench.screening.find(first["screening_id"], "atelier").answer == first

    def test_two_requests_at_once_with_other_content_conflict(self) -> None:
        together = threading.Barrier(2, timeout=10)
        bench = bench_of(before=together.wait)
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(bench.screening.answer, upload_of("a.png"), Request(sha, "k")) for sha in "ab"]
            failures = [job.exception() for job in jobs]
        assert sorted(type(error) for error in failures if error) == [IdempotencyConflict]

    def test_an_upload_accepted_twice_is_one(self) -> None:
        bench = bench_of()
        first, new = bench.screening.accept(upload_of("a.png"), Request("s", "k"))
        assert new
        assert bench.screening.accept(upload_of("a.png"), Request("s", "k")) == (first, False)

    def test_an_answer_to_what_waits_already_is_kept_under_its_id(self) -> None:
        bench = bench_of()
        waiting, _ = bench.screening.accept(upload_of("a.png"), Request("s", "k"))
        answer = bench.screening.answer(upload_of("a.png"), Request("s", "k"))
        assert answer["screening_id"] == waiting
        assert bench.screening.find(waiting, "atelier").answer == answer


class TestLater:
    def test_what_was_accepted_is_completed_under_its_id(self) -> None:
        bench = bench_of({"a.png": [EXACT]})
        waiting, _ = bench.screening.accept(upload_of("a.png"), Request("s"))
        assert bench.screening.find(waiting, "atelier").answer is None
        bench.screening.complete(upload_of("a.png"), waiting)
        answer = bench.screening.find(waiting, "atelier").answer
        assert answer is not None
        assert (answer["screening_id"], answer["verdict"]) == (waiting, "block")

    @pytest.mark.parametrize("failure", [RuntimeError("gone"), Overloaded("full"), MemoryError()], ids=repr)
    def test_an_internal_failure_is_remembered_as_review(self, failure: Exception) -> None:
        def fail() -> None:
            raise failure

        bench = bench_of(before=fail)
        waiting, _ = bench.screening.accept(upload_of("a.png"), Request("s"))
        answer = bench.screening.complete(upload_of("a.png"), waiting)
        assert answer["verdict"] == "review"
        assert answer["not_screened"] == [{"source": "upload", "reason": f"internal_failure: {type(failure).__name__}"}]
        assert answer["case_id"]
        assert bench.screening.find(waiting, "atelier").answer == answer

    def test_an_answer_to_what_was_not_screened_has_every_field_of_one_that_was(self) -> None:
        bench = bench_of({"a.png": [EXACT]})
        waiting, _ = bench.screening.accept(upload_of("a.png"), Request("s"))
        bench.screening.close_interrupted()
        unscreened = bench.screening.find(waiting, None).answer
        assert unscreened is not None
        assert set(unscreened) == set(bench.screening.answer(upload_of("a.png"), Request("s")))

    def test_what_a_restart_interrupted_is_closed_as_review(self) -> None:
        bench = bench_of()
        waiting, _ = bench.screening.accept(upload_of("a.png"), Request("s"))
        done = bench.screening.answer(upload_of("a.png"), Request("t"))
        assert bench.screening.close_interrupted() == 1
        assert bench.screening.close_interrupted() == 0
        answer = bench.screening.find(waiting, "atelier").answer
        assert answer is not None
        assert answer["verdict"] == "review"
        assert answer["not_screened"][0]["reason"].startswith("interrupted:")
        assert bench.screening.find(done["screening_id"], "atelier").answer == done

    def test_what_another_process_may_still_be_working_on_is_left_to_it(self) -> None:
        clock = FixedClock()
        bench = bench_of(clock=clock)
        waiting, _ = bench.screening.accept(upload_of("a.png"), Request("s"))
        assert bench.screening.close_interrupted(timedelta(minutes=20)) == 0
        clock.time += timedelta(minutes=20)
        assert bench.screening.close_interrupted(timedelta(minutes=20)) == 1
        assert bench.screening.find(waiting, "atelier").answer is not None

    def test_an_upload_of_nothing_is_not_accepted(self) -> None:
        with pytest.raises(NothingToScreen):
            bench_of().screening.accept(upload_of(), Request("s"))


def test_a_platform_finds_its_own_screenings_alone() -> None:
    bench = bench_of()
    given = bench.screening.answer(upload_of("a.png"), Request("s"))
    assert bench.screening.find(given["screening_id"], None).answer == given
    assert [item.answer for item in bench.screening.find_all("m-1", "atelier")] == [given]
    assert bench.screening.find_all("m-1", "bazaar") == []
    for wrong in ((given["screening_id"], "bazaar"), ("scr_none", "atelier")):
        with pytest.raises(NotFound):
            bench.screening.find(*wrong)
