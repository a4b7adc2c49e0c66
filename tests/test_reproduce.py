"""Trainings over seeds: each is kept as soon as it ends, whatever the others do."""

import threading

import pytest
from reproduce import read_runs, run_all


def run_of(seed):
    return {"variant": "1998", "recipe": "best", "images": 60_000, "seed": seed}


def test_a_run_that_ends_first_is_written_first(tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    file, second_is_written = tmp_path / "runs.json", threading.Event()

    def process(seed):
        assert seed == 1 or second_is_written.wait(10)
        return run_of(seed)

    done = []
    for run in run_all(process, [0, 1], done, file):
        if run["seed"] == 1:
            assert read_runs(file) == [run]
            second_is_written.set()
    assert read_runs(file) == done == [run_of(0), run_of(1)]


def test_where_one_fails_what_ended_is_kept_and_no_other_begins(tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    file, begun = tmp_path / "runs.json", []

    def process(seed):
        begun.append(seed)
        if seed == 1:
            raise RuntimeError("out of memory")
        if seed > 1:
            threading.Event().wait(0.5)
        return run_of(seed)

    with pytest.raises(RuntimeError, match="out of memory"):
        list(run_all(process, range(6), [], file))
    assert read_runs(file) == [run_of(0)]
    assert len(begun) < 6


def test_a_run_takes_the_place_of_the_same(tmp_path):
    done = [run_of(0) | {"wrong": []}]
    list(run_all(lambda seed: run_of(seed) | {"wrong": [7]}, [0], done, tmp_path / "r"))
    assert done == [run_of(0) | {"wrong": [7]}]
