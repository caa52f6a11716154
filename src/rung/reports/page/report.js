const two = (n) => String(n).padStart(2, "0");
const clock = (day, t) => `${two(Math.floor((day.opens + t) / 60) % 24)}:${two((day.opens + t) % 60)}`;

const ALIGNED = { l: 58, r: 18, t: 8, b: 8 }; // the charts of one session share their left edge
const TWO_BY_TWO = { margin: { ...ALIGNED, t: 44 }, legend: { orientation: "h", x: -0.12, y: 1.02, yanchor: "bottom", entrywidthmode: "fraction", entrywidth: 0.5, font: { size: 11 } } };

function curveAxis() {
  const { t, starts } = run.curve, days = run.days, room = Math.max(3, Math.floor(at("equity").clientWidth / 95));
  if (days.length === 1) {
    const step = days[0].minutes > 180 ? 60 : 10, wanted = t.map((m, i) => [m, i]).filter(([m]) => (days[0].opens + m) % step === 0);
    const shown = thinned(wanted, room).map((i) => wanted[i]);
    return { tickvals: shown.map(([, i]) => i), ticktext: shown.map(([m]) => clock(days[0], m)) };
  }
  const shown = thinned(starts, room);
  return { tickvals: shown.map((i) => starts[i]), ticktext: shown.map((i) => days[i].date.slice(5)) };
}

function drawCurve(c) {
  const { t, equity, fall, starts, start } = run.curve, x = t.map((_, i) => i);
  let day = -1;
  const label = t.map((m, i) => { while (day + 1 < starts.length && starts[day + 1] <= i) day += 1; return `${run.days[day].date} ${clock(run.days[day], m)}`; });
  const axis = { ...curveAxis(), showgrid: run.days.length > 1 && run.days.length < 60, range: [-0.01 * x.length, 1.01 * x.length] };
  draw("equity", [
    { x, y: equity, customdata: label, mode: "lines", line: { color: c.accent, width: 1.8 }, name: "equity", hovertemplate: `%{customdata}<br>%{y:,.2f} ${run.currency}<extra></extra>` },
    { x, y: fall, customdata: label, mode: "lines", line: { color: c.bad, width: 1.2 }, fill: "tozeroy", fillcolor: c.badSoft, name: "drawdown", xaxis: "x", yaxis: "y2", hovertemplate: "drawdown %{y:.2f}%<extra></extra>" },
  ], {
    xaxis: { ...axis, anchor: "y2", hoverformat: " ", unifiedhovertitle: { text: "" } }, yaxis: { domain: [0.34, 1], tickformat: ",.0f", nticks: 6 },
    yaxis2: { domain: [0, 0.26], ticksuffix: "%", nticks: 4, rangemode: "tozero" },
    shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, yref: "y", y0: start, y1: start, line: { color: c.soft, width: 1, dash: "dot" } }],
  }, c);
}

function drawDaily(c) {
  if (!at("daily")) return;
  const dates = run.days.map((d) => d.date);
  draw("daily", [{ x: dates, y: run.daily, type: "bar", marker: { color: run.daily.map((r) => (r < 0 ? c.bad : c.good)) }, hovertemplate: "%{x}: %{y:.2f}%<extra></extra>" }],
    { xaxis: { type: "category", tickvals: thinned(dates, Math.max(3, Math.floor(at("daily").clientWidth / 95))).map((i) => dates[i]), ticktext: thinned(dates, Math.max(3, Math.floor(at("daily").clientWidth / 95))).map((i) => dates[i].slice(5)) }, yaxis: { ticksuffix: "%", nticks: 6 }, hovermode: "closest", bargap: 0.35 }, c);
}

function hours(day, width) {
  const span = Math.max(day.minutes, 1), room = Math.max(3, Math.floor(width / 70));
  const step = [5, 10, 15, 30, 60, 120, 180, 240, 360].find((s) => span / s <= room) || 720;
  const first = (step - (day.opens % step)) % step, ticks = [];
  for (let m = first; m <= span; m += step) ticks.push(m);
  return { tickvals: ticks, ticktext: ticks.map((m) => clock(day, m)), range: [-0.01 * span, 1.01 * span] };
}

function bridges(rows, wins, c) {
  const own = rows.filter((r) => (r[4] > 0) === wins);
  return { x: own.flatMap((r) => [r[0], r[2], null]), y: own.flatMap((r) => [r[1], r[3], null]), mode: "lines", line: { color: wins ? c.good : c.bad, width: 1.6, dash: "dot" }, hoverinfo: "skip", name: wins ? "won" : "lost" };
}

function marks(day, rows, entry, c) {
  const own = rows.filter((r) => !!r[2] === entry);
  const words = own.map((r) => `<b>${entry ? "entry" : "exit"} ${r[3] ? "long" : "short"}</b> ${fixed(r[4], 0)} @ ${fixed(r[1], 4)}${r[5] === null ? "" : `<br>P&L ${signed(r[5])} after ${r[6]} bars`}<br>${r[7]}: ${r[8].replace(/</g, "&lt;")}`);
  return {
    x: own.map((r) => r[0]), y: own.map((r) => r[1]), customdata: words, text: own.map((r) => clock(day, r[0])), mode: "markers", name: entry ? "entry" : "exit",
    hovertemplate: "%{text} %{customdata}<extra></extra>",
    marker: {
      size: entry ? 10 : 9, symbol: own.map((r) => (entry ? (r[3] ? "triangle-up" : "triangle-down") : "circle")),
      color: own.map((r) => (entry ? c.accent : r[5] > 0 ? c.good : c.bad)), line: { color: c.card, width: 1.2 },
    },
  };
}

