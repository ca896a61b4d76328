"""Which form of the recurrent matrix is cheaper."""


def use_low_rank(hidden_size: int, rank: int, batch_size: int) -> bool:  # noqa: ARG001
    """Whether diagonal plus low rank (4·n·rank flops a sample) is cheaper than dense (2·n²)."""
    return 2 * rank < hidden_size
