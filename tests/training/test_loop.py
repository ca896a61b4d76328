from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pytest
import torch
from small_runs import MODELS

from spectral_bench.errors import InputError
from spectral_bench.runs.session import Prepared
from spectral_bench.tasks.task import Baseline, Batch, Metric, Split
from spectral_bench.training.divergence import DivergedError
from spectral_bench.training.evaluation import Evaluation
from spectral_bench.training.observer import GradientNorms, Measurement, Observer, Plan, RunIdentity, Spectrum, Update
from spectral_bench.training.progress import Progress
from spectral_bench.training.stop import Stop
from spectral_bench.training.tracing import measure_spectrum

Build = Callable[..., Prepared]


class Diary(Observer):
    """Everything a training says, without its times."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []
        self.losses: list[float] = []
        self.measurements: list[Measurement] = []
        self.gradients: list[GradientNorms] = []
        self.spectra: list[Spectrum] = []
        self.checkpoints: dict[int, dict[str, Any]] = {}

    def on_start(self, plan: Plan, run: RunIdentity) -> None:
        self.plans.append(plan)

    def on_update(self, update: Update) -> None:
        self.losses.append(update.loss)

    def on_measurement(self, measurement: Measurement) -> None:
        self.measurements.append(replace(measurement, samples_per_second=0.0, wall_seconds=0.0))

    def on_gradients(self, norms: GradientNorms) -> None:
        self.gradients.append(norms)

    def on_spectrum(self, spectrum: Spectrum) -> None:
        self.spectra.append(spectrum)

    def on_checkpoint(self, step: int, state: Mapping[str, Any]) -> None:
        self.checkpoints[step] = deepcopy(dict(state))


def same_weights(one: Prepared, other: Prepared) -> bool:
    pairs = zip(one.model.state_dict().values(), other.model.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_the_same_seed_gives_the_same_training_and_another_seed_another(prepared: Build) -> None:
    diaries = []
    for seed in (1, 1, 2):
        diary = Diary()
        prepared(f"seed={seed}").trainer.run([diary])
        diaries.append(diary)
    assert diaries[0].losses == diaries[1].losses
    assert diaries[0].measurements == diaries[1].measurements
    assert diaries[0].losses != diaries[2].losses


def test_observers_change_nothing(prepared: Build) -> None:
    watched, alone = prepared(), prepared("trace.gradients=false", "trace.spectrum=false")
    watched.trainer.run([Diary()])
    alone.trainer.run()
    assert same_weights(watched, alone)


@pytest.mark.parametrize("model", MODELS)
def test_a_training_that_goes_on_from_a_checkpoint_ends_like_one_never_interrupted(prepared: Build, model: str) -> None:
    options = ["train.checkpoint_every=3", "model.num_layers=2", "model.dropout=0.3"]
    whole, diary = prepared(*options, model=model), Diary()
    outcome = whole.trainer.run([diary])

    resumed, rest = prepared(*options, model=model), Diary()
    torch.manual_seed(987)
    resumed.trainer.load_state_dict(diary.checkpoints[6])
    assert resumed.trainer.run([rest]).test.metric == outcome.test.metric
    assert diary.losses[6:] == rest.losses
    assert [m for m in diary.measurements if m.step > 6] == rest.measurements
    assert same_weights(whole, resumed)


def test_measurements_come_when_asked_for_and_the_test_split_is_read_once_at_the_end(prepared: Build) -> None:
    diary = Diary()
    prepared().trainer.run([diary])
    seen = [(m.step, m.split) for m in diary.measurements]
    assert seen == [
        *((5, "train"), (5, "validation"), (10, "train"), (10, "validation")),
        *((12, "train"), (12, "validation"), (12, "test")),
    ]


def test_traces_are_labelled_by_the_updates_made_before_them_and_include_both_ends(prepared: Build) -> None:
    diary = Diary()
    prepared().trainer.run([diary])
    assert [trace.step for trace in diary.gradients] == [0, 4, 8, 12]
    assert [spectrum.step for spectrum in diary.spectra] == [0, 4, 8, 12]


# What lru reads out is no part of the state it traces: tests/nn/test_rivals.py.
@pytest.mark.parametrize("model", [model for model in MODELS if model != "lru"])
def test_gradient_norms_are_those_of_each_sequences_own_loss(prepared: Build, model: str) -> None:
    """Against finite differences' big sister: autograd of each sequence alone, one sequence at a time."""
    ready, diary = prepared("train.steps=1", "trace.of=all", "model.num_layers=1", model=model), Diary()
    net, task = deepcopy(ready.model), ready.task
    ready.trainer.run([diary])
    batch = task.train_batch(0, 5, seed=0)
    layer = net.stack.layers[0]
    expected = []
    for b in range(5):
        x_TBD, target = batch.inputs[:, b : b + 1], batch.targets[:, b : b + 1]
        state = layer(x_TBD)[1]
        h = [torch.zeros_like(part, requires_grad=True) for part in state]
        states = [tuple(h)]
        for t in range(x_TBD.shape[0]):
            # Views, for within a step one part may be made of another, and that path counts for the other alone.
            states.append(tuple(part.view_as(part) for part in layer(x_TBD[t : t + 1], states[-1])[1]))
            for part in states[-1]:
                part.retain_grad()
        outputs = net.readout(torch.stack([s[0] for s in states[1:]]))
        task.losses(outputs, target).sum().backward()
        gradients = [[part.grad.norm() for part in s if part.grad is not None] for s in states]
        expected.append([float(torch.stack(parts).norm()) for parts in gradients])
    np.testing.assert_allclose(diary.gradients[0].by_layer[0], np.mean(expected, axis=0), rtol=1e-4)


