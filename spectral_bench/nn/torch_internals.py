"""What the kernels have to know, and PyTorch has no public name for.

Beside these names, `scan` uses one that is private, the version counter of a tensor. A release of PyTorch may take away
those that are used here. The question then has the answer that is always right, at some cost.
"""

import torch
from torch.autograd import forward_ad


def _is_possible() -> bool:
    return True


#: Whether a transformation of ``torch.func`` is running. A tensor inside one does not say whether another one, further
#: out, is going to differentiate it. Where PyTorch cannot tell, memory is kept for a backward pass that may not follow.
transformations_are_active = getattr(torch._C, "_are_functorch_transforms_active", _is_possible)


def forward_mode_is_on() -> bool:
    """Whether derivatives are carried along, as ``torch.autograd.forward_ad`` does, beside every value.

    Where PyTorch cannot tell, deep networks are run by operations that it can differentiate so.
    """
    return bool(getattr(forward_ad, "_current_level", 0) >= 0)


_num_modes = getattr(torch._C, "_len_torch_dispatch_stack", _is_possible)


def operations_are_watched() -> bool:
    """Whether a mode (fake tensors, a trace, a count of operations) has to see every operator that runs.

    Where PyTorch cannot tell, its library calls every operator, and imports the compiler at the first step.
    """
    return bool(_num_modes())


def has_values(tensor: torch.Tensor) -> bool:
    """Whether a tensor lies in memory, and does not stand for several inside a transformation or for none."""
    if tensor.is_meta:
        return False
    try:
        tensor.untyped_storage()
    except NotImplementedError:
        return False
    return True
