"""What is traced of a model: gradient norms over time, and singular values."""

from dataclasses import replace
from typing import Any

import torch

from spectral_bench.config.schema import TraceConfig, TraceOf
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.model import Facts, Model
from spectral_bench.tasks.task import Task
from spectral_bench.training.observer import GradientNorms, Spectrum


def traces_last_loss_alone(task: Task[Any], trace: TraceConfig) -> bool:
    """Whether the traced gradient is not that of the training loss, and takes a backward pass of its own."""
    return task.signature.every_step and trace.of is TraceOf.last


def traced_facts(model: Model, task: Task[Any], trace: TraceConfig) -> Facts:
    """The facts of a model, for the gradient that is traced: of the last loss alone, none is added on its way back."""
    facts = model.facts()
    return replace(facts, every_step=facts.every_step and not traces_last_loss_alone(task, trace))


def mean_norms(trace: GradientTrace, step: int, batch_size: int) -> GradientNorms:
    """Mean over the batch of ‖∂L_b/∂h_t‖ in every layer, L_b the sample's own loss.

    The loss is a mean over the batch, so ∂L_b/∂h_t is ``batch_size`` times what the backward pass saw.
    """
    by_layer = {
        layer: (norms_TB.double().mean(dim=1) * batch_size).cpu().numpy() for layer, norms_TB in trace.norms.items()
    }
    return GradientNorms(step, by_layer)


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
