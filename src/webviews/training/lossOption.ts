import type { EpochLosses } from "../../protocol/data";
import { classColor, cssColor } from "../shared/colors";
import { chartBase, type ChartOption } from "../shared/chart";
import { formatNumber } from "../shared/format";
import type { Theme } from "../shared/theme";

/** The losses of one checkpoint. */
export interface LossSeries {
  title: string;
  history: EpochLosses[];
  bestEpoch: number;
}

/** The names of the loss terms that occur, `total` first. */
export function termsOf(series: readonly LossSeries[]): string[] {
  const names = new Set(series.flatMap(({ history }) => history.flatMap(({ train }) => Object.keys(train))));
  return [...names].sort((a, b) => Number(b === "total") - Number(a === "total"));
}

/**
 * Loss over epochs: one colour a checkpoint, training solid, validation dashed, the best epoch of the first as a line.
 * `words` are the localized names of the parts.
 */
export function lossOption(series: readonly LossSeries[], term: string, logarithmic: boolean, theme: Theme, words: { epoch: string; train: string; validation: string; best: string }): ChartOption {
  const base = chartBase(theme);
  const last = Math.max(1, ...series.flatMap(({ history }) => history.map(({ epoch }) => epoch)));
  const lines = series.flatMap(({ title, history, bestEpoch }, index) => {
    const color = cssColor(classColor(index, theme.dark));
    const prefix = series.length > 1 ? `${title} · ` : "";
    const points = (of: (losses: EpochLosses) => number | undefined) => history.map(losses => [losses.epoch, of(losses) ?? null]);
    const hasValidation = history.some(({ validation }) => validation !== null);
    return [
      {
        name: `${prefix}${words.train}`, type: "line", showSymbol: history.length < 3, symbolSize: 5, data: points(({ train }) => train[term]), color, lineStyle: { width: 1.75 },
        ...(bestEpoch > 0 && index === 0 ? { markLine: { symbol: "none", silent: true, label: { formatter: words.best, align: 2 * bestEpoch > last ? "right" : "left", color: theme.muted, fontSize: 11 }, lineStyle: { color: theme.muted, type: "dotted" }, data: [{ xAxis: bestEpoch }] } } : {}),
      },
      ...(hasValidation ? [{ name: `${prefix}${words.validation}`, type: "line", showSymbol: history.length < 3, symbolSize: 5, data: points(({ validation }) => validation?.[term]), color, lineStyle: { width: 1.75, type: "dashed" } }] : []),
    ];
  });
  return {
    textStyle: base.textStyle,
    grid: { left: 58, right: 18, top: 34, bottom: 40 },
    legend: { top: 4, left: 8, itemWidth: 28, itemHeight: 8, itemStyle: { opacity: 0 }, textStyle: { color: theme.foreground, fontSize: 11 }, type: "scroll" },
    tooltip: { ...base.tooltip, valueFormatter: (value: unknown) => (typeof value === "number" ? formatNumber(value) : "–") },
    xAxis: { type: "value", min: 1, max: last === 1 ? 2 : last, minInterval: 1, ...base.axis(words.epoch), splitLine: { show: false } },
    yAxis: { type: logarithmic ? "log" : "value", scale: true, ...base.axis(""), axisLabel: { color: theme.muted, formatter: (value: number) => formatNumber(value) } },
    series: lines,
    aria: { enabled: true },
  };
}