def test_gradient_norms_do_not_depend_on_the_batch_size(prepared: Build) -> None:
    """A batch twice over has the same mean loss and the same norms."""
    ready = prepared("train.steps=1")
    task = ready.task
    once = task.train_batch(0, 5, seed=0)
    norms = []
    for copies in (1, 2):
        diary = Diary()
        run = prepared("train.steps=1")
        inputs, targets = once.inputs.repeat(1, copies, 1), once.targets.repeat(1, copies)
        run.task.train_batch = lambda *_, i=inputs, t=targets, **__: replace(once, inputs=i, targets=t)  # type: ignore[method-assign]
        run.trainer.run([diary])
        norms.append(diary.gradients[0].by_layer[0])
    np.testing.assert_allclose(norms[0], norms[1], rtol=1e-5)


def test_a_loss_that_is_not_finite_stops_the_training_before_the_weights_are_touched(prepared: Build) -> None:
    ready = prepared()
    task, original = ready.task, ready.task.losses

    def poisoned(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return original(outputs, targets) * (float("nan") if ready.trainer.progress.step == 3 else 1.0)

    task.losses = poisoned  # type: ignore[method-assign]
    with pytest.raises(DivergedError, match="step 4: the loss is nan"):
        ready.trainer.run()
    assert ready.trainer.progress.step == 3
    assert all(torch.isfinite(weight).all() for weight in ready.model.state_dict().values())


def test_a_training_that_explodes_is_stopped(prepared: Build) -> None:
    options = ["model.activation=identity", "model.start=glorot", "optimizer=sgd", "optimizer.lr=1e6"]
    with pytest.raises(DivergedError, match=r"diverged at step \d+: the (loss|gradient norm|norm of the weights) is"):
        prepared("train.steps=500", *options, model="rnn").trainer.run()


def poison(ready: Prepared, at_step: int) -> None:
    """Make the loss of the update after ``at_step`` NaN."""
    original = ready.task.losses

    def poisoned(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        training = torch.is_grad_enabled() and ready.trainer.progress.step == at_step
        return original(outputs, targets) * (float("nan") if training else 1.0)

    ready.task.losses = poisoned  # type: ignore[method-assign]


def test_an_update_that_is_not_finite_can_be_skipped(prepared: Build) -> None:
    ready, diary = prepared("train.on_divergence=skip_update", "train.evaluate_every=1"), Diary()
    poison(ready, at_step=3)
    outcome = ready.trainer.run([diary])
    assert outcome is not None
    assert (outcome.progress.step, outcome.progress.not_finite) == (12, 1)
    validation = [m.loss for m in diary.measurements if m.split == "validation"]
    assert validation[2] == validation[3]
    assert validation[3] != validation[4]
    assert np.isfinite(validation).all()


def test_an_update_that_is_not_finite_can_be_made_all_the_same(prepared: Build) -> None:
    ready, diary = prepared("train.on_divergence=continue", "train.evaluate_every=1"), Diary()
    poison(ready, at_step=3)
    outcome = ready.trainer.run([diary])
    assert outcome is not None
    assert outcome.progress.not_finite == 9
    assert [np.isfinite(m.loss) for m in diary.measurements if m.split == "validation"] == [True] * 3 + [False] * 9


def test_a_hidden_state_that_is_not_finite_stops_the_training(prepared: Build) -> None:
    ready = prepared(model="rnn")
    original = ready.trainer.model.forward

    def overflowing(*arguments: Any) -> Any:
        outputs, state = original(*arguments)
        return outputs, [tuple(part * float("inf") for part in layer) for layer in state]

    ready.trainer.model.forward = overflowing  # type: ignore[method-assign]
    with pytest.raises(DivergedError, match=r"step 1: the largest hidden state is (inf|nan)"):
        ready.trainer.run()


def test_a_training_stops_after_the_update_it_is_at_with_a_checkpoint(prepared: Build) -> None:
    ready, diary, stop = prepared("train.checkpoint_every=5"), Diary(), Stop()
    diary.on_update = lambda update: stop.ask("SIGTERM") if update.step == 7 else None  # type: ignore[method-assign]
    assert ready.trainer.run([diary], stop) is None
    assert list(diary.checkpoints) == [5, 7]


def test_a_sitting_of_no_length_makes_one_update(prepared: Build) -> None:
    ready, stop = prepared("train.max_minutes=1e-9"), Stop()
    assert ready.trainer.run([], stop) is None
    assert (ready.trainer.progress.step, stop.cause) == (1, "train.max_minutes")


@pytest.mark.parametrize(
    ("overrides", "seconds"),
    [
        (["trace.every=4"], 1.0),
        (["trace.every=4", "trace.gradients=false"], 1.0),
        (["trace.every=1"], 100.0),  # none is without
        (["train.steps=1"], 100.0),
    ],
)
def test_the_time_of_an_update_is_that_of_updates_that_are_not_traced(
    prepared: Build, monkeypatch: pytest.MonkeyPatch, overrides: list[str], seconds: float
) -> None:
    ready, clock = prepared(*overrides), [0.0]
    backward = ready.trainer._backward

    def timed(batch: Batch, *, traced: bool) -> tuple[torch.Tensor, torch.Tensor]:
        clock[0] += 100.0 if traced else 1.0
        return backward(batch, traced=traced)

    monkeypatch.setattr(ready.trainer, "_backward", timed)
    monkeypatch.setattr("spectral_bench.training.loop.time", SimpleNamespace(perf_counter=lambda: clock[0]))
    assert ready.trainer.run().progress.seconds_per_update == seconds


def test_a_checkpoint_of_an_earlier_version_has_timed_every_update() -> None:
    progress = Progress()
    progress.load_state_dict({"step": 10, "update_seconds": 20.0})
    assert progress.seconds_per_update == 2.0


def test_a_training_that_was_over_is_not_measured_on_validation_data_again(prepared: Build) -> None:
    whole, diary = prepared("train.evaluate_every=4"), Diary()
    whole.trainer.run([diary])
    resumed, rest = prepared("train.evaluate_every=4"), Diary()
    resumed.trainer.load_state_dict(diary.checkpoints[12])
    looked: list[Split] = []
    batches = resumed.task.batches
    resumed.task.batches = lambda split, size: looked.append(split) or batches(split, size)  # type: ignore[method-assign, func-returns-value]
    resumed.trainer.run([rest])
    assert set(looked) == {"test"}


def test_patience_ends_a_training_that_no_longer_improves(prepared: Build) -> None:
    ready = prepared("train.patience=2", "train.evaluate_every=1", "train.steps=500", "optimizer.lr=1e-12")
    outcome = ready.trainer.run()
    assert outcome.reason == "no improvement"
    assert outcome.progress.step == 3
    assert outcome.progress.best_step == 1


def test_the_best_weights_are_tested_and_the_last_ones_kept(prepared: Build) -> None:
    ready = prepared("train.steps=40", "train.evaluate_every=1", "optimizer.lr=0.3")
    diary = Diary()
    outcome = ready.trainer.run([diary])
    assert outcome.progress.best_step is not None
    assert outcome.progress.best_step < 40
    assert outcome.progress.best_validation is not None
    assert outcome.progress.best_validation > [m for m in diary.measurements if m.split == "validation"][-1].metric
    assert ready.trainer._evaluate("test").metric == outcome.test.metric


def test_clipping_bounds_the_step_of_plain_gradient_descent(prepared: Build) -> None:
    ready = prepared("optimizer=sgd", "optimizer.momentum=0", "optimizer.lr=1", "train.clip_norm=1e-3", model="rnn")
    before = torch.cat([p.detach().flatten().clone() for p in ready.model.parameters()])
    ready.trainer.update()
    after = torch.cat([p.detach().flatten() for p in ready.model.parameters()])
    assert float((after - before).norm()) == pytest.approx(1e-3, rel=1e-3)


def test_epochs_alone_are_refused_where_the_data_never_ends(prepared: Build) -> None:
    with pytest.raises(InputError, match=r"train\.epochs=2 does not end this training"):
        prepared("train.steps=null", "train.epochs=2")


def test_a_learning_rate_that_would_never_decay_is_refused(prepared: Build) -> None:
    with pytest.raises(InputError, match=r"optimizer\.lr_decay=0\.9 would have no effect"):
        prepared("optimizer.lr_decay=0.9")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("task", ["addition", "copy"])  # less of the metric is better, more of it is better
def test_a_validation_metric_that_is_not_finite_is_never_the_best(prepared: Build, task: str, value: float) -> None:
    ready = prepared("train.evaluate_every=4", task=task)
    ready.task.metric_value = lambda loss, score: score if ready.trainer.progress.step == 8 else value  # type: ignore[method-assign]
    outcome = ready.trainer.run()
    assert outcome.progress.best_step == 8
    assert np.isfinite(outcome.progress.best_validation)


def test_a_validation_loss_that_is_not_finite_is_written_and_never_the_best(prepared: Build) -> None:
    ready, diary = prepared("train.evaluate_every=4"), Diary()
    original = ready.task.batches

    def poisoned(split: Split, batch_size: int) -> Iterator[Batch]:
        factor = float("nan") if ready.trainer.progress.step == 8 else 1.0
        for batch in original(split, batch_size):
            yield replace(batch, inputs=batch.inputs * factor)

    ready.task.batches = poisoned  # type: ignore[method-assign]
    outcome = ready.trainer.run([diary])
    losses = {m.step: m.loss for m in diary.measurements if m.split == "validation"}
    assert [step for step, loss in losses.items() if np.isnan(loss)] == [8]
    assert outcome.progress.best_step in (4, 12)


def test_the_penalty_of_free_singular_values_pulls_them_to_the_centre(prepared: Build) -> None:
    margins = []
    for penalty in (0, 1000):
        ready = prepared("model.map=free", f"model.penalty={penalty}", "optimizer.lr=0.01", "train.steps=60")
        diary = Diary()
        ready.trainer.run([diary])
        margins.append(diary.spectra[-1].margin)
    assert margins[1] < margins[0] / 2


def test_a_training_that_carries_on_past_divergence_traces_what_is_not_finite_as_such(prepared: Build) -> None:
    explosion = ["model.activation=identity", "optimizer=sgd", "optimizer.lr=1e20", "train.on_divergence=continue"]
    diary = Diary()
    prepared(*explosion, model="rnn").trainer.run([diary])
    assert np.isnan(diary.spectra[-1].margin)


@pytest.mark.parametrize(("right", "solved"), [(9899, False), (9900, True), (9901, True)])
def test_a_threshold_is_reached_whatever_the_last_bits_of_a_mean_are(
    prepared: Build, right: int, *, solved: bool
) -> None:
    ready = prepared()
    for metric in (right / 10_000, float(np.float32(right / 10_000)), right / 10_000 - 4e-8):
        progress = Progress(step=3)
        progress.record(ready.task, Evaluation(0.1, metric, 1000, 1.0))
        assert (progress.solved_at == 3) is solved


@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_negative_threshold_is_reached_by_its_own_value(prepared: Build, mode: Literal["min", "max"]) -> None:
    ready = prepared()
    ready.task.metric, ready.task.solved_at = Metric("gain", mode), -1.0
    progress = Progress(step=3)
    progress.record(ready.task, Evaluation(0.1, -1.0, 1000, 1.0))
    assert progress.solved_at == 3


def test_the_baseline_is_beaten_on_the_split_it_was_computed_on(prepared: Build) -> None:
    """A majority class that is commoner in validation than in test must not be beaten by naming it."""
    ready = prepared()
    ready.task.baseline = Baseline("metric", 0.2, 0.5, "majority")
    ready.trainer.progress.step = 7
    ready.trainer.progress.record(ready.task, Evaluation(loss=1.0, metric=0.5, samples=1, seconds=1.0))
    assert ready.trainer.progress.steps_to_beat_baseline is None
    ready.trainer.progress.record(ready.task, Evaluation(loss=1.0, metric=0.6, samples=1, seconds=1.0))
    assert ready.trainer.progress.steps_to_beat_baseline == 7


@pytest.mark.parametrize("override", ["optimizer.lr=1e38", "optimizer.weight_decay=1e39"])
@pytest.mark.parametrize("what", ["stop", "continue"])
def test_an_optimizer_whose_step_overflows_is_a_divergence(prepared: Build, override: str, what: str) -> None:
    with pytest.raises(DivergedError, match="diverged at step 1: the step of the optimizer is inf"):
        prepared(override, f"train.on_divergence={what}").trainer.run()


def test_the_spectral_margin_is_measured_from_the_models_own_centre(prepared: Build) -> None:
    spectrum = measure_spectrum(prepared("model=svdrnn", "model.centre=0", "r=0.1").model, 0)
    assert spectrum.margin is not None
    assert spectrum.margin <= 0.1 + 1e-6
