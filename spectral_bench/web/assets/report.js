"use strict";

// The page holds its data and its plotting library packed; everything is drawn when it comes into view.

const chosen = { models: new Set(), radii: new Set(), seeds: "bands" };
const pictures = []; // {element, draw, dirty, seen}

async function unpacked(id) {
  const text = atob(document.getElementById(id).textContent);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

// Words of a claim: what stands between backticks is code, as in Markdown.
const worded = (text) => text.split("`").map((part, place) => (place % 2 ? make("code", {}, part) : part));

function table(columns, rows) {
  const head = make("tr", {}, ...columns.map((c) => make("th", { scope: "col", className: c.right ? "right" : "" }, c.header)));
  const body = rows.map((row) =>
    make("tr", {}, ...row.map((cell, place) => {
      const node = make("td", { className: columns[place].right ? "right" : "" });
      node.append(cell instanceof Node ? cell : String(cell));
      return node;
    })));
  return make("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: "Table" },
    make("table", {}, make("thead", {}, head), make("tbody", {}, ...body)));
}

// Claims ----------------------------------------------------------------------------------------------------------------

function claim(one) {
  const published = one.published_in_words === null ? "" : `, published ${one.published_in_words} (${one.published_as})`;
  return make("details", { className: "claim", id: `claim-${one.claim}` },
    make("summary", {},
      make("span", { className: `verdict ${one.verdict}` }, one.verdict),
      make("span", { className: "statement" }, one.statement),
      make("span", { className: "faint runs" }, `${one.runs} of ${one.runs_asked} runs`),
      one.ours === "-" ? null : make("span", { className: "ours" }, `${one.measure}: ${one.ours}${published}`)),
    make("p", {}, `${one.why} `, make("span", { className: "faint" }, `${one.paper}; ${one.place}; ${one.published_as}.`)),
    one.finding ? make("p", {}, ...worded(one.finding)) : null,
    table(one.table.columns, one.table.rows),
    make("p", {}, `Rule: ${one.rule}`),
    ...one.assumptions.map((text) => make("p", { className: "faint" }, ...worded(text))),
    make("p", { className: "faint" }, `${one.hours.toFixed(1)} hours of training.`),
    one.deciding ? foldedRuns("Runs that decide", one.deciding) : null,
    one.search ? foldedRuns("Runs of the search", one.search) : null,
    one.again.length ? folded("Commands that make these runs", make("pre", {}, one.again.join("\n"))) : null,
    make("pre", {}, one.commands.join("\n")));
}

const folded = (title, content) => make("details", {}, make("summary", {}, title), content);
const foldedRuns = (title, runs) => folded(`${title}: ${runs.rows.length}`, table(runs.columns, runs.rows));

function showClaims(claims, counts) {
  if (!claims.length) return;
  const order = ["beaten", "reproduced", "refuted", "open"];
  const sorted = [...claims].sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
  const made = sorted.filter((one) => one.runs);
  const [papers, own] = [false, true].map((ours) => made.filter((one) => one.is_ours === ours));
  document.getElementById("claims").append(
    make("h2", {}, "Verdicts"),
    make("p", { className: "faint" }, `${counts}. A rule decides each, written before its runs; where some were known, the claim says so.`),
    ...papers.map(claim),
    ...(papers.length && own.length ? [make("h3", { className: "own" }, "Claims of our own")] : []),
    ...own.map(claim));
  const unrun = sorted.filter((one) => !one.runs);
  if (unrun.length)
    document.getElementById("claims").append(make("details", { id: "unrun" },
      make("summary", {}, `${unrun.length} more, none of whose runs is made yet`), ...unrun.map(claim)));
}

// Sections --------------------------------------------------------------------------------------------------------------

const isShown = (group) => chosen.models.has(group.model) && (group.r === null || chosen.radii.has(group.r));

function section(one, place) {
  const rows = one.table.rows.map((row) => {
    const cells = row.cells.map((cell) => (cell.bold ? make("strong", {}, cell.text) : cell.text));
    cells[0] = make("span", {}, swatch(one.groups[row.group]), cells[0]);
    return cells;
  });
  const shown = table(one.table.columns, rows);
  const trs = [...shown.querySelectorAll("tbody tr")];
  const names = one.groups.map((group) => make("span", { className: "name", title: group.whole }, swatch(group), group.label));
  const filter = () => {
    trs.forEach((tr, at) => { tr.hidden = !isShown(one.groups[one.table.rows[at].group]); });
    names.forEach((name, at) => { name.hidden = !isShown(one.groups[at]); });
  };
  const figures = make("div", { className: "figures" }, ...[learning(one, "loss"), learning(one, "metric"), gradients(one), firstState(one), spectrum(one)].filter(Boolean));
  const runs = make("details", {}, make("summary", {}, "Runs, and the commands that made them"));
  runs.addEventListener("toggle", () => { if (runs.open && runs.childElementCount === 1) runs.append(runsOf(one)); });
  const whole = make("section", { id: `section-${place}` },
    make("h2", {}, one.title), make("p", { className: "faint" }, one.subtitle), shown,
    ...one.table.notes.map((note) => make("p", { className: "faint" }, note)), runs, make("p", { className: "names" }, ...names), figures);
  return { whole, filter };
}

function swatch(group) {
  const spot = make("span", { className: "swatch", style: `background:${legible(group.colour)}` });
  swatches.push([spot, group]);
  return spot;
}

function runsOf(one) {
  const rows = one.groups.flatMap((group) => group.runs.map((run) => [group.whole, run.seed, run.status, run.id, make("code", {}, run.command)]));
  return table([{ header: "group" }, { header: "seed", right: true }, { header: "status" }, { header: "run" }, { header: "command" }], rows);
}

function picture(title, caption, draw, extra = null) {
  const element = make("div", { className: "plot", role: "img", ariaLabel: title });
  pictures.push({ element, draw, dirty: true, seen: false });
  const seeds = make("span", { className: "ofSeeds" }, inWords());
  return make("figure", {}, make("h3", {}, title), extra, element, make("figcaption", {}, seeds, ` ${caption}`));
}

// What the lines of every figure are, as the switch has it.
const inWords = () => chosen.seeds === "runs" ? "Lines: single runs." : "Lines: means over seeds, where there are three or more; bands: from the smallest to the largest.";

function learning(one, kind) {
  const what = kind === "loss" ? "loss" : one.metric;
  const has = one.groups.some((g) => g.runs.some((r) => r.curves.validation[kind].length));
  if (!has) return null;
  return picture(`Validation ${what.replaceAll("_", " ")} over training`, "", () => {
    const traces = one.groups.filter(isShown).flatMap((g) =>
      curves(g, g.runs.map((r) => ({ seed: r.seed, x: r.curves.validation.step, y: r.curves.validation[kind] }))));
    const shapes = one.baselineOf === kind && one.baseline !== null ? [level(one.baseline, css("--faint"))] : [];
    return { traces, layout: { xaxis: { title: { text: "updates" } }, yaxis: { type: kind === "loss" || one.mode === "min" ? "log" : "linear", title: { text: what.replaceAll("_", " ") } }, shapes } };
  });
}

function gradients(one) {
  const steps = [...new Set(one.groups.flatMap((g) => g.runs.flatMap((r) => r.norms.flatMap((n) => n.step))))].sort((a, b) => a - b);
  if (!steps.length) return null;
  const input = make("input", { type: "range", min: 0, max: steps.length - 1, value: steps.length - 1, ariaLabel: "Updates made before the trace" });
  const told = make("output", {}, `after ${steps.at(-1).toLocaleString("en")} updates`);
  const figure = picture("How much of the gradient is left on its way back", "Norm of the gradient relative to the last state's. Dotted: what the radius and the slopes of the activation allow, cut off at the axis. A line that runs off the bottom is nearly zero.", () => {
    const at = steps[Number(input.value)];
    const measured = one.groups.filter(isShown).map((g) =>
      [g, g.runs.filter((r) => r.norms.length && r.norms.at(-1).step[0] <= at).map((r) => relative(r, at))]);
    return {
      traces: measured.flatMap(([g, lines]) => [...curves(g, lines, geometric), ...allowed(g, lines)]),
      layout: { xaxis: { title: { text: `${axes(one)} back` } }, yaxis: decades("relative to the last", measured.map(([, lines]) => lines), 1) },
    };
  }, make("div", { className: "slider" }, input, told));
  const own = pictures.at(-1);
  input.addEventListener("input", () => {
    told.textContent = `after ${steps[Number(input.value)].toLocaleString("en")} updates`;
    own.dirty = true;
    redraw();
  });
  return figure;
}

// The norms of a run's last layer, traced at this step or last before it, against how many places back.
function relative(run, step) {
  const norms = run.norms.at(-1);
  let best = 0;
  norms.step.forEach((value, place) => { if (value <= step) best = place; });
  const row = norms.norm[best], last = row.at(-1), end = norms.t.at(-1);
  const ratios = row.map((value) => (value === null || !last ? null : value / last));
  return { seed: run.seed, x: norms.t.map((t) => end - t).reverse(), y: ratios.reverse() };
}

function allowed(group, lines) {
  if (!group.perStep || !lines.length) return [];
  const { x } = lines[0];
  return ["low", "high"].map((side) => bound(group, x, x.map((k) => group.perStep[side] ** k || null)));
}

function firstState(one) {
  if (!one.groups.some((g) => g.runs.some((r) => r.norms.length))) return null;
  return picture("Norm of the first state's gradient over training", "It falls with the loss, too: the picture beside it takes that out. A line that runs off the bottom is nearly zero.", () => {
    const measured = one.groups.filter(isShown).map((g) =>
      [g, g.runs.filter((r) => r.norms.length).map((r) => ({ seed: r.seed, x: r.norms[0].step, y: r.norms[0].norm.map((row) => row[0]) }))]);
    return {
      traces: measured.flatMap(([g, lines]) => curves(g, lines, geometric)),
      layout: { xaxis: { title: { text: "updates" } }, yaxis: decades("gradient norm", measured.map(([, lines]) => lines)) },
    };
  });
}

function spectrum(one) {
  if (!one.groups.some((g) => g.runs.some((r) => r.sigma))) return null;
  return picture("Largest and smallest singular value", "Dotted: the bounds that the model promises.", () => ({
    traces: one.groups.filter(isShown).flatMap((g) => {
      const runs = g.runs.filter((r) => r.sigma);
      return [0, 4].flatMap((at) => curves(g, runs.map((r) => ({ seed: r.seed, x: r.sigma.step, y: r.sigma.quantiles.map((q) => q[at]) }))));
    }),
    layout: {
      xaxis: { title: { text: "updates" } }, yaxis: { title: { text: "singular value" }, rangemode: "tozero" },
      shapes: one.groups.filter((g) => isShown(g) && g.runs.some((r) => r.sigma)).flatMap((g) => (g.sigma || []).map((value) => level(value, legible(g.colour)))),
    },
  }));
}

const arithmetic = (values) => values.reduce((a, b) => a + b, 0) / values.length;
const SMALLEST = 1.2e-38; // of single precision: what underflowed is drawn there
const floored = (value) => (value === null ? null : Math.max(value, SMALLEST));
const geometric = (values) => Math.exp(arithmetic(values.map(Math.log))); // of values that are floored
const DECADES = 12; // that a logarithmic axis shows below a group's top, at most: smaller gradients move no weight

// A logarithmic axis that covers what was measured, however far bounds go; what underflowed lies below it. A group that
// explodes hides no other. `shown` is always on it.
function decades(title, groups, shown = Infinity) {
  const values = groups.map((lines) => lines.flatMap(({ y }) => y.filter((value) => value > SMALLEST))).filter((own) => own.length);
  const tops = values.map((own) => own.reduce((a, b) => Math.max(a, b)));
  const low = Math.min(...values.map((own) => own.reduce((a, b) => Math.min(a, b))));
  const ends = [Math.min(Math.max(low, Math.min(...tops, shown) * 10 ** -DECADES), shown) / 1.6, Math.max(...tops, shown === Infinity ? 0 : shown) * 1.6];
  return { type: "log", title: { text: title }, ...(tops.length ? { range: ends.map(Math.log10) } : {}) };
}

const axes = (one) => [...new Set(one.groups.filter(isShown).map((group) => `${group.axis}s`))].join(" or ");

// Lines of a group: one a run; or, of three seeds and more, their mean with a band from the smallest to the largest.
// What was measured once is a marker for every run: neither a line nor a band of one place can be seen.
// A run that was not measured at a place counts there with what lies between its neighbours: else the mean would jump with
// who was measured.
function curves(group, measured, mean = arithmetic) {
  // On a logarithmic axis a zero would end a line, and a band there would become a slab.
  const lines = mean === geometric ? measured.map((one) => ({ ...one, y: one.y.map(floored) })) : measured;
  const color = legible(group.colour);
  const hovertemplate = "%{fullData.name}<br>%{y:.4~g} at %{x}<extra></extra>"; // Plotly cuts names after 15 letters
  const style = { mode: "lines", line: { color, width: 2, dash: group.dash }, marker: { color, size: 8 }, name: group.label, hovertemplate };
  const measuredAt = lines.flatMap(({ x, y }) => x.filter((_, place) => y[place] !== null));
  const x = [...new Set(measuredAt)].sort((a, b) => a - b);
  if (chosen.seeds === "runs" || lines.length < 3 || x.length < 2)
    return lines.map(({ seed, x, y }) => ({ ...style, mode: lineOf(y), x, y, name: `${group.label}, seed ${seed}`, line: { ...style.line, width: 1.3 } }));
  const ascending = lines.map((one) => one.x.map((value, place) => [value, one.y[place]]).sort(([a], [b]) => a - b));
  const columns = x.map((value) => ascending.map((points) => between(points, value, mean)).filter((one) => one !== null));
  const edge = (y) => ({ x, y, mode: "lines", line: { width: 0, color }, hoverinfo: "skip" });
  const low = edge(columns.map((values) => Math.min(...values))), high = edge(columns.map((values) => Math.max(...values)));
  return [low, { ...high, fill: "tonexty", fillcolor: `${color}33` }, { ...style, x, y: columns.map(mean) }];
}

// What a line from point to point has at a place; null beyond its ends, and beside a point without a value.
function between(points, place, mean) {
  const next = points.findIndex(([x]) => x >= place);
  if (next < 0) return null;
  const [x, y] = points[next];
  if (x === place || y === null) return x === place ? y : null;
  if (next === 0 || points[next - 1][1] === null) return null;
  const [x0, y0] = points[next - 1], share = (place - x0) / (x - x0);
  return mean === geometric ? y0 ** (1 - share) * y ** share : y0 + share * (y - y0);
}

const lineOf = (values) => (values.filter((value) => value !== null).length > 1 ? "lines" : "markers");
const bound = (group, x, y) => ({ x, y, mode: "lines", hoverinfo: "skip", line: { color: legible(group.colour), width: 1, dash: "dot" } });
const level = (y, color) => ({ type: "line", xref: "paper", x0: 0, x1: 1, y0: y, y1: y, line: { dash: "dot", width: 1, color } });
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Drawing ---------------------------------------------------------------------------------------------------------------

// What is drawn at one place alone has that one tick: beside it there would be updates such as -1 and 0.5.
function ticks(traces) {
  const places = [...new Set(traces.flatMap(({ x }) => x))];
  return places.length === 1 ? { tickmode: "array", tickvals: places } : {};
}

function redraw(all = false) {
  if (typeof Plotly === "undefined") return; // what was changed until then is drawn when it is there
  for (const one of pictures) {
    if (!one.dirty || !(one.seen || all)) continue;
    one.dirty = false;
    const { traces, layout } = one.draw();
    const axis = { gridcolor: css("--line"), zerolinecolor: css("--line"), automargin: true, exponentformat: "power" };
    const sideways = { automargin: "left" }; // room above for a label would move the labels, and so the room: Plotly warns
    Plotly.react(one.element, traces, {
      ...layout,
      xaxis: { ...axis, tickformat: ",", ...ticks(traces), ...layout.xaxis }, yaxis: { ...axis, ...sideways, ...layout.yaxis },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: css("--ink"), family: "system-ui, sans-serif", size: 12 },
      margin: { l: 55, r: 10, t: 10, b: 40 }, hovermode: "closest", showlegend: false, uirevision: "kept",
    }, { responsive: true, displaylogo: false, displayModeBar: false });
  }
}

