"""``spectral-bench spectrum`` and ``curves``: the numbers behind their pictures."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_line import Run
from run_directories import edit, in_parts, runs_of

from spectral_bench.errors import InputError
from spectral_bench.figures.draw_learning import draw_learning
from spectral_bench.figures.draw_spectrum import draw_spectrum
from spectral_bench.figures.gradients import gradient_pictures
from spectral_bench.figures.learning import learning_pictures
from spectral_bench.figures.sheet import Sheet
from spectral_bench.figures.spectra import SpectrumPictures, spectrum_pictures, traced_spectra
from spectral_bench.figures.traced_gradients import traced
from spectral_bench.records.collection import collect
from spectral_bench.records.grouping import sections
from spectral_bench.records.groups import Section
from spectral_bench.report.spectrum_table import spectrum_table
from spectral_bench.runs.layout import SPECTRUM


def section_of(results: Path, task: str) -> Section:
    (section,) = [section for section in sections(collect([results]).runs) if section.task == task]
    return section


def test_the_margin_drawn_is_the_largest_distance_from_one(shared_results: Path) -> None:
    section = section_of(shared_results, "copy")
    groups = traced_spectra(section)
    figure = draw_spectrum(spectrum_pictures(section, groups), Sheet())
    lines = {line.get_label(): line for line in figure.axes[0].get_lines()}
    for one in groups:
        margins = []
        for run in one.group.runs:
            frame = pd.read_parquet(run.directory / "spectrum.parquet")
            margins.append((frame["singular_value"] - 1).abs().groupby(frame["step"]).max())
            assert margins[-1].iloc[-1] == pytest.approx(run.summary["spectral_margin"])
        expected = np.exp(np.log(margins).mean(axis=0))
        drawn = np.asarray(lines[one.caption].get_ydata())
        np.testing.assert_allclose(drawn[np.isfinite(drawn)], expected)  # a gap joins nothing
    limits = [line for line in figure.axes[0].get_lines() if line.get_linestyle() == "--" and line.get_linewidth() < 1]
    radii = sorted(line.get_ydata()[0] for line in limits)
    np.testing.assert_allclose(radii, [0.01, 0.5])


def caption_of(pictures: SpectrumPictures, *panels: str) -> str:
    figure = draw_spectrum(pictures, Sheet(panels=panels or None))
    return " ".join(text.get_text() for text in figure.subfigs[0].texts)


def test_the_caption_says_what_the_margin_is_and_which_groups_have_none(traced_results: Path) -> None:
    for section in sections(collect([traced_results]).runs):
        groups = traced_spectra(section)
        pictures = spectrum_pictures(section, groups)
        assert pictures.without_margin == ["lstm"]
        drawn = {str(line.get_label()) for line in draw_spectrum(pictures, Sheet()).axes[0].get_lines()}
        assert "rnn" in drawn
        assert "lstm" not in drawn
        both, margin, distribution = (
            caption_of(pictures),
            caption_of(pictures, "margin"),
            caption_of(pictures, "distribution"),
        )
        none = "none for lstm: the matrices of gates are not the Jacobian of a step"
        for caption in (both, margin):
            assert r"Spectral margin: max$_i\,|\sigma_i - 1|$, how far the singular values are from $1$" in caption
            assert none in caption
        assert "margin" not in distribution
        assert "of lstm those of the gates' matrices" in distribution
        assert "Below" not in distribution
        assert "minimum, quartiles" not in margin
        bounded = [one.caption for one in groups if one.allowed is not None]
        assert bounded
        for caption in (both, margin, distribution):
            assert f"Dotted: what the radius of {' and '.join(bounded)} allows." in caption


def test_a_caption_speaks_of_no_bounds_and_no_seeds_where_there_are_none(traced_results: Path) -> None:
    (section, *_) = sections(collect([traced_results / "addition" / "rnn"]).runs)
    caption = caption_of(spectrum_pictures(section, traced_spectra(section)))
    assert "Dotted" not in caption
    assert "seeds" not in caption
    assert "none for" not in caption


def test_margins_from_several_centres_name_each(shared_results: Path) -> None:
    section = section_of(shared_results, "addition")
    first, second = traced_spectra(section)
    caption = caption_of(spectrum_pictures(section, [first, replace(second, centre=0.0)]))
    assert (
        rf"|\sigma_i - \sigma^*|$, how far the singular values are from $\sigma^*$, 1 in {first.caption}; 0 in"
        in caption
    )


def test_the_spectrum_table_gives_extremes_and_what_the_radius_allows(shared_results: Path) -> None:
    section = section_of(shared_results, "copy")
    table, records = spectrum_table(section, traced_spectra(section))
    rows = {f"{row[0].text} {row[1].text}".strip(): [cell.text for cell in row] for row in table.rows}
    assert rows["svdrnn r=0.5"][3] == "0.5 to 1.5"
    assert rows["rnn"][3] == "none"
    exact, _ = spectrum_table(section, [replace(one, allowed=(1.0, 1.0)) for one in traced_spectra(section)])
    assert {row[3].text for row in exact.rows} == {"1"}
    assert next(record["allowed_max"] for record in records if record["group"] == "svdrnn r=0.5") == 1.5
    frames = [pd.read_parquet(run / "spectrum.parquet") for run in runs_of(shared_results, "copy", "rnn")]
    last = pd.concat([frame[frame["step"] == frame["step"].max()] for frame in frames])["singular_value"]
    assert float(rows["rnn"][4]) == pytest.approx(last.min(), rel=1e-3)
    assert float(rows["rnn"][6]) == pytest.approx(last.max(), rel=1e-3)


def test_a_margin_that_no_model_has_is_refused_and_no_other_panel_drawn_for_it(shared_results: Path) -> None:
    section = section_of(shared_results, "copy")
    pictures = replace(spectrum_pictures(section, traced_spectra(section)), margin=[])
    with pytest.raises(InputError, match="no model has a spectral margin"):
        draw_spectrum(pictures, Sheet(panels=("margin",)))


def test_the_outer_edges_drawn_are_the_extremes_of_all_seeds_as_in_the_table(shared_results: Path) -> None:
    section = section_of(shared_results, "copy")
    groups = traced_spectra(section)
    pictures = spectrum_pictures(section, groups)
    _, records = spectrum_table(section, groups)
    panels = draw_spectrum(pictures, Sheet(panels=("distribution",))).axes
    edges = {}
    for axes, curves in zip(panels, pictures.quantiles, strict=True):
        drawn = [np.asarray(line.get_ydata(), dtype=float) for line in axes.get_lines() if line.get_linewidth() == 0.6]
        edges[curves[0].label.partition(" (")[0]] = [float(y[-1]) for y in drawn]
    table = {record["group"].replace("r=", "r = "): [record["min"], record["max"]] for record in records}
    assert edges == table
    caption = " ".join(caption_of(pictures).split())
    assert "the outer edges the smallest minimum and the largest maximum of these" in caption


def test_spectrum_data_holds_quantiles_and_margin(command: Run, shared_results: Path, tmp_path: Path) -> None:
    done = command("spectrum", str(shared_results), "-o", "s-{}.png", "--data", "s.csv", "--show")
    assert done.returncode == 0, done.stderr
    frame = pd.read_csv(tmp_path / "s.csv")
    assert set(frame["picture"]) == {"margin", "singular_value"}
    assert set(frame["quantile"].dropna()) == {0.0, 0.25, 0.5, 0.75, 1.0}
    (run,) = runs_of(shared_results, "addition", "rnn")
    own = frame[(frame["task"] == "addition") & (frame["group"] == "rnn") & (frame["quantile"] == 1.0)]
    written = pd.read_parquet(run / "spectrum.parquet")
    np.testing.assert_allclose(own["mean"], written.groupby("step")["singular_value"].max())
    assert sorted(path.name for path in tmp_path.glob("s-*.png")) == ["s-addition.png", "s-copy.png"]


def test_the_curves_drawn_are_means_over_seeds_with_the_baseline_in_its_panel(shared_results: Path) -> None:
    section = section_of(shared_results, "copy")
    pictures = learning_pictures(section, "validation")
    assert pictures is not None
    loss, metric = draw_learning(pictures, Sheet()).axes
    frames = [pd.read_csv(run / "metrics.csv") for run in runs_of(shared_results, "copy", "rnn")]
    validation = [frame[frame["split"] == "validation"] for frame in frames]
    line = next(line for line in metric.get_lines() if line.get_label() == "rnn")
    np.testing.assert_array_equal(line.get_xdata(), validation[0]["step"])
    np.testing.assert_allclose(
        np.asarray(line.get_ydata()), np.mean([frame["recall_accuracy"] for frame in validation], axis=0)
    )
    # On a logarithmic axis, too, the end of a line is the mean that ``compare`` gives.
    np.testing.assert_allclose(
        np.asarray(next(line for line in loss.get_lines() if line.get_label() == "rnn").get_ydata()),
        np.mean([frame["loss"] for frame in validation], axis=0),
    )
    (baseline,) = [line for line in loss.get_lines() if line.get_color() == "black"]
    assert np.asarray(baseline.get_ydata())[0] == pytest.approx(10 * np.log(8) / 26)
    assert not [line for line in metric.get_lines() if line.get_color() == "black"]
    assert (loss.get_yscale(), metric.get_yscale()) == ("log", "linear")


def test_a_metric_that_is_the_loss_is_drawn_once(shared_results: Path) -> None:
    pictures = learning_pictures(section_of(shared_results, "addition"), "validation")
    assert pictures is not None
    assert [quantity.name for quantity in pictures.quantities] == ["mse"]
    assert pictures.quantities[0].baseline == pytest.approx(1 / 6)


def test_curves_that_diverge_are_drawn_as_far_as_they_go(command: Run, results: Path, tmp_path: Path) -> None:
    (run,) = runs_of(results, "addition", "rnn")
    with (run / "metrics.csv").open("a") as file:
        file.write("16,,train,inf,inf,1.0,1.0\n16,,validation,nan,nan,1.0,1.0\n")
    for split in ("train", "validation"):
        done = command("curves", str(results), "--split", split, "-o", "c-{}.svg", "--data", "c.csv")
        assert done.returncode == 0, done.stderr
        frame = pd.read_csv(tmp_path / "c.csv")
        assert set(frame["split"]) == {split}
        assert frame.loc[(frame["group"] == "rnn") & (frame["task"] == "addition"), "step"].max() == 12


def test_curves_are_drawn_with_characters_when_no_file_is_named(command: Run, shared_results: Path) -> None:
    shown = command("curves", str(shared_results)).stdout
    assert "validation loss (copy)" in shown
    assert "validation mean squared error (addition)" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_runs_without_measurements_or_traces_are_said(command: Run, results: Path) -> None:
    for run in runs_of(results, "addition", "rnn") + runs_of(results, "addition", "svdrnn"):
        (run / "metrics.csv").unlink()
        (run / SPECTRUM).unlink()
    assert "nothing was measured" in command("curves", str(results)).stderr
    assert "no run traced singular values" in command("spectrum", str(results)).stdout


def test_infinite_singular_values_are_shown(command: Run, results: Path) -> None:
    for run in runs_of(results, "copy", "rnn"):
        trace = run / SPECTRUM
        frame = pd.read_parquet(trace)
        frame.loc[frame["step"] == frame["step"].max(), "singular_value"] = np.r_[[np.inf] * 3, np.ones(5)]
        frame.to_parquet(trace, index=False)
    done = command("spectrum", str(results), "--where", "task=copy", "--where", "model=rnn", "-o", "s.png")
    assert done.returncode == 0, done.stderr
    row = next(line for line in done.stdout.splitlines() if line.startswith("rnn"))
    assert row.split()[-4:] == ["1", "1", "inf", "inf"]


def test_a_seed_with_nan_in_its_spectrum_does_not_blank_the_others_and_is_said(command: Run, results: Path) -> None:
    broken, *others = runs_of(results, "copy", "rnn")
    trace = broken / SPECTRUM
    frame = pd.read_parquet(trace)
    frame.loc[frame["step"] == frame["step"].max(), "singular_value"] = np.nan
    frame.to_parquet(trace, index=False)
    arguments = ("spectrum", str(results), "--where", "task=copy", "--where", "model=rnn")
    (row,) = json.loads(command(*arguments, "--format", "json").stdout)["rows"]
    margins = [json.loads((run / "summary.json").read_text())["spectral_margin"] for run in others]
    assert row["margin"] == pytest.approx(np.mean(margins))
    assert row["min"] < row["median"] < row["max"]
    assert (row["runs"], row["completed"]) == (2, 3)
    assert "rnn: NaN in 1 of 3 runs, in no number." in command(*arguments).stdout


def test_the_end_of_measurements_that_a_completed_run_lost_is_named_and_counts_nowhere(
    command: Run, results: Path, tmp_path: Path
) -> None:
    short, cut, without = runs_of(results, "copy", "rnn")
    lines = (short / "metrics.csv").read_text().splitlines(keepends=True)
    last = next(position for position, line in enumerate(lines) if line.startswith("12,"))
    (short / "metrics.csv").write_text("".join(lines[:last]) + lines[last][:9])
    (cut / "metrics.csv").write_text((cut / "metrics.csv").read_text()[:-9])
    (without / "metrics.csv").unlink()
    done = command("curves", str(results), "--where", "task=copy", "--data", "c.csv", columns=400)
    assert f"{short.resolve()} is damaged: metrics.csv ends at step 8 of 12." in done.stderr
    assert f"{cut.resolve()} is damaged: metrics.csv ends in the middle of a row." in done.stderr
    assert f"{without.name} is not drawn: it has no metrics.csv." in done.stderr
    data = pd.read_csv(tmp_path / "c.csv")
    rnn = data[(data["group"] == "rnn") & (data["picture"] == "loss")]
    assert dict(zip(rnn["step"], rnn["runs"], strict=True)) == {4: 2, 8: 2, 12: 1}
    assert "ends at step 8 of 12" in command("compare", str(results), columns=400).stdout


def test_a_margin_of_zero_is_written_as_zero(command: Run, results: Path, tmp_path: Path) -> None:
    for run in runs_of(results, "copy", "rnn"):
        trace = run / SPECTRUM
        frame = pd.read_parquet(trace)
        frame.loc[frame["step"] == 0, "singular_value"] = 1.0
        frame.to_parquet(trace, index=False)
    assert command("spectrum", str(results), "--where", "task=copy", "--data", "s.csv").returncode == 0
    data = pd.read_csv(tmp_path / "s.csv")
    start = data[(data["picture"] == "margin") & (data["group"] == "rnn") & (data["step"] == 0)]
    assert start[["mean", "low", "high"]].to_numpy().tolist() == [[0.0, 0.0, 0.0]]


def test_a_run_that_did_not_complete_is_drawn_only_where_none_did_and_with_its_status(
    command: Run, results: Path
) -> None:
    for run in (runs_of(results, "copy", "rnn")[0], *runs_of(results, "addition", "rnn")):
        (run / "summary.json").unlink()
        edit(run / "manifest.json", status="running")
    copy, addition = section_of(results, "copy"), section_of(results, "addition")
    pictures = [learning_pictures(section, "validation") for section in (copy, addition)]
    curves = [{one.label: one.runs for one in picture.quantities[-1].curves} for picture in pictures if picture]
    assert curves == [{"rnn": 2, "svdrnn r = 0.01": 3, "svdrnn r = 0.5": 1}, {"rnn (running)": 1, "svdrnn": 1}]
    standings = [picture.standings for picture in pictures if picture]
    assert standings[0] == []
    assert re.fullmatch(r"rnn: running, step 12 of 12, \d+ s ago\.", *standings[1])
    assert "copy: 1 run that did not complete not drawn" in command("curves", str(results)).stderr
    for verb in ("grads", "spectrum"):
        shown = command(verb, str(results), columns=200).stdout
        assert re.search(r"^rnn +2 \+1 ", shown, re.MULTILINE)
        assert re.search(r"^rnn +0 \+1 ", shown, re.MULTILINE)
        assert shown.count("+: runs that did not complete: rnn (1 unfinished).") == 1  # said once, under the last
        assert "Where no run is completed" in shown


def test_the_only_group_of_a_model_bears_its_name_alone_in_every_picture(results: Path) -> None:
    for run in runs_of(results, "addition", "rnn"):
        config = run / "config.yaml"
        config.write_text(config.read_text().replace("lr: 0.01", "lr: 0.02"))
    section = section_of(results, "addition")
    assert {group.label for group in section.groups} == {"rnn lr=0.02", "svdrnn lr=0.01"}
    learning = learning_pictures(section, "validation")
    assert learning
    gradients = gradient_pictures(section, traced(section), 0)
    singular_values = spectrum_pictures(section, traced_spectra(section))
    for curves in (learning.quantities[0].curves, gradients.start, singular_values.margin):
        assert [one.label for one in curves] == ["rnn", "svdrnn"]
    assert [heat.label for heat in gradients.maps] == ["rnn", "svdrnn"]


@pytest.mark.parametrize(("verb", "table"), [("grads", "gradients"), ("spectrum", "spectrum")])
def test_a_damaged_part_of_a_trace_is_named(command: Run, results: Path, verb: str, table: str) -> None:
    (run,) = runs_of(results, "addition", "rnn")
    first, *others = in_parts(run, f"{table}.parquet")
    assert others
    first.write_bytes(first.read_bytes()[:-20])
    shown = command(verb, str(results), columns=400)
    assert shown.returncode == 0
    assert f"Note: {first} is left out: damaged." in shown.stdout
    assert any(line.startswith("rnn") for line in shown.stdout.splitlines())


@pytest.mark.parametrize(("verb", "column"), [("grads", "decay_rate"), ("spectrum", "margin")])
def test_the_tables_of_traces_are_written_for_programs_too(
    command: Run, shared_results: Path, verb: str, column: str
) -> None:
    found = json.loads(command(verb, str(shared_results), "--format", "json").stdout)
    assert (found["schema"], len(found["rows"])) == (f"spectral-bench/{verb}", 5)
    frame = pd.read_csv(io.StringIO(command(verb, str(shared_results), "--format", "csv").stdout))
    np.testing.assert_allclose(frame[column], [row[column] for row in found["rows"]])


def test_where_groups_have_different_numbers_of_seeds_each_distribution_says_its_own(shared_results: Path) -> None:
    section = section_of(shared_results, "copy")
    pictures = spectrum_pictures(section, traced_spectra(section))
    for panels in ((), ("distribution",)):
        assert "geometric means over n seeds" in " ".join(caption_of(pictures, *panels).split())
        titles = [axes.get_title() for axes in draw_spectrum(pictures, Sheet(panels=panels or None)).axes]
        told = [" ".join(title.split()) for title in titles if title]
        assert told == ["rnn (n = 3)", "svdrnn r = 0.01 (n = 3)", "svdrnn r = 0.5 (n = 1)"]
    alike = replace(pictures, quantiles=pictures.quantiles[:2], allowed=pictures.allowed[:2])
    assert "geometric means over 3 seeds" in caption_of(alike, "distribution")
