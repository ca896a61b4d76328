"""Everything that a run may be configured with: the registries of models, tasks and optimizers, together."""

from spectral_bench.config.load import Kinds
from spectral_bench.nn import MODELS
from spectral_bench.runs.model_size import count_parameters
from spectral_bench.tasks import TASKS
from spectral_bench.training.optimizers import OPTIMIZERS

KINDS = Kinds(MODELS, TASKS, OPTIMIZERS, count_parameters)