function changed() {
  for (const one of pictures) one.dirty = true;
  for (const [spot, group] of swatches) spot.style.background = legible(group.colour);
  for (const span of document.querySelectorAll(".ofSeeds")) span.textContent = inWords();
  redraw();
}

function choices(id, words, into) {
  const fieldset = document.getElementById(id);
  if (words.length < 2) fieldset.hidden = true;
  for (const word of words) {
    into.add(word);
    const box = make("input", { type: "checkbox", checked: true, value: word });
    box.addEventListener("change", () => {
      box.checked ? into.add(word) : into.delete(word);
      filters.forEach((filter) => filter());
      changed();
    });
    fieldset.append(make("label", {}, box, ` ${word}`));
  }
}

const filters = [], swatches = [];

const isDark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

// A colour that stands out from the page: dark ones are mixed with white where the page is dark.
function legible(colour) {
  const parts = colour.slice(1).match(/../g).map((digits) => parseInt(digits, 16));
  const light = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  if (!isDark() || light > 110) return colour;
  return `#${parts.map((part) => Math.round(part + 0.6 * (255 - part)).toString(16).padStart(2, "0")).join("")}`;
}

function theme() {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  changed();
}

// Paper is white, and shows every figure, and every claim in full.
let onScreen = null, opened = [];

