const stamps = () => run.curve.t.map((ms) => new Date(ms).toISOString().slice(0, 16));
const dated = { type: "date", nticks: 8, hoverformat: "%Y-%m-%d %H:%M UTC" };
const LEFT = { l: 62, r: 12, t: 8, b: 8 }; // the curves share their left edge
const ABOVE = { ...LEFT, t: 30 };

function drawCurve(c, x) {
  const { equity, hold, fall, start } = run.curve;
  draw("equity", [
    { x, y: hold, mode: "lines", line: { color: c.second, width: 1.3 }, name: "buy and hold", hovertemplate: `buy and hold %{y:,.2f} ${run.currency}<extra></extra>` },
    { x, y: equity, mode: "lines", line: { color: c.accent, width: 1.8 }, name: "this run", hovertemplate: `this run %{y:,.2f} ${run.currency}<extra></extra>` },
    { x, y: fall, mode: "lines", line: { color: c.bad, width: 1.2 }, fill: "tozeroy", fillcolor: c.badSoft, name: "drawdown", showlegend: false, yaxis: "y2", hovertemplate: "drawdown %{y:.2f}%<extra></extra>" },
  ], {
    margin: ABOVE, showlegend: true, xaxis: { ...dated, anchor: "y2" }, yaxis: { domain: [0.34, 1], tickformat: ",.0f", nticks: 6, automargin: false },
    yaxis2: { domain: [0, 0.26], ticksuffix: "%", nticks: 4, rangemode: "tozero", automargin: false },
    shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, yref: "y", y0: start, y1: start, line: { color: c.soft, width: 1, dash: "dot" } }],
  }, c);
  draw("exposure", [{ x, y: run.curve.exposure, mode: "lines", line: { color: c.accent, width: 1.2, shape: "hv" }, fill: "tozeroy", fillcolor: c.accentSoft, hovertemplate: "%{y:.1f}% of equity<extra></extra>" }],
    { margin: LEFT, xaxis: dated, yaxis: { ticksuffix: "%", rangemode: "tozero", nticks: 5, automargin: false } }, c);
}

function drawRolling(c) {
  const { dates: x, ratio, low, high } = run.rolling, edge = { mode: "lines", line: { width: 0 }, hoverinfo: "skip" };
  draw("rolling", [
    { x, y: low, ...edge }, { x, y: high, ...edge, fill: "tonexty", fillcolor: c.accentSoft },
    { x, y: ratio, customdata: low.map((l, i) => [l, high[i]]), mode: "lines", line: { color: c.accent, width: 1.8 }, hovertemplate: "%{y:.2f}, 95%: %{customdata[0]:.2f} to %{customdata[1]:.2f}<extra></extra>" },
  ], { xaxis: { ...dated, nticks: 5, hoverformat: "%Y-%m-%d" }, yaxis: { nticks: 6, zeroline: true, zerolinecolor: c.soft } }, c);
}

function drawReturns(c) {
  const { middle, width, count, mean } = run.returns;
  draw("returns", [{ type: "bar", x: middle, y: count, width, marker: { color: middle.map((m) => (m < 0 ? c.bad : c.good)), line: { color: c.card, width: 1 } }, hovertemplate: "%{y} trades around %{x:.3f}%<extra></extra>" }], {
    xaxis: { ticksuffix: "%", nticks: 7 }, yaxis: { nticks: 5, title: { text: "trades" } }, hovermode: "closest", bargap: 0,
    shapes: [{ type: "line", xref: "x", x0: mean, x1: mean, yref: "paper", y0: 0, y1: 1, line: { color: c.ink, width: 1.5, dash: "dot" } }],
  }, c);
}

function drawSurface(c) {
  if (!at("surface")) return;
  const { x, y, values, names, chosen } = run.surface, known = values.flat().filter((v) => v !== null), most = Math.max(...known.map(Math.abs), 1e-9);
  const words = values.map((row) => row.map((v) => (v === null ? "" : fixed(v, 2))));
  const traces = [{
    type: "heatmap", x, y, z: values, zmin: -most, zmax: most, colorscale: [[0, c.bad], [0.5, c.card], [1, c.good]], xgap: 2, ygap: 2, text: words, texttemplate: x.length * y.length <= 150 ? "%{text}" : "",
    colorbar: { thickness: 10, outlinewidth: 0, tickfont: { color: c.soft } }, hovertemplate: `${names[0]} %{x}, ${names[1]} %{y}: %{z:.3f}<extra></extra>`,
  }];
  if (chosen) traces.push({ x: [chosen[0]], y: [chosen[1]], mode: "markers", marker: { symbol: "square-open", size: 26, color: c.ink, line: { width: 2 } }, hovertemplate: "this run<extra></extra>" });
  draw("surface", traces, { xaxis: { type: "category", title: { text: names[0] }, showgrid: false }, yaxis: { type: "category", title: { text: names[1] }, showgrid: false }, hovermode: "closest" }, c);
}

function sortable(table) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    const key = (row) => { const v = row.cells[column].dataset.v; return v !== "" && !isNaN(v) ? Number(v) : v; };
    const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    body.append(...[...body.rows].sort((a, b) => (up ? order(key(a), key(b)) : order(key(b), key(a)))));
  }));
}

function drawAll() {
  const c = ink();
  drawCurve(c, stamps()); drawCosts(c);
  if (at("rolling")) drawRolling(c);
  if (at("returns")) drawReturns(c);
  drawSurface(c);
  document.documentElement.dataset.drawn = "yes";
}

if (at("trades")) sortable(at("trades"));
begin(drawAll);
