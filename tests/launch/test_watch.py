"""How a grid stands while it runs."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from spectral_bench.launch.point import compose_grid
from spectral_bench.launch.watch import GridWatch
from spectral_bench.launch.worker import PointResult, PointState


@pytest.mark.parametrize(
    ("ends", "left"),
    [
        ([("done", 50.0), ("done", 50.0)], 400.0),
        ([("done", 95.0), ("diverged", 5.0)], 100.0 * 8 / (1 + 5 / 95)),
        ([("done", 40.0), ("diverged", 60.0)], 400.0),
        ([("diverged", 50.0), ("diverged", 50.0)], None),
        ([("done before", 0.0), ("done", 100.0)], 800.0),
        ([("done before", 0.0), ("failed", 3.0)], None),
    ],
)
def test_a_run_that_diverged_at_once_does_not_shorten_the_time_that_is_left(
    ends: Iterable[tuple[PointState, float]], left: float | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    now = 0.0
    monkeypatch.setattr("spectral_bench.launch.watch.time.monotonic", lambda: now)
    points = compose_grid([f"seed={','.join(map(str, range(10)))}", f"results_dir={tmp_path}"]).points
    watch = GridWatch(points)
    for point, (state, seconds) in zip(points, ends, strict=False):
        watch.note(PointResult(point.name, state, seconds=seconds))
    now = 100.0
    assert watch.look().seconds_left == (None if left is None else pytest.approx(left))