function drawCandles(day, symbol, c) {
  if (!at("candles")) return;
  const columns = day.candles[symbol], legs = day.legs[symbol] || [];
  at("candle-note").textContent = columns ? `${legs.length} fills in ${symbol} on ${day.date}; ${run.candleMinutes}-minute candles` : `no bars of ${symbol} on ${day.date}`;
  const [x, open, high, low, close] = columns || [[], [], [], [], []];
  const candles = {
    type: "candlestick", x, open, high, low, close, name: symbol, text: x.map((m) => clock(day, m)), hoverinfo: "text+y",
    increasing: { line: { color: c.good, width: 1 }, fillcolor: c.good }, decreasing: { line: { color: c.bad, width: 1 }, fillcolor: c.bad }, opacity: 0.55,
  };
  const joins = day.bridges[symbol] || [];
  draw("candles", [candles, bridges(joins, true, c), bridges(joins, false, c), marks(day, legs, true, c), marks(day, legs, false, c)],
    { xaxis: { ...hours(day, at("candles").clientWidth), rangeslider: { visible: false } }, yaxis: { nticks: 8, tickformat: ",.2f", automargin: false }, margin: ALIGNED, hovermode: "closest" }, c);
}

function drawBeliefs(day, c) {
  const text = day.t.map((m) => clock(day, m)), x = day.t;
  const line = (y, name, colour, dash) => ({ x, y, text, name, mode: "lines", line: { color: colour, width: dash ? 1 : 2, dash: dash || "solid" }, hovertemplate: `%{text} ${name} %{y:.3f}<extra></extra>` });
  draw("beliefs", [
    line(day.confidence[0], "confidence, mean", c.accent), line(day.confidence[1], "confidence, highest", c.accent, "dot"),
    line(day.strength[0], "strength, mean", c.second), line(day.strength[1], "strength, highest", c.second, "dot"),
  ], { xaxis: { ...hours(day, at("beliefs").clientWidth) }, yaxis: { rangemode: "tozero", nticks: 6, automargin: false }, margin: { ...ALIGNED, t: 30 }, showlegend: true, ...(at("beliefs").clientWidth < 480 ? TWO_BY_TWO : {}), hovermode: "closest" }, c);
  draw("exposure", [{ x, y: day.exposure, text, mode: "lines", line: { color: c.accent, width: 1.6, shape: "hv" }, fill: "tozeroy", fillcolor: c.accentSoft, hovertemplate: "%{text} %{y:.1f}% of equity<extra></extra>" }],
    { xaxis: { ...hours(day, at("exposure").clientWidth) }, yaxis: { ticksuffix: "%", rangemode: "tozero", nticks: 5, automargin: false }, margin: ALIGNED, hovermode: "closest" }, c);
}

function drawBaselines(c) {
  if (!at("baselines")) return;
  const line = (x, colour, dash) => ({ type: "line", xref: "x", x0: x, x1: x, yref: "paper", y0: 0, y1: 0.88, line: { color: colour, width: 2, dash } });
  const all = [run.total, run.hold === null ? run.total : run.hold, ...run.baselines.flatMap((b) => b.returns)], low = Math.min(...all), high = Math.max(...all), pad = 0.18 * (high - low) + 0.05;
  const traces = run.baselines.map((b) => ({ type: "histogram", x: b.returns, name: b.name, xbins: { start: low - pad, end: high + pad, size: (high - low + 2 * pad) / 36 }, marker: { color: c.soft, line: { color: c.card, width: 1 } }, opacity: 0.6, hovertemplate: "%{y} runs at %{x}%<extra></extra>" }));
  const note = (x, words, colour, y) => ({ x, y, xref: "x", yref: "paper", text: words, showarrow: false, font: { color: colour, size: 12 }, yanchor: "bottom", xanchor: x > (low + high) / 2 ? "right" : "left" });
  const shapes = [line(run.total, c.accent, "solid")], annotations = [note(run.total, `this run ${signed(run.total)}%`, c.accent, 0.94)];
  if (run.hold !== null) { shapes.push(line(run.hold, c.second, "dot")); annotations.push(note(run.hold, `buy and hold ${signed(run.hold)}%`, c.second, 0.86)); }
  draw("baselines", traces, { xaxis: { ticksuffix: "%", range: [low - pad, high + pad] }, yaxis: { nticks: 4, title: { text: "runs" } }, shapes, annotations, hovermode: "closest", bargap: 0.04 }, c);
}

function drawSession(c) {
  const day = run.days[Number(at("day").value)];
  drawCandles(day, at("symbol") ? at("symbol").value : "", c);
  drawBeliefs(day, c);
}

function drawAll() {
  const c = ink();
  drawCurve(c); drawDaily(c); drawSession(c); drawCosts(c); drawBaselines(c);
  document.documentElement.dataset.drawn = "yes";
}

if (begin(drawAll)) for (const id of ["day", "symbol"]) if (at(id)) at(id).addEventListener("change", () => drawSession(ink()));
