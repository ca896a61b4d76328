"""How much the fuzz tests try."""

import os

#: Names how many examples every fuzz test tries, where that is more than the few of an ordinary test run.
VARIABLE = "SPECTRAL_BENCH_FUZZ"


def examples(few: int) -> int:
    """``few``, or as many as the environment asks for."""
    return max(few, int(os.environ.get(VARIABLE, "0")))
