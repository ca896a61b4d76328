"""The page in a real browser, headless Chromium."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

if CHROMIUM is None:
    pytest.skip("no CHROMIUM on the PATH", allow_module_level=True)
playwright = pytest.importorskip("playwright.sync_api")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
        )
        yield opened
        opened.close()


@pytest.fixture
def view(browser: Any, page: Path) -> Iterator[Any]:
    """The page, opened; a message in its console or a request to the network fails the test."""
    view = browser.new_page(viewport={"width": 1400, "height": 1000})
    trouble: list[str] = []
    view.on("console", lambda message: trouble.append(message.text))
    view.on("pageerror", lambda error: trouble.append(str(error)))
    view.on(
        "request",
        lambda request: None if request.url.startswith(("file:", "data:", "blob:")) else trouble.append(request.url),
    )
    view.goto(page.as_uri())
    view.wait_for_selector("html[data-ready]", timeout=60_000)
    yield view
    view.close()
    assert trouble == []


def draw_all(view: Any) -> None:
    view.evaluate("dispatchEvent(new Event('beforeprint'))")


def lines(view: Any, picture: str) -> list[dict[str, Any]]:
    """The lines of a picture as it is drawn now, without bands and bounds."""
    element = view.get_by_role("img", name=picture)
    drawn: list[dict[str, Any]] = element.evaluate(
        "node => node.data.filter(line => line.name && line.hoverinfo !== 'skip')"
    )
    return drawn


#: Runs as the page holds them: a bound of "bound" falls by 200 decades, and one of the runs of "zero" underflows.
MEASURED = """
const look = { r: null, colour: "#0072b2", dash: "solid", axis: "time step" };
const run = (seed, step, row) => ({
  seed, norms: [{ step, t: [0, 50, 99, 100], norm: step.map(() => row) }],
  sigma: { step, quantiles: step.map(() => [0.5, 0.8, 1, 1.2, 1.5]) },
});
const group = (model, steps, rows, more = {}) =>
  ({ label: model, model, ...look, ...more, runs: rows.map((row, seed) => run(seed, steps, row)) });
const level = [0.1, 0.2, 0.4, 0.5], fades = [1e-4, 1e-3, 1e-2, 1];
const bound = (steps) =>
  group("bound", steps, [level, level, level], { perStep: { low: 0.0099, high: 1.01 }, sigma: [0.99, 1.01] });
