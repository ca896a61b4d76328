"""Tables in LaTeX: read as text, and compiled where there is a LaTeX."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import Run
from run_directories import edit, runs_of

from spectral_bench.report.document import Cell, Column, Report, Table
from spectral_bench.report.latex import as_latex
from spectral_bench.report.latex_signs import escaped, number_in_math
from spectral_bench.report.latex_words import printed_settings

needs_latex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex here")

#: The runs in the repository.
SHIPPED = Path(__file__).parents[2] / "results"

DOCUMENT = r"\documentclass[%s]{article}%s\begin{document}Table~\ref{tab:all} says so.\input{table}\end{document}"

#: Every line of its cells, however they are wrapped, begins with a bracket, a star, or the name of a sign.
BRACKETS = Table("", "", [Column("published", wraps=True)], [[Cell("[1] * ☃ " * 12)]] * 2, [])


def compiled(folder: Path, table: str, preamble: str = "", size: str = "10pt") -> str:
    """Compiles a document that holds the table as it is, and returns the log."""
    (folder / "table.tex").write_text(table, encoding="utf-8")
    (folder / "all.tex").write_text(DOCUMENT % (size, preamble))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    for _ in range(2):  # the second time references are known
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=100)
        assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


def assert_fits(log: str) -> None:
    """Nothing is wider than the text, or taller than a page."""
    assert "Overfull" not in log
    assert "too large" not in log


@needs_latex
@pytest.mark.parametrize("view", [(), ("--wide", "--runs"), ("--pairwise",), ("--diff", "rnn", "svdrnn")])
def test_every_view_compiles_as_it_is(command: Run, results: Path, tmp_path: Path, view: tuple[str, ...]) -> None:
    edit(runs_of(results, "addition", "rnn")[0] / "summary.json", test=-1.5e-6)
    done = command("compare", "results", "--where", "task=addition", *view, "--format", "latex", "--label", "tab:all")
    assert done.returncode == 0, done.stderr
    log = compiled(tmp_path, done.stdout)
    assert "undefined" not in log
    assert_fits(log)


@needs_latex
@pytest.mark.parametrize("size", ["10pt", "12pt"])
@pytest.mark.parametrize(
    "view", ["compare", "compare --wide", "compare --pairwise", "grads", "grads --step mean", "spectrum"]
)
def test_tables_of_the_shipped_runs_fit_the_text_of_an_article(
    command: Run, tmp_path: Path, view: str, size: str
) -> None:
    done = command(*view.split(), str(SHIPPED / "copy"), str(SHIPPED / "mnist"), "--format", "latex")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(r"\begin{table}") == 2
    assert_fits(compiled(tmp_path, done.stdout, size=size))


@needs_latex
@pytest.mark.parametrize("view", ["", "depth-mlp", "depth-mlp depth-svd depth-resnet rivals-rows --whole"])
def test_claims_fit_the_pages_of_an_article(command: Run, tmp_path: Path, view: str) -> None:
    done = command("claims", *view.split(), str(SHIPPED), "--format", "latex")
    assert done.returncode == 0, done.stderr
    assert "spectral-bench run" not in "".join(line for line in done.stdout.splitlines() if not line.startswith("%"))
    assert_fits(compiled(tmp_path, done.stdout, size="12pt"))


@needs_latex
@pytest.mark.parametrize("size", ["10pt", "12pt"])
def test_a_table_longer_than_a_page_goes_on_as_the_same_table(tmp_path: Path, size: str) -> None:
    columns = [Column("name", "left", label=True), Column("settings", "left", wraps=True), Column("value")]
    rows = [[Cell(f"row{at}"), Cell("a word or two " * (at % 9)), Cell("0.154 ±0.072")] for at in range(150)]
    notes = ["What has to be known of each. " * 8] * 9
    long = Table("copy: all of them", "length=100; seeds: 3", columns, rows, notes)
    latex = as_latex(Report([long, *[replace(long, rows=rows[:3])] * 60], [], {}, label="tab:all"))
    first = latex.partition(r"\label{tab:all-2}")[0]
    assert [first.count(f"row{at} ") for at in range(150)] == [1] * 147 + [1] * 3
    assert first.count(r"\caption{copy: all of them. Length 100. Seeds: 3.}") == 2  # of the second table, too
    assert first.count(r"\caption{copy, continued.}") == first.count(r"\addtocounter{table}{-1}") > 3
    log = compiled(tmp_path, latex, size=size)
    assert_fits(log)
    assert "multiply defined" not in log


def test_what_is_the_same_in_every_row_is_said_once_in_the_caption(command: Run, shared_results: Path) -> None:
    latex = command("compare", str(SHIPPED / "copy"), "--format", "latex").stdout
    assert r"Baseline: loss 0.1733. Seeds: 3.}" in latex
    assert " & $3$ & " not in latex
    apart = command("compare", str(shared_results), "--where", "task=copy", "--format", "latex").stdout
    assert "seeds:" not in apart


@needs_latex
@pytest.mark.parametrize("preamble", ["", r"\IfFileExists{booktabs.sty}{\usepackage{booktabs}}{}"])
def test_whatever_a_cell_holds_compiles(tmp_path: Path, preamble: str) -> None:
    signs = r"a_b^c & 50 % of $x$ #1 {~} \ ± ≤ ≥ σ ∂ ‖ → ∈ − – … é ü ☃ 中 <>|" + "\x07"
    cells = [signs, "[1] 98.2", "* 98.2", "≤430", "-0.15 ±0.11 (4 of 5)", "(3.21 ±0.15)e-05", "1.5e-06", "12,345"]
    rows = [[Cell(text, bold)] for text in cells for bold in (False, True)]
    table = Table(signs, signs, [Column(signs)], rows, [signs], [signs])
    latex = as_latex(Report([table, table, BRACKETS], [], {}, [signs], "tab:all"))
    assert "Output written" in compiled(tmp_path, latex, preamble)


def test_no_line_begins_with_what_the_line_break_before_it_would_take_for_an_argument() -> None:
    _, *lines = as_latex(Report([BRACKETS], [], {})).replace(r"\midrule", r"\\").split(r"\\")
    assert len(lines) > 6
    assert not [line for line in lines if line.lstrip().startswith(("[", "*"))]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0.9728 ±0.0070", r"$0.9728 \pm 0.0070$"),
        ("-0.05 ±0.10 (4 of 5)", r"$-0.05 \pm 0.10$ (4 of 5)"),
        ("(3.21 ±0.15)e-05", r"$(3.21 \pm 0.15) \times 10^{-5}$"),
        ("-2.5e-08", r"$-2.5 \times 10^{-8}$"),
        ("≤12,345", r"$\leq 12{,}345$"),
        ("3 +1 diverged", r"$3$ +1 diverged"),
        ("1/27,000", r"$1/27{,}000$"),
        ("1/2e6", r"$1/2 \times 10^{6}$"),
        ("×1.4", r"$\times 1.4$"),
        ("never (2 of 5 did)", "never (2 of 5 did)"),
        ("±0.0070", r"$\pm 0.0070$"),
        ("-", "--"),
    ],
)
def test_numbers_are_in_math_mode(text: str, shown: str) -> None:
    assert number_in_math(text) == shown


def test_a_table_has_a_caption_notes_and_the_label_asked_for(command: Run, shared_results: Path) -> None:
    latex = command("compare", str(shared_results), "--format", "latex", "--label", "tab:all").stdout
    labels = [line.strip() for line in latex.splitlines() if r"\label" in line]
    assert labels == [r"\label{tab:all}", r"\label{tab:all-2}"]
    first = latex.partition(r"\end{table}")[0]
    assert r"\caption{addition. " in first
    assert "One seed: no interval." in first.partition(r"\footnotesize")[2]
    assert "Configured differently: " in first.partition(r"\footnotesize")[2]
    assert "--columns" not in "".join(line for line in latex.splitlines() if not line.startswith("%"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("optimizer.lr=0.003 train.clip_norm=null", "lr 0.003, no clipping"),
        ("lr=0.003 clip_norm=null r=1e-05", r"lr 0.003, no clipping, $r = 1 \times 10^{-5}$"),
        ("rnn train.steps=null train.evaluate_every=null", r"rnn steps=null, evaluate\_every=null"),
        ("rnn clip_norm=1, svdrnn m1=4 r=free", r"rnn clipping at 1, svdrnn $m_1 = 4$, r = free"),
        (
            "recall=after_delimiter permuted=false; baseline: loss 1",
            "recall after delimiter, not permuted; baseline: loss 1",
        ),
        (
            "the norm at t=0, relative to t=T; (h, c) in lstm; h elsewhere",
            r"the norm at $t = 0$, relative to $t = T$; $(h, c)$ in lstm; $h$ elsewhere",
        ),
        ("dataset=synthetic_control recall=after_delimiter", r"data set synthetic\_control, recall after delimiter"),
        ("the largest |sigma - 1|", r"the largest $|\sigma - 1|$"),
        ("A - B", "A $-$ B"),
        ("- (0 of 3)", "-- (0 of 3)"),
        ("null", "none"),
        ("p (Holm)", "$p$ (Holm)"),
        ("from -3 to well-known 1-2", "from $-$3 to well-known 1-2"),
        ("svdrnn 0.083 ±0.034; rnn -1.49 ±0.29", r"svdrnn $0.083 \pm 0.034$; rnn $-1.49 \pm 0.29$"),
        ("mlp 50 (3.21 ±0.15)e-05 (2 of 3)", r"mlp 50 $(3.21 \pm 0.15) \times 10^{-5}$ (2 of 3)"),
        ("±0.00015; others", r"$\pm 0.00015$; others"),
        ("counts as 1.2e-38.", r"counts as $1.2 \times 10^{-38}$."),
        ("a run 20261127-12e-38 and 1e5", "a run 20261127-12e-38 and 1e5"),
        ("`spectral-bench claims ID_1`: more", r"\texttt{spectral-bench claims ID\_1}: more"),
    ],
)
def test_settings_are_told_in_words_and_signs_are_mathematics(text: str, shown: str) -> None:
    assert escaped(printed_settings(text)) == shown


def test_a_caption_says_nothing_twice_and_rows_name_what_differs_in_one_order(command: Run) -> None:
    where = ("--where", "task=ucr", "--where", "task.dataset=CBF")
    latex = command("compare", str(SHIPPED / "claims"), *where, "--format", "latex").stdout
    assert r"\caption{ucr, data set CBF. Validation fraction 0.2. Baseline: accuracy 0.3311.}" in latex
    named = re.findall(r"lr [^ ]+, .*?clipping(?: at \d)?", latex)
    assert len(named) > 20
    keys = (r"lr \S+", r"epochs \d+", r"batch size \d", r"(no )?clipping( at \d)?")
    assert [one for one in named if not re.fullmatch(r", (\\\\ )?".join(keys), one)] == []
