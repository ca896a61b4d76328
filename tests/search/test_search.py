"""A search chooses on validation data, goes on where it was, and gives no trial up without a reason."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from small_runs import small_overrides

from spectral_bench.config.search_space import SearchedRange, SearchedWords, search_space
from spectral_bench.errors import InputError, LockedError, SpectralBenchError
from spectral_bench.launch.launchers.serial import SerialConfig, SerialLauncher
from spectral_bench.launch.point import Point
from spectral_bench.launch.worker import PointResult, PointState, Treatment
from spectral_bench.search.study import (
    ENDING,
    Sampler,
    SearchPlan,
    asked,
    check_metric,
    open_study,
    study_file,
    trials_of,
)
from spectral_bench.search.trials import Compose, Trial, search
from spectral_bench.training.stop import Stop

SPACE = ("optimizer.lr=tag(log,interval(1e-4,1e-1))", "r=0.01,0.1")


def train(points: Sequence[Point]) -> Iterator[PointResult]:
    return SerialLauncher(SerialConfig("serial")).run(points, Treatment(), Stop())


def plan_of(results: Path, *overrides: str, trials: int = 3, sampler: Sampler = Sampler.random) -> SearchPlan:
    space = search_space(small_overrides(results, *overrides))
    return SearchPlan(space, frozenset(), sampler, "validation", "max", trials, at_once=1, seed=0, prune=False)


def made(plan: SearchPlan, results: Path) -> list[Trial]:
    return list(search(plan, results, Compose(), train))


def test_the_space_is_written_in_hydras_grammar() -> None:
    space = search_space(
        ["optimizer.lr=tag(log,interval(1e-4,1e-2))", "model.hidden_size=int(interval(4,64))", "model=rnn,lstm",
         "train.batch_size=range(16,64,16)", "seed=1,2", "r=0.1"]
    )  # fmt: skip
    assert space.dimensions == (
        SearchedRange("optimizer.lr", 1e-4, 1e-2, log=True, whole=False),
        SearchedRange("model.hidden_size", 4, 64, log=False, whole=True),
        SearchedWords("model", ("rnn", "lstm")),
        SearchedWords("train.batch_size", ("16", "32", "48")),
    )
    assert space.fixed == ("seed=1,2", "r=0.1")
    chosen = {"optimizer.lr": 0.00123456, "model.hidden_size": 7, "model": "rnn", "train.batch_size": "32"}
    assert space.overrides(chosen)[2:] == [
        "optimizer.lr=0.001235", "model.hidden_size=7", "model=rnn", "train.batch_size=32"
    ]  # fmt: skip


def test_a_key_for_one_model_alone_is_chosen_in_its_trials_and_takes_the_place_of_what_all_have() -> None:
    space = search_space(
        ["r=0.1,0.2", "model=rnn,svdrnn,ornn", "svdrnn:r=interval(0.3,0.4)", "ornn:model.m=3", "seed=1,2"]
    )
    assert [one.key for one in space.dimensions] == ["model", "r", "svdrnn:r"]

    def applying(model: str) -> list[str]:
        return [one.key for one in space.dimensions if space.applies(one, {"model": model})]

    assert [applying(model) for model in ("rnn", "svdrnn")] == [["model", "r"], ["model", "svdrnn:r"]]
    assert space.overrides({"model": "svdrnn", "svdrnn:r": 0.35}) == ["seed=1,2", "model=svdrnn", "r=0.35"]
    assert space.corners() == [
        ["seed=1,2", "model=rnn", "r=0.1"],
        ["seed=1,2", "model=svdrnn", "r=0.3"],
        ["seed=1,2", "ornn:model.m=3", "model=ornn", "r=0.1"],
    ]
    assert space.corners_of_other_words() == [
        ["seed=1,2", "model=rnn", "r=0.2"],
        ["seed=1,2", "ornn:model.m=3", "model=ornn", "r=0.2"],
    ]


def test_trials_of_two_models_have_keys_of_their_own(tmp_path: Path) -> None:
    of_svdrnn = ("svdrnn:r=interval(0.1,0.2)", "svdrnn:model.m1=2", "svdrnn:model.m2=2")
    small = small_overrides(tmp_path, *of_svdrnn, "rnn:model.activation=relu", model="rnn")
    typed = ["model=rnn,svdrnn", *(text for text in small if text != "model=rnn")]
    plan = replace(plan_of(tmp_path, *SPACE, trials=6), space=search_space(typed))
    trials = made(plan, tmp_path)
    assert {trial.ending for trial in trials} == {"done"}
    keys = {tuple(text.partition("=")[0] for text in trial.chosen) for trial in trials}
    assert keys == {("model",), ("model", "r")}
    configs = {path.parent.parent.name: path.read_text() for path in tmp_path.rglob("config.yaml")}
    assert ["activation: relu" in configs[model] for model in ("rnn", "svdrnn")] == [True, False]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["r=0.1"], "Nothing to search"),
        (["model=rnn,svdrnn", "ornn:model.m=3,4"], "no trial of the search has model=ornn"),
        (["model=rnn", "svdrnn:r=0.1,0.2"], "no trial of the search has model=svdrnn"),
        (["r=0.1,0.2", "svdrn:r=0.1"], "svdrnn"),
        (["r=interval(1,0)"], "smaller end first"),
        (["r=interval(a,b)"], "expected two numbers"),
        (["r=interval(0,1e999)"], "expected ends within"),
        (["model.hidden_size=int(interval(1,99999999999999999999))"], "expected ends within"),
        (["r=tag(log,interval(0,1))"], "begins above 0"),
        (["r=tag(lug,interval(0,1))"], "unknown tag 'lug'"),
        (["r=0.1,0.2", "r=interval(0,1)"], "r is typed twice"),
        (["r=0.5", "r=0.1,0.2"], "r is typed twice, 'r=0.5' and 'r=0.1,0.2'"),
        (["svdrnn:r=0.5", "svdrnn:r=0.1,0.2"], "svdrnn:r is typed twice, 'svdrnn:r=0.5' and 'svdrnn:r=0.1,0.2'"),
        (["svdrnn:seed=1,2", "r=0.1,0.2"], "judged by different seeds"),
        (["experiment=scornn_copy,copy_200", "svdrnn:r=0.1,0.2"], "search the model, or one preset"),
        (["r=0.1,0.2", "seed=interval(0,1)"], "list the seeds"),
    ],
)
def test_a_space_that_makes_no_sense_is_refused(typed: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        search_space(typed)


@pytest.mark.parametrize("value", [0.9, 0.912345678, 0.99997, 0.999989999, 0.99999])
def test_a_chosen_number_stays_in_its_range_and_near_what_was_chosen(value: float) -> None:
    typed = SearchedRange("optimizer.beta2", 0.9, 0.99999, log=False, whole=False).typed(value)
    rounded = float(typed.partition("=")[2])
    assert 0.9 <= rounded <= 0.99999
    assert abs(rounded - value) <= 1e-5


@pytest.mark.parametrize("metric", ["test", "test_at_best", "loss_test"])
def test_nothing_is_chosen_on_the_test_split(metric: str) -> None:
    with pytest.raises(InputError, match="never on the test split"):
        check_metric(metric)


@pytest.mark.parametrize("sampler", list(Sampler))
def test_a_search_goes_on_where_it_was_and_proposes_no_trial_twice(tmp_path: Path, sampler: Sampler) -> None:
    plan = plan_of(tmp_path, *SPACE, trials=2, sampler=sampler)
    first = made(plan, tmp_path)
    assert [(trial.number, trial.ending) for trial in first] == [(0, "done"), (1, "done")]
    assert made(plan, tmp_path) == []
    more = made(replace(plan, trials=4), tmp_path)
    assert [trial.number for trial in more] == [2, 3]
    assert len({trial.chosen for trial in first + more}) == 4
    assert len(list(tmp_path.glob("copy/svdrnn/*"))) == 4
    assert [trial.chosen for trial in made(replace(plan, trials=2), tmp_path / "elsewhere")] == [
        trial.chosen for trial in first
    ]


def test_a_trial_is_judged_by_the_mean_over_its_seeds_and_a_known_training_is_not_made_again(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "optimizer.lr=1e-3,0.1", "seed=1,2", trials=6)
    trials = made(plan, tmp_path)
    assert len({trial.value for trial in trials}) == len({trial.chosen for trial in trials}) == 2
    assert len(list(tmp_path.glob("copy/svdrnn/*"))) == 4


def test_a_trial_that_was_stopped_is_the_first_of_the_next_call(tmp_path: Path) -> None:
    def stopped(points: Sequence[Point]) -> Iterator[PointResult]:
        yield from (PointResult(point.name, "not reached") for point in points)

    plan = plan_of(tmp_path, *SPACE, trials=2)
    (open_trial,) = search(plan, tmp_path, Compose(), stopped)
    assert open_trial.ending == "stopped"
    assert made(plan, tmp_path)[0].chosen == open_trial.chosen


def ending(state: PointState, cause: str | None = None) -> Callable[[Sequence[Point]], Iterator[PointResult]]:
    """A launcher in which every training ends in this way."""
    return lambda points: (PointResult(point.name, state, stop_cause=cause) for point in points)


@pytest.mark.parametrize(("state", "cause"), [("stopped", "train.max_minutes"), ("running elsewhere", None)])
def test_a_training_that_ends_early_by_no_signal_ends_no_search(
    tmp_path: Path, state: PointState, cause: str | None
) -> None:
    plan = plan_of(tmp_path, *SPACE, trials=3)
    trials = list(search(plan, tmp_path, Compose(), ending(state, cause)))
    assert [trial.ending for trial in trials] == ["unfinished"] * 3


def test_a_signal_ends_a_search(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, *SPACE, trials=3)
    trials = list(search(plan, tmp_path, Compose(), ending("stopped", "SIGTERM")))
    assert [trial.ending for trial in trials] == ["stopped"]


def test_a_first_trial_that_fails_ends_no_search(tmp_path: Path) -> None:
    begun: list[Point] = []

    def failing_first(points: Sequence[Point]) -> Iterator[PointResult]:
        begun.extend(points)
        yield from ending("failed")(points) if len(begun) == 1 else train(points)

    trials = list(search(plan_of(tmp_path, *SPACE), tmp_path, Compose(), failing_first))
    assert [trial.ending for trial in trials] == ["failed", "done", "done"]


def test_one_process_at_a_time_searches_in_a_study(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, *SPACE, trials=2)
    first = search(plan, tmp_path, Compose(), train)
    assert next(first).ending == "done"
    with pytest.raises(LockedError, match="another process is at work on this search"):
        made(plan, tmp_path)
    assert len(trials_of(plan, study_file(tmp_path, plan))) == 1  # reading disturbs nobody
    assert [trial.ending for trial in first] == ["done"]
    assert made(plan, tmp_path) == []


def test_a_trial_whose_process_died_before_its_value_was_written_is_made_again(tmp_path: Path) -> None:
    plan, file = plan_of(tmp_path, *SPACE, trials=1), study_file(tmp_path, plan_of(tmp_path, *SPACE))
    file.parent.mkdir()
    trial, _ = asked(open_study(plan, file), plan)
    trial.set_user_attr(ENDING, "done")
    assert trials_of(plan, file) == []
    (again,) = made(plan, tmp_path)
    assert (again.number, again.ending) == (1, "done")
    assert [known.value for known in trials_of(plan, file)] == [again.value]


def test_a_training_that_diverges_is_worse_than_any_and_ends_no_search(tmp_path: Path) -> None:
    explosive = ("optimizer=sgd", "model.activation=identity", "train.steps=30", "optimizer.lr=1e30,1e-3")
    space = search_space(small_overrides(tmp_path, *explosive, model="rnn"))
    plan = SearchPlan(space, frozenset(), Sampler.optuna, "validation", "max", 6, at_once=2, seed=0, prune=False)
    endings = {trial.chosen[0]: trial.ending for trial in made(plan, tmp_path)}
    assert endings == {"optimizer.lr=1e+30": "worse", "optimizer.lr=0.001": "done"}


def test_measurements_of_a_trial_are_in_its_study_and_a_hopeless_one_is_stopped(tmp_path: Path) -> None:
    plan = replace(plan_of(tmp_path, "optimizer.lr=tag(log,interval(1e-5,1e-1))", trials=14), prune=True)
    trials = made(plan, tmp_path)
    endings = [trial.ending for trial in trials]
    assert endings[:5] == ["done"] * 5
    assert "pruned" in endings
    assert [trial.ended for trial in trials] == list(range(1, 15))  # a pruned one has come to its end, too
    assert {trial.steps for trial in trials if trial.ending == "pruned"} <= {5, 10}
    assert {trial.steps for trial in trials if trial.ending != "pruned"} == {None}
    with sqlite3.connect(study_file(tmp_path, plan)) as study:
        steps = {step for (step,) in study.execute("SELECT DISTINCT step FROM trial_intermediate_values")}
    assert steps == {5, 10, 12}


def test_a_search_none_of_whose_trials_can_be_trained_says_why(tmp_path: Path) -> None:
    def failing(points: Sequence[Point]) -> Iterator[PointResult]:
        yield from (PointResult(point.name, "failed", message="no such disk", exit_code=1) for point in points)

    with pytest.raises(SpectralBenchError, match="no such disk"):
        list(search(plan_of(tmp_path, *SPACE), tmp_path, Compose(), failing))