const zero = (steps) => group("zero", steps, [[0, 0, 1e-3, 1], fades, fades]);
const drawn = (make, ...groups) => {
  groups.forEach((one) => chosen.models.add(one.model));
  const figure = make({ groups });
  document.body.append(figure);
  pictures.at(-1).seen = true;
  redraw();
  const plot = figure.querySelector(".plot"), { xaxis, yaxis } = plot._fullLayout;
  return {
    lines: plot.data, ends: yaxis.range.map((end) => 10 ** end), ticks: xaxis._vals.map((tick) => tick.x),
    text: figure.innerText, points: plot.querySelectorAll(".point").length,
  };
};
"""


def drawn(view: Any, call: str) -> dict[str, Any]:
    """A figure of ``MEASURED``: its lines, the ends of its y axis, the ticks of the other, its text, its markers."""
    shown: dict[str, Any] = view.evaluate(f"() => {{ {MEASURED} return drawn({call}); }}")
    return shown


def test_the_axis_of_gradients_covers_what_was_measured_however_far_a_bound_goes(view: Any) -> None:
    shown = drawn(view, "gradients, bound([0, 10])")
    assert shown["ends"] == pytest.approx([0.2 / 1.6, 1 * 1.6])
    bounds = [line["y"] for line in shown["lines"] if line["line"].get("dash") == "dot"]
    assert [line[0] for line in bounds] == [1, 1]
    assert bounds[0][-1] < 1e-190
    assert "the radius and the slopes of the activation allow" in shown["text"]


@pytest.mark.parametrize("figure", ["gradients", "firstState"])
def test_a_gradient_that_underflowed_leaves_its_axis_below_and_its_band_stays_one(view: Any, figure: str) -> None:
    shown = drawn(view, f"{figure}, bound([0, 10]), zero([0, 10])")
    measured = [line["y"] for line in shown["lines"] if line["line"].get("dash") != "dot"]
    assert min(min(line) for line in measured) == pytest.approx(1.2e-38)
    assert shown["ends"][0] == pytest.approx(1e-4 / 1.6)


def test_a_model_that_explodes_hides_no_other(view: Any) -> None:
    exploding = 'group("explodes", [0, 10], [[1e15, 1e9, 10, 1]])'
    shown = drawn(view, f"firstState, {exploding}, bound([0, 10])")
    assert shown["ends"] == pytest.approx([0.1 / 1.6, 1e15 * 1.6])
    shown = drawn(view, f"gradients, {exploding}, bound([0, 10])")
    assert shown["ends"] == pytest.approx([0.2 / 1.6, 1e15 * 1.6])


@pytest.mark.parametrize(("norms", "lowest"), [("[1e-30, 1e-20, 0.1, 1]", 1e-12), ("[1e30, 1e20, 10, 1]", 1)])
def test_an_axis_of_gradients_shows_twelve_decades_and_where_they_begin(view: Any, norms: str, lowest: float) -> None:
    shown = drawn(view, f'gradients, group("deep", [0, 10], [{norms}])')
    assert shown["ends"][0] == pytest.approx(lowest / 1.6)


@pytest.mark.parametrize(("figure", "lines"), [("firstState", 6), ("spectrum", 2 * 6)])
def test_what_was_traced_once_is_a_marker_of_every_run_above_its_step(view: Any, figure: str, lines: int) -> None:
    shown = drawn(view, f"{figure}, bound([0]), zero([0])")
    assert [line["mode"] for line in shown["lines"]] == ["markers"] * lines
    assert shown["points"] == lines
    assert shown["ticks"] == [0]


def test_every_figure_is_drawn(view: Any) -> None:
    draw_all(view)
    assert view.locator(".plot").count() == 5
    assert view.locator(".plot svg .trace").count() > 0
    assert view.locator(".plot:not(:has(.scatterlayer .trace))").count() == 0


def test_a_model_that_is_unchecked_leaves_figures_and_table(view: Any) -> None:
    draw_all(view)
    assert any(line["name"].startswith("rnn") for line in lines(view, "Validation loss over training"))
    rows = view.locator("#section-0 > .scroll tbody tr")
    shown = rows.locator("visible=true").count()
    view.get_by_label("rnn", exact=True).uncheck()
    draw_all(view)
    assert not any(line["name"].startswith("rnn") for line in lines(view, "Validation loss over training"))
    assert rows.locator("visible=true").count() == shown - 1


def test_a_radius_that_is_unchecked_leaves_the_figures(view: Any) -> None:
    draw_all(view)
    before = len(lines(view, "Validation loss over training"))
    view.get_by_label("0.5", exact=True).uncheck()
    draw_all(view)
    assert len(lines(view, "Validation loss over training")) == before - 1


def test_the_slider_goes_back_through_training(view: Any) -> None:
    draw_all(view)
    slider = view.get_by_role("slider")
    last = lines(view, "How much of the gradient is left on its way back")
    slider.focus()
    view.keyboard.press("Home")
    draw_all(view)
    first = lines(view, "How much of the gradient is left on its way back")
    assert view.locator("output").inner_text() == "after 0 updates"
    assert first[0]["y"][0] == last[0]["y"][0] == 1
    assert first[0]["y"] != last[0]["y"]


def test_bands_become_single_runs(view: Any) -> None:
    draw_all(view)
    assert len(lines(view, "Validation loss over training")) == 3
    view.get_by_label("single runs").check()
    draw_all(view)
    names = [line["name"] for line in lines(view, "Validation loss over training")]
    assert len(names) == 5
    assert sum("seed 2" in name for name in names) == 1


def test_the_mean_of_a_band_lies_within_it(view: Any) -> None:
    draw_all(view)
    data = view.get_by_role("img", name="Validation loss over training").evaluate("node => node.data")
    (band,) = [place for place, line in enumerate(data) if line.get("fill") == "tonexty"]
    for low, mean, high in zip(data[band - 1]["y"], data[band + 1]["y"], data[band]["y"], strict=True):
        assert low <= mean <= high


def test_runs_and_their_commands_are_a_click_away(view: Any) -> None:
    view.get_by_text("Runs, and the commands that made them").click()
    view.get_by_text("spectral-bench run model=rnn").wait_for(state="visible")


def test_a_claim_opens_to_its_rule(view: Any) -> None:
    view.locator("#unrun > summary").click()
    summary = view.locator("#claim-copy-100 summary")
    summary.focus()
    view.keyboard.press("Enter")
    view.locator("#claim-copy-100").get_by_text("Reproduced if every seed of svdrnn").wait_for(state="visible")


def test_what_stands_between_backticks_is_code(view: Any) -> None:
    found = {"finding": "They end at `r T = 1`, or so.", "assumptions": ["See `rule`."], "ours": "-", "hours": 0}
    empty = {"table": {"columns": [], "rows": []}, "deciding": None, "search": None, "again": [], "commands": []}
    shown = view.evaluate("one => claim(one).textContent", {**found, **empty})
    assert "They end at r T = 1, or so." in shown
    assert "`" not in shown


def test_the_search_of_a_claim_is_folded_into_one_line(view: Any) -> None:
    claim = view.locator("#claim-copy-100")
    claim.evaluate("node => { document.getElementById('unrun').open = node.open = true; }")
    claim.evaluate("""node => node.append(foldedRuns("Runs of the search", { columns: [], rows: [[]] }))""")
    line = claim.locator("details summary")
    assert line.inner_text() == "Runs of the search: 1"
    assert line.bounding_box()["height"] < 40


def test_a_task_that_is_jumped_to_stands_below_the_controls(view: Any) -> None:
    view.add_style_tag(content="#controls { min-height: 200px }")  # as with many models
    view.locator("#contents a").first.click()
    controls = view.locator("#controls").bounding_box()
    assert view.locator("#section-0 h2").bounding_box()["y"] >= controls["y"] + controls["height"]


def test_a_value_under_the_pointer_has_the_whole_name_of_its_line(view: Any) -> None:
    draw_all(view)
    line = lines(view, "Validation loss over training")[0]
    assert line["hovertemplate"].startswith("%{fullData.name}<br>")
    plot = view.get_by_role("img", name="Validation loss over training")
    plot.scroll_into_view_if_needed()
    plot.evaluate(
        "node => Plotly.Fx.hover(node, [{ curveNumber: node.data.findIndex(one => one.name), pointNumber: 1 }])"
    )
    named = plot.locator(".hovertext").first.text_content()
    assert named.startswith(line["name"])
    assert f" at {line['x'][1]}" in named


def test_light_becomes_dark(view: Any) -> None:
    before = view.evaluate("getComputedStyle(document.body).backgroundColor")
    view.get_by_role("button", name="Light or dark").click()
    assert view.evaluate("getComputedStyle(document.body).backgroundColor") != before


def test_paper_is_white_shows_the_colours_of_lines_and_cuts_no_table(view: Any) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    view.get_by_role("button", name="Light or dark").click()
    dark = view.evaluate(ground)
    view.emulate_media(media="print")
    view.set_viewport_size({"width": 700, "height": 1000})  # A4 within its margins
    view.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert view.evaluate(ground) == "rgb(255, 255, 255)"
    assert view.locator("#claim-copy-100").get_by_text("Reproduced if every seed").is_visible()
    assert view.locator(".names .swatch").first.evaluate("e => getComputedStyle(e).printColorAdjust") == "exact"
    assert view.locator("#section-0 .scroll").first.evaluate("e => e.scrollWidth <= e.clientWidth")
    view.emulate_media(media="screen")
    view.evaluate("dispatchEvent(new Event('afterprint'))")
    assert view.evaluate(ground) == dark
    assert view.locator("details.claim[open]").count() == 0


def test_captions_say_what_lines_are(view: Any) -> None:
    draw_all(view)
    caption = view.locator("figcaption").first
    assert "means over seeds" in caption.inner_text()
    view.get_by_label("single runs").check()
    assert "single runs" in caption.inner_text()


def test_a_phone_shows_it_without_scrolling_sideways(view: Any) -> None:
    view.set_viewport_size({"width": 390, "height": 844})
    draw_all(view)
    assert view.evaluate("document.documentElement.scrollWidth") <= 390
