"""The gradient of the last loss alone: what vanishes is seen to vanish, and the training does not notice."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tasks.fabricate import write_ptb

from spectral_bench.diagnostics.gradient_decay import gradient_decay
from spectral_bench.runs.session import Prepared
from spectral_bench.training.denormals import flushes_denormals
from spectral_bench.training.observer import GradientNorms, Observer, Update
from spectral_bench.training.tracing import measure_spectrum

Build = Callable[..., Prepared]


class Norms(Observer):
    def __init__(self) -> None:
        self.seen: list[GradientNorms] = []

    def on_gradients(self, norms: GradientNorms) -> None:
        self.seen.append(norms)


def traced(ready: Prepared) -> np.ndarray:
    norms = Norms()
    ready.trainer.run([norms])
    return norms.seen[0].by_layer[0]


def contracting(ready: Prepared, factor: float) -> Prepared:
    """The recurrent matrix becomes a multiple of an orthogonal one."""
    with torch.no_grad():
        matrix = ready.model.stack.layers[0].transition.matrix
        matrix.copy_(factor * torch.nn.init.orthogonal_(torch.empty_like(matrix)))
    return ready


SHORT = ("task.length=20", "train.steps=1", "model.activation=identity")


def test_a_network_without_memory_is_seen_to_lose_its_gradient(prepared: Build) -> None:
    """With W = 0.1 Q and no nonlinearity the gradient of the last loss falls by ln 10 a step, exactly."""
    last = traced(contracting(prepared(*SHORT, model="rnn"), 0.1))
    decay = gradient_decay(last)
    assert decay is not None
    assert decay.verdict == "vanishing"
    assert decay.rate == pytest.approx(np.log(10.0), rel=1e-3)
    whole = gradient_decay(traced(contracting(prepared(*SHORT, "trace.of=all", model="rnn"), 0.1)))
    assert whole is not None
    assert whole.verdict != "vanishing"  # which is why no verdict is taken from it


@pytest.mark.parametrize("model", ["rnn", "svdrnn", "lstm", "gru"])
@pytest.mark.parametrize("task", ["copy", "ptb"])
def test_the_norms_are_those_of_the_last_steps_loss(prepared: Build, model: str, task: str, tmp_path: Path) -> None:
    options = ["train.steps=1"]
    if task == "ptb":
        words = np.random.default_rng(0).choice(["a", "b", "c", "d"], (60, 40))
        text = "".join(f"{' '.join(line)}\n" for line in words)
        write_ptb(tmp_path, text, text, text)
        options += ["train.epochs=null", f"data_dir={tmp_path}"]
    ready = prepared(*options, model=model, task=task)
    batch = ready.task.train_batch(0, ready.config.train.batch_size, ready.config.seed)
    norms = traced(prepared(*options, model=model, task=task))
    x = batch.inputs if ready.model.embedding is None else ready.model.embedding(batch.inputs)
    layer = ready.model.stack.layers[0]
    state = None
    gradients = []
    for t in reversed(range(len(x) + 1)):  # ∂L_T/∂h_t: run to t, then on from there with all parts of h_t as leaves
        with torch.no_grad():
            state = layer(x[:t])[1] if t else tuple(torch.zeros(batch.size, layer.hidden_size) for _ in layer(x[:1])[1])
        leaves = tuple(part.clone().requires_grad_() for part in state)
        outputs, _ = layer(x[t:], leaves) if t < len(x) else (leaves[0].unsqueeze(0), None)
        targets = batch.targets[-1]
        loss = torch.nn.functional.cross_entropy(ready.model.readout(outputs[-1]), targets, reduction="none")
        parts = torch.autograd.grad(loss.sum(), leaves, materialize_grads=True)
        gradients.append(torch.cat(parts, dim=1).norm(dim=1).mean().item())
    np.testing.assert_allclose(norms, gradients[::-1], rtol=2e-3, atol=1e-9)


@pytest.mark.parametrize("model", ["rnn", "svdrnn", "lstm", "gru"])
def test_whose_gradient_is_traced_changes_nothing_of_the_training(prepared: Build, model: str) -> None:
    weights = []
    for of in ("last", "all"):
        ready = prepared(
            "train.steps=4", "trace.every=2", f"trace.of={of}", "model.num_layers=2", "model.dropout=0.3", model=model
        )
        ready.trainer.run([])
        weights.append(ready.model.state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_facts_say_whose_gradient_is_traced(prepared: Build) -> None:
    assert not prepared().facts.every_step
    assert prepared("trace.of=all").facts.every_step
    assert not prepared("trace.of=all", task="addition").facts.every_step


def test_the_matrices_of_gates_have_no_spectral_margin(prepared: Build) -> None:
    spectrum = measure_spectrum(prepared(model="lstm").model, 0)
    assert spectrum.singular_values
    assert spectrum.margin is None


class Flushing(Observer):
    def __init__(self) -> None:
        self.seen: set[bool] = set()

    def on_update(self, update: Update) -> None:
        self.seen.add(flushes_denormals())


@pytest.mark.parametrize("flush", [True, False])
def test_denormal_numbers_are_flushed_while_training_if_asked_for(prepared: Build, flush: bool) -> None:
    before, watch = flushes_denormals(), Flushing()
    prepared("train.steps=2", f"train.flush_denormals={str(flush).lower()}").trainer.run([watch])
    assert watch.seen == {flush}
    assert flushes_denormals() is before


def test_a_model_that_ignores_its_trace_is_named_once(prepared: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = prepared("train.steps=3", "trace.every=1")
    forward = ready.model.forward
    monkeypatch.setattr(ready.model, "forward", lambda inputs, state=None, trace=None: forward(inputs, state))
    with pytest.warns(UserWarning, match="SequenceModel wrote no gradient norms") as warned:
        ready.trainer.run([])
    assert len(warned) == 1


def test_the_gradient_arrives_at_an_initial_state_that_is_not_trained(prepared: Build) -> None:
    """Also where a recurrence is a loop of autograd, which computes what somebody asks for."""
    assert (traced(prepared("train.steps=1", model="cornn")) > 0).all()