function onPaper() {
  onScreen ??= document.documentElement.dataset.theme || "";
  document.documentElement.dataset.theme = "light";
  opened = [...opened, ...document.querySelectorAll("#unrun:not([open]), details.claim:not([open])")];
  for (const one of opened) one.open = true;
  changed();
  redraw(true);
}

function offPaper() {
  if (onScreen) document.documentElement.dataset.theme = onScreen;
  else delete document.documentElement.dataset.theme;
  onScreen = null;
  for (const one of opened) one.open = false;
  opened = [];
  changed();
}

// What is jumped to, or reached by the keyboard, stands below the controls where these stay in view.
function makeRoom() {
  const controls = document.getElementById("controls");
  const stays = getComputedStyle(controls).position === "sticky";
  document.documentElement.style.setProperty("--controls", stays ? `${controls.offsetHeight}px` : "0px");
}

async function start() {
  const data = JSON.parse(await unpacked("payload"));
  document.getElementById("made").textContent = `${data.command} · spectral-bench ${data.version} · ${data.made}`;
  const groups = data.sections.flatMap((one) => one.groups);
  choices("models", [...new Set(groups.map((g) => g.model))].sort(), chosen.models);
  const radii = [...new Set(groups.map((g) => g.r).filter((r) => r !== null))];
  choices("radii", radii.sort((a, b) => Number(a) - Number(b)), chosen.radii);
  showClaims(data.claims, data.verdicts);
  const contents = document.getElementById("contents");
  data.sections.forEach((one, place) => {
    const { whole, filter } = section(one, place);
    document.getElementById("sections").append(whole);
    contents.append(make("a", { href: `#section-${place}` }, one.title));
    filters.push(filter);
  });
  if (data.notes.length) document.getElementById("notes").append(make("h2", {}, "Left out"), ...data.notes.map((note) => make("p", { className: "faint" }, note)));
  for (const radio of document.querySelectorAll("[name=seeds]"))
    radio.addEventListener("change", () => { chosen.seeds = document.querySelector("[name=seeds]:checked").value; changed(); });
  document.getElementById("theme").addEventListener("click", theme);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  await new Promise((resume) => setTimeout(resume)); // verdicts and tables can be read while the library is compiled
  document.head.append(make("script", { textContent: await unpacked("plotly") }));
  addEventListener("beforeprint", onPaper);
  addEventListener("afterprint", offPaper);
  new ResizeObserver(makeRoom).observe(document.getElementById("controls"));
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) pictures.find((one) => one.element === entry.target).seen = true;
    redraw();
  }, { rootMargin: "300px" });
  for (const one of pictures) observer.observe(one.element);
  document.documentElement.dataset.ready = "true";
}

start().catch((error) => {
  document.getElementById("made").textContent = `This browser cannot draw the page: ${error.message}`;
});
