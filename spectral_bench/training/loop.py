"""The training loop: one for all models and all tasks.

Axes in names: T time, B batch, N hidden.
"""

import time
import warnings
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_, get_total_norm

from spectral_bench.config.load import resolved
from spectral_bench.config.schema import ExperimentConfig, OnDivergence
from spectral_bench.errors import InputError
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.model import Model, State
from spectral_bench.tasks.task import Batch, Split, Task
from spectral_bench.training.denormals import flushing_denormals
from spectral_bench.training.divergence import check_weights, non_finite, take_step
from spectral_bench.training.evaluation import Evaluation, RunningMean, evaluate, predict
from spectral_bench.training.length import measuring_interval, total_steps, tracing_interval
from spectral_bench.training.observer import Measurement, Observer, Plan, RunIdentity, Update
from spectral_bench.training.optimizers import build_optimizer, decay_rates
from spectral_bench.training.outcome import Outcome, Reason
from spectral_bench.training.progress import Progress
from spectral_bench.training.random_state import random_state, set_random_state
from spectral_bench.training.stop import Stop
from spectral_bench.training.tracing import mean_norms, measure_spectrum, traced_loss


class Trainer:
    """Trains one model on one task.

    The state after ``s`` updates is a function of configuration and seed: batches are drawn by step number, and
    ``state_dict`` holds everything else.

    Args:
        model: on any device; it is moved to ``device``.
        task: what to train on.
        config: ``train``, ``trace``, ``optimizer`` and ``seed`` are used.
        device: where to compute.

    Raises:
        InputError: ``train.epochs`` or ``optimizer.lr_decay`` for a task whose data never ends, or a batch
            larger than the data.
    """

    def __init__(
        self,
        model: Model,
        task: Task[Any],
        config: ExperimentConfig,
        device: torch.device,
    ) -> None:
        self.model = model.to(device)
        self.task = task
        self.config = config
        self.device = device
        self._observers: Sequence[Observer] = ()
        self.updates_per_epoch = task.updates_per_epoch(config.train.batch_size)
        if self.updates_per_epoch is None and config.optimizer.lr_decay != 1:
            raise InputError(
                f"optimizer.lr_decay={config.optimizer.lr_decay} would have no effect: the learning rate decays after "
                f"every epoch, and the data of task {config.task.name} is generated without end."
            )
        self.total_steps = total_steps(config, self.updates_per_epoch)
        self.evaluate_every = measuring_interval(config, self.updates_per_epoch)
        self.trace_every = tracing_interval(config, self.updates_per_epoch)
        self.optimizer = build_optimizer(config.optimizer, self.model)
        self.progress = Progress()
        self._parameters = [p for p in self.model.parameters() if p.requires_grad]
        self._carried: State | None = None
        self._since_measurement = RunningMean()
        self._seconds_since_measurement = 0.0
        self._best_weights: dict[str, Tensor] = {}
        self._session_began = 0.0
        self._warned_of_missing_norms = False

    def run(
        self, observers: Sequence[Observer] = (), stop: Stop | None = None, identity: RunIdentity | None = None
    ) -> Outcome | None:
        """Train to the end.

        End-of-run work (the last measurement, traces of the last weights, the test) follows the last checkpoint, so a
        run extended from it equals one planned longer.

        Args:
            observers: notified of every event, in this order.
            stop: checked after every update.
            identity: which run this is; None: one that is not saved.

        Returns:
            None when it was asked to stop, or ``train.max_minutes`` were over, before the end; a checkpoint was emitted
            first.

        Raises:
            DivergedError: a loss, gradient or state is no longer finite, and the weights are those before that update;
                or the weights are not finite.
        """
        self._observers = observers
        with flushing_denormals(self.config.train.flush_denormals):
            return self._run(stop or Stop(), identity)

    def _run(self, stop: Stop, identity: RunIdentity | None) -> Outcome | None:
        progress, train = self.progress, self.config.train
        self._emit_start(identity or RunIdentity(None, None, resolved(self.config)))  # its time is not the training's
        began = time.perf_counter()
        self._session_began = began - progress.wall_seconds
        first_step = progress.step
        while not self.complete:
            self.update()
            if progress.step % self.evaluate_every == 0:
                self._measure()
            if train.max_minutes is not None and time.perf_counter() - began >= 60 * train.max_minutes:
                stop.ask("train.max_minutes")
            if stop.cause is not None and not self.complete:
                self._emit_checkpoint()
                return None
            if progress.step % train.checkpoint_every == 0 and not self.complete:
                self._emit_checkpoint()
        if progress.step > first_step:
            self._emit_checkpoint()
        return self._end()

    @property
    def complete(self) -> bool:
        """Whether no update is left to make."""
        return self.progress.step >= self.total_steps or self._stopped_improving()

    def _end(self) -> Outcome:
        reason: Reason = "no improvement" if self._stopped_improving() else "finished"
        if self.progress.step % self.evaluate_every != 0:
            self._measure()
        self._trace_final_state()
        test, test_at_best = self._test()
        self._note_time()
        return Outcome(reason, self.progress, test, test_at_best)

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on bit for bit; tensors and plain values only."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": self.progress.state_dict(),
            "since_measurement": self._since_measurement.state_dict(),
            "seconds_since_measurement": self._seconds_since_measurement,
            "carried": self._carried,
            "best_weights": self._best_weights,
            "random": random_state(self.device),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict`` gave."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress.load_state_dict(state["progress"])
        self._since_measurement.load_state_dict(state["since_measurement"])
        self._seconds_since_measurement = state["seconds_since_measurement"]
        carried = state["carried"]
        self._carried = carried and [tuple(part.to(self.device) for part in layer) for layer in carried]
        self._best_weights = state["best_weights"]
        set_random_state(state["random"], self.device)

    # One update -----------------------------------------------------------------------------------------------------

    def update(self) -> None:
        """Make one update, and trace it if its turn has come."""
        step = self.progress.step
        batch = self._batch(step)
        if self.updates_per_epoch is not None:
            decay_rates(self.optimizer, self.config.optimizer.lr_decay, step // self.updates_per_epoch)
        trace = self._traced(step)
        if trace and self.config.trace.spectrum:
            self._emit_spectrum()

        traced = trace and self.config.trace.gradients
        start = time.perf_counter()
        losses, scores = self._backward(batch, traced=traced)
        loss, gradient_norm = losses.mean().item(), self._clip_gradients()
        diverged = non_finite(step + 1, loss, gradient_norm, self._carried)
        on_divergence = self.config.train.on_divergence
        self._note_time()
        if diverged is None or on_divergence is OnDivergence.carry_on:
            take_step(step + 1, self.optimizer)
            self.model.constrain_()
            self._since_measurement.add(loss, scores.mean().item(), self.task.weight(batch), batch.size)
        elif on_divergence is OnDivergence.stop:
            raise diverged
        else:
            self._carried = None
        seconds = time.perf_counter() - start

        self.progress.step += 1
        self.progress.not_finite += diverged is not None
        if not traced or self._traces_all:
            self.progress.timed_updates += 1
            self.progress.update_seconds += seconds
        self._seconds_since_measurement += seconds
        for observer in self._observers:
            observer.on_update(Update(self.progress.step, loss, seconds))

    def _backward(self, batch: Batch, *, traced: bool) -> tuple[Tensor, Tensor]:
        """Fill the gradients, and carry the state; returns each sequence's loss and score."""
        trace = GradientTrace() if traced else None
        outputs, losses, self._carried = self._gradients(batch, trace)
        if trace is not None:
            self._emit_gradients(trace, batch)
        return losses, self.task.scores(outputs, batch.targets)

    def _gradients(self, batch: Batch, trace: GradientTrace | None) -> tuple[Tensor, Tensor, State]:
        """Fill the gradients, and the trace; returns the outputs, each sequence's loss, and the state to carry."""
        self.optimizer.zero_grad(set_to_none=True)
        outputs, state = predict(self.model, batch, self._carried, trace)
        losses = self.task.losses(outputs, batch.targets)
        traced_alone = None if trace is None else traced_loss(self.task, outputs, batch.targets, self.config.trace)
        self._objective(losses).backward(retain_graph=traced_alone is not None)  # type: ignore[no-untyped-call]
        if trace is not None and traced_alone is not None:  # last: a trace keeps the norms of the last backward pass
            torch.autograd.grad(traced_alone, [*self._parameters, *trace.starts], allow_unused=True)
        return outputs.detach(), losses.detach(), [tuple(part.detach() for part in layer) for layer in state]

    def _objective(self, losses: Tensor) -> Tensor:
        """What is minimised: the mean loss and the model's own penalty."""
        penalty = self.model.penalty()
        return losses.mean() if penalty is None else losses.mean() + penalty

    def _batch(self, step: int) -> Batch:
        return self.task.train_batch(step, self.config.train.batch_size, self.config.seed).to(self.device)

    def _clip_gradients(self) -> float:
        """Clip the gradients where asked; returns their norm before that."""
        if self.config.train.clip_norm is not None:
            return float(clip_grad_norm_(self._parameters, self.config.train.clip_norm))
        return float(get_total_norm([p.grad for p in self._parameters if p.grad is not None]))

    # Measuring ------------------------------------------------------------------------------------------------------

    def _evaluate(self, split: Split) -> Evaluation:
        batch_size = self.config.train.evaluation_batch_size
        return evaluate(self.model, self.task, split, batch_size, self.device)

    def _measure(self) -> None:
        """Measure train (over the updates since last time) and validation, and keep the best weights."""
        if self.config.train.on_divergence is OnDivergence.stop:
            check_weights(self.progress.step, self._parameters)  # after the last update no loss would tell
        loss, score = self._since_measurement.means()
        rate = self._since_measurement.samples / max(self._seconds_since_measurement, 1e-9)
        self._emit_measurement("train", loss, self.task.metric_value(loss, score), rate)
        self._since_measurement.reset()
        self._seconds_since_measurement = 0.0

        validation = self._evaluate("validation")
        if self.progress.record(self.task, validation):
            self._best_weights = deepcopy(self.model.state_dict())
        self._emit_evaluation("validation", validation)

    def _stopped_improving(self) -> bool:
        patience = self.config.train.patience
        return patience is not None and self.progress.measurements_without_improvement >= patience

    def _test(self) -> tuple[Evaluation, Evaluation]:
        """Measure the test split, which no decision before looked at: with the last weights and with the best."""
        test = self._evaluate("test")
        self._emit_evaluation("test", test)
        if self.progress.best_step in (None, self.progress.step):
            return test, test
        last_weights = deepcopy(self.model.state_dict())
        self.model.load_state_dict(self._best_weights)
        test_at_best = self._evaluate("test")
        self.model.load_state_dict(last_weights)
        return test, test_at_best

    # Tracing: what is labelled with step s was measured on the weights after s updates --------------------------------

    def _traced(self, step: int) -> bool:
        return step % self.trace_every == 0

    @property
    def _traces_all(self) -> bool:
        return self.trace_every == 1 or self.total_steps == 1

    def _trace_final_state(self) -> None:
        """Trace the weights at the end, on the batch that would have come next."""
        if self.config.trace.spectrum:
            self._emit_spectrum()
        if self.config.trace.gradients:
            random = random_state(self.device)
            trace, batch = GradientTrace(), self._batch(self.progress.step)
            self._gradients(batch, trace)
            self._emit_gradients(trace, batch)
            set_random_state(random, self.device)
            self.optimizer.zero_grad(set_to_none=True)

    # Emitting -------------------------------------------------------------------------------------------------------

    def _epoch(self) -> float | None:
        return None if self.updates_per_epoch is None else self.progress.step / self.updates_per_epoch

    def _note_time(self) -> None:
        self.progress.wall_seconds = time.perf_counter() - self._session_began

    def _emit_start(self, identity: RunIdentity) -> None:
        plan = Plan(
            first_step=self.progress.step,
            total_steps=self.total_steps,
            updates_per_epoch=self.updates_per_epoch,
            batch_size=self.config.train.batch_size,
            num_parameters=self.model.num_parameters(),
            metric=self.task.metric,
            baseline=self.task.baseline,
        )
        for observer in self._observers:
            observer.on_start(plan, identity)

    def _emit_evaluation(self, split: Split, evaluation: Evaluation) -> None:
        rate = evaluation.samples / max(evaluation.seconds, 1e-9)
        self._emit_measurement(split, evaluation.loss, evaluation.metric, rate)

    def _emit_measurement(self, split: Split, loss: float, metric: float, rate: float) -> None:
        self._note_time()
        progress = self.progress
        measurement = Measurement(progress.step, self._epoch(), split, loss, metric, rate, progress.wall_seconds)
        for observer in self._observers:
            observer.on_measurement(measurement)

    def _emit_gradients(self, trace: GradientTrace, batch: Batch) -> None:
        if not trace.norms and not self._warned_of_missing_norms:
            self._warned_of_missing_norms = True
            warnings.warn(
                f"{type(self.model).__name__} wrote no gradient norms: its forward does not use its argument `trace`. "
                "Nothing is recorded of its gradients; trace.gradients=false says so.",
                stacklevel=2,
            )
        norms = mean_norms(trace, self.progress.step, batch, self.model.facts().trace_axis)
        for observer in self._observers:
            observer.on_gradients(norms)

    def _emit_spectrum(self) -> None:
        spectrum = measure_spectrum(self.model, self.progress.step)
        for observer in self._observers:
            observer.on_spectrum(spectrum)

    def _emit_checkpoint(self) -> None:
        self._note_time()
        state = self.state_dict()
        for observer in self._observers:
            observer.on_checkpoint(self.progress.step, state)
