"""What is traced of a model: gradient norms over time, and singular values."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from spectral_bench.config.schema import TraceConfig, TraceOf
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.model import Facts, Model, TraceAxis
from spectral_bench.tasks.task import Batch, Task
from spectral_bench.training.observer import GradientNorms, Spectrum


def traced_loss(task: Task[Any], outputs: Tensor, targets: Tensor, trace: TraceConfig) -> Tensor | None:
    """The loss whose gradient takes a backward pass of its own to be traced; None: it is that of the training."""
    return task.last_losses(outputs, targets).mean() if _traces_last_alone(task, trace) else None


def traced_facts(model: Model, task: Task[Any], trace: TraceConfig) -> Facts:
    """The facts of a model, for the gradient that is traced: of the last loss alone, none is added on its way back."""
    facts = model.facts()
    every_step = facts.every_step and task.signature.every_step and not _traces_last_alone(task, trace)
    return replace(facts, every_step=every_step)


def _traces_last_alone(task: Task[Any], trace: TraceConfig) -> bool:
    return task.signature.every_step and trace.of is TraceOf.last


def mean_norms(trace: GradientTrace, step: int, batch: Batch, axis: TraceAxis) -> GradientNorms:
    """Mean over the batch of ‖∂L_b/∂h_t‖ in every layer, L_b the sample's own loss.

    The loss is a mean over the batch, so ∂L_b/∂h_t is ``batch.size`` times what the backward pass saw.
    """
    lengths_B = batch.lengths if axis is TraceAxis.time else None
    by_layer = {}
    for layer, norms_TB in trace.norms.items():
        mean_T = norms_TB.double().mean(dim=1) if lengths_B is None else _mean_from_the_ends(norms_TB, lengths_B)
        by_layer[layer] = (mean_T * batch.size).cpu().numpy()
    return GradientNorms(step, by_layer)


def _mean_from_the_ends(norms_TB: Tensor, lengths_B: Tensor) -> Tensor:
    """Mean over sequences of unequal lengths, laid so that all of them end at T; shape (T + 1,).

    Counted from the beginning, one place would hold gradients that have come back over different numbers of steps, and
    the zeros of those that have not begun. At T - k the mean is over the sequences of at least k steps; places before
    the beginning of the longest one hold what arrives there.
    """
    places = len(norms_TB)
    own_TB = torch.arange(places, device=lengths_B.device)[:, None] - (places - 1 - lengths_B)
    reached_TB = own_TB >= 0
    norms_TB = norms_TB.double().gather(0, own_TB.clamp(min=0)).where(reached_TB, 0.0)
    mean_T = norms_TB.sum(dim=1) / reached_TB.sum(dim=1)
    first = places - 1 - int(lengths_B.max())
    mean_T[:first] = mean_T[first]
    return mean_T


@torch.no_grad()
def measure_spectrum(model: Model, step: int) -> Spectrum:
    """Singular values of every traced matrix as it stands; NaN of a matrix that is not finite."""
    values = {name: sigma.cpu().numpy() for name, sigma in model.singular_values().items()}
    return Spectrum(step, values, margin_centre(model.facts()))


def margin_centre(facts: Facts) -> float | None:
    """σ*, from which the spectral margin is measured; None where a step is more than a matrix and an activation.

    The singular values of a gate's matrix are not those of the Jacobian.
    """
    return None if facts.slopes is None else facts.centre
