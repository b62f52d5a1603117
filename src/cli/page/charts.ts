// Runs in the page of a report: draws its charts from the JSON that stands in it. Bundled into one script by the build.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { SimDocument } from "../sim-document.ts";
import { powerAxis } from "./power-axis.ts";

const HEIGHT = 240;
const LEVEL_SHADES = 7;

const style = getComputedStyle(document.documentElement);
const color = (name: string) => style.getPropertyValue(`--${name}`).trim();

type Draw = (place: HTMLElement, width: number) => uPlot;

const text = document.getElementById("document")?.textContent ?? "{}";
// The command wrote it, and the same build made both
const run = JSON.parse(text) as SimDocument;

const DRAW: Readonly<Record<string, Draw>> = { power: drawPower, residency: drawResidency, latency: drawLatency };

const charts: uPlot[] = [];
for (const place of document.querySelectorAll<HTMLElement>("[data-chart]")) {
  const draw = DRAW[place.dataset.chart ?? ""];
  if (draw) charts.push(draw(place, place.clientWidth));
}
window.addEventListener("resize", () => {
  for (const chart of charts) {
    chart.setSize({ width: chart.root.parentElement?.clientWidth ?? chart.width, height: HEIGHT });
  }
});

function drawPower(place: HTMLElement, width: number): uPlot {
  const points = run.kinds[0]?.series.length ?? 0;
  const hues = [color("accent"), "#c2571a", "#3d8b4f", "#8a5cc2", "#b03a5b"];
  const { unit, curves } = powerAxis(run.kinds);
  const series = run.kinds.map(({ board }, i): uPlot.Series => {
    const stroke = hues[i % hues.length] ?? color("accent");
    return {
      label: board,
      stroke,
      width: 2,
      fill: run.kinds.length > 1 ? "" : `${stroke}1f`,
      value: withUnit(curves[i]?.unit ?? ""),
    };
  });
  return new uPlot(
    {
      ...{ width, height: HEIGHT, scales: { x: { time: false }, y: { range: (_, __, max) => [0, max * 1.1 || 1] } } },
      axes: [axis("s", 30), axis(unit)],
      series: [{ label: "time", value: (_, it) => (it === null ? "–" : `${it?.toFixed(2)} s`) }, ...series],
    },
    [times(points), ...curves.map(({ values }) => [...values])],
    place,
  );
}

function drawResidency(place: HTMLElement, width: number): uPlot {
  const domain = run.kinds[Number(place.dataset.kind)]?.domains[Number(place.dataset.domain)];
  const levels = domain?.levels ?? [];
  const points = levels[0]?.series.length ?? 0;
  // Each band reaches from 0 to the sum of its level and all lower ones; the highest is drawn first, and the others over it
  const sums: (number | null)[][] = [];
  for (const { series } of levels) {
    const below = sums.at(-1);
    sums.push(series.map((it, i) => (it === null ? null : it * 100 + (below?.[i] ?? 0))));
  }
  const series = levels.map(({ level, series }, i): uPlot.Series => {
    const shade = color(`level-${levels.length < 2 ? 6 : Math.round((i * (LEVEL_SHADES - 1)) / (levels.length - 1))}`);
    const value = (_: uPlot, __: number, ___: number, at: number | null) =>
      at === null ? "–" : `${((series[at] ?? 0) * 100).toFixed(1)} %`;
    return { label: `${level}`, stroke: shade, fill: shade, width: 0, points: { show: false }, value };
  });
  return new uPlot(
    {
      ...{ width, height: HEIGHT, scales: { x: { time: false }, y: { range: [0, 100] } } },
      axes: [axis("s", 30), axis("% of the time")],
      series: [{ label: "time", value: (_, it) => (it === null ? "–" : `${it?.toFixed(2)} s`) }, ...series.reverse()],
    },
    [times(points), ...sums.reverse()],
    place,
  );
}

function drawLatency(place: HTMLElement, width: number): uPlot {
  const { buckets, count } = run.latency;
  let seen = 0;
  const shares = buckets.map(([, it]) => {
    seen += it;
    return (seen * 100) / count;
  });
  const tops = buckets.map(([top]) => Math.max(1, top));
  const first = tops[0] ?? 1;
  const last = Math.max(tops.at(-1) ?? 1, first * 2);
  return new uPlot(
    {
      ...{ width, height: HEIGHT },
      scales: { x: { time: false, range: [first / 1.3, last * 1.1] }, y: { range: [0, 102] } },
      axes: [axis("µs", 30), axis("% of the switches")],
      series: [
        { label: "up to", value: (_, it) => (it === null ? "–" : `${it} µs`) },
        {
          ...{
            label: "switches",
            stroke: color("accent"),
            fill: `${color("accent")}1f`,
            width: 2,
            points: { show: false },
          },
          ...(uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
          value: (_, it) => (it === null ? "–" : `${it?.toFixed(2)} %`),
        },
      ],
    },
    [
      [first / 1.3, ...tops, last * 1.1],
      [0, ...shares, 100],
    ],
    place,
  );
}

/** Middles of the parts of the simulated time, in seconds. */
function times(points: number): number[] {
  return Array.from({ length: points }, (_, i) => ((i + 0.5) * run.plan.seconds) / points);
}

function axis(label: string, size = 56): uPlot.Axis {
  return {
    ...{ label, labelSize: 18, labelFont: "12px system-ui, sans-serif", font: "12px system-ui, sans-serif" },
    ...{ stroke: color("soft"), grid: { stroke: color("line"), width: 1 }, ticks: { stroke: color("line"), width: 1 } },
    size,
  };
}

function withUnit(unit: string): (_: uPlot, it: number | null) => string {
  return (_, it) => (it === null ? "–" : `${it.toFixed(1)} ${unit}`);
}
