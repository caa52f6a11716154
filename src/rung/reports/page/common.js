"use strict";
const errors = [];
addEventListener("error", (e) => { errors.push(e.message); document.documentElement.dataset.errors = errors.join(" | "); });

const run = JSON.parse(document.getElementById("run").textContent);
const at = (id) => document.getElementById(id);
const fixed = (x, places) => (x === null ? "–" : x.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places }));
const signed = (x) => `${x > 0 ? "+" : x < 0 ? "−" : ""}${fixed(Math.abs(x), 2)}`;

function ink() {
  const css = getComputedStyle(document.documentElement);
  const of = (name) => css.getPropertyValue(`--${name}`).trim();
  return { ink: of("ink"), soft: of("soft"), card: of("card"), line: of("line"), grid: of("grid"), accent: of("accent"), accentSoft: of("accent-soft"), good: of("good"), bad: of("bad"), badSoft: of("bad-soft"), second: of("second") };
}

function layout(c, extra) {
  const axis = { gridcolor: c.grid, linecolor: c.line, zeroline: false, tickcolor: c.line, automargin: true, fixedrange: false };
  const base = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, hovermode: "x unified",
    font: { family: "system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif", size: 12, color: c.soft },
    margin: { l: 8, r: 8, t: 8, b: 8 },
    hoverlabel: { bgcolor: c.card, bordercolor: c.line, font: { color: c.ink, size: 12 } },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { color: c.soft } },
    modebar: { color: c.soft, activecolor: c.accent, bgcolor: "rgba(0,0,0,0)" },
  };
  const merged = { ...base, ...extra };
  for (const key of Object.keys(merged)) if (/^[xy]axis\d*$/.test(key)) merged[key] = { ...axis, ...merged[key] };
  return merged;
}

const draw = (id, traces, extra, c) => at(id) && Plotly.react(id, traces, layout(c, extra), { displayModeBar: false, responsive: true });

function thinned(values, most) {
  const step = Math.max(1, Math.ceil(values.length / most));
  return values.map((_, i) => i).filter((i) => i % step === 0);
}

function drawCosts(c) {
  const rows = run.waterfall, y = rows.map((row) => row[1]), net = y[y.length - 1];
  draw("costs", [{
    type: "waterfall", x: rows.map((row) => row[0]), measure: rows.map((_, i) => (i === rows.length - 1 ? "total" : "relative")), y,
    text: y.map(signed), textposition: "outside", cliponaxis: false, textfont: { color: c.ink }, connector: { line: { color: c.line } },
    increasing: { marker: { color: c.good } }, decreasing: { marker: { color: c.bad } }, totals: { marker: { color: net < 0 ? c.bad : c.good } }, hoverinfo: "skip",
  }], { xaxis: { fixedrange: true }, yaxis: { tickformat: ",.0f", nticks: 6, zeroline: true, zerolinecolor: c.soft }, margin: { l: 8, r: 8, t: 26, b: 8 }, bargap: 0.35 }, c);
}

function begin(drawAll) {
  if (typeof Plotly === "undefined") {
    for (const chart of document.querySelectorAll(".chart")) { chart.className = "missing"; chart.textContent = "The charts need the file plotly-….min.js that was written beside this page."; }
    return false;
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  drawAll();
  return true;
}
