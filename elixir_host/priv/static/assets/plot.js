// The marks of a cohort as a histogram, drawn by uPlot, with the same in words for whoever does not see it.

import { fill, h } from "./dom.js";
import { marks, plural } from "./format.js";

const STEP = 5;
let library = null;
let chart = null;

function load() {
  const script = (resolve, reject) => document.head.append(h("script", { src: "/assets/vendor/uplot/uplot.js", onload: resolve, onerror: reject }));
  document.head.append(h("link", { rel: "stylesheet", href: "/assets/vendor/uplot/uplot.css" }));
  return new Promise(script);
}

/** Draws the grades of `feedback`, each with its band, into `place`. */
export async function plot(place, feedback) {
  const grades = feedback.map(({ grade }) => grade).sort((a, b) => a - b);
  const counts = Array.from({ length: 100 / STEP }, () => 0);
  for (const grade of grades) counts[Math.min(Math.floor(grade / STEP), counts.length - 1)] += 1;
  const half = (grades.length - 1) / 2;
  const middle = (grades[Math.floor(half)] + grades[Math.ceil(half)]) / 2;
  const mean = grades.reduce((sum, grade) => sum + grade, 0) / grades.length;
  const bands = new Map();
  for (const { band, grade } of feedback) {
    const known = bands.get(band) ?? { n: 0, least: 100 };
    bands.set(band, { n: known.n + 1, least: Math.min(known.least, grade) });
  }
  const parts = [...bands].sort(([, a], [, b]) => b.least - a.least);
  const facts = h(
    "dl.facts",
    null,
    fact("Marked", String(grades.length)),
    fact("Median", marks(middle)),
    fact("Mean", mean.toFixed(1)),
    parts.map(([band, { n }]) => fact(band ?? "No band", String(n))),
  );
  const words = `Histogram of ${plural(grades.length, "mark")} from ${marks(grades[0])} to ${marks(grades.at(-1))}, median ${marks(middle)}.`;
  const canvas = h("div.chart", { role: "img", "aria-label": words });
  fill(place, canvas, facts);
  await (library ??= load());
  draw(canvas, counts);
  const again = () => draw(canvas, counts);
  matchMedia("(prefers-color-scheme: dark)").onchange = again;
}

function fact(term, value) {
  return h("div", null, h("dt", null, term), h("dd", null, value));
}

function draw(place, counts) {
  if (!place.isConnected) return;
  chart?.destroy();
  const style = getComputedStyle(place);
  const color = (name) => style.getPropertyValue(name).trim();
  const uPlot = globalThis.uPlot;
  const font = `12px ${style.fontFamily}`;
  const axis = { stroke: color("--muted"), font, grid: { show: false }, ticks: { show: false } };
  const options = {
    width: Math.max(place.clientWidth, 200),
    height: 120,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 16, 0, 12],
    scales: { x: { time: false, range: [0, 100] }, y: { range: [0, Math.max(...counts, 1)] } },
    axes: [{ ...axis, size: 22, splits: () => [0, 20, 40, 60, 80, 100] }, { show: false }],
    series: [{}, { fill: color("--accent-soft"), stroke: color("--accent"), width: 1, points: { show: false }, paths: uPlot.paths.bars({ size: [0.86, 60], align: 1 }) }],
  };
  chart = new uPlot(options, [counts.map((_, at) => at * STEP), counts.map((n) => n || null)], place);
  new ResizeObserver((_entries, observer) => {
    if (!place.isConnected) return observer.disconnect();
    chart.setSize({ width: Math.max(place.clientWidth, 200), height: 120 });
  }).observe(place);
}
