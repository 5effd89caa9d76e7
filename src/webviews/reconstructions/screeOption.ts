import { classColor, cssColor } from "../shared/colors";
import { chartBase, type ChartOption } from "../shared/chart";
import { formatPercent } from "../shared/format";
import type { Theme } from "../shared/theme";

/** Shares of the variance explained one by one (bars) and together (line), the first `shown` of them, with `kept` marked. */
export function screeOption(ratios: Float32Array, shown: number, kept: number, theme: Theme, words: { component: string; alone: string; together: string }): ChartOption {
  const base = chartBase(theme);
  const first = Array.from(ratios.subarray(0, shown));
  let sum = 0;
  const cumulative = first.map(ratio => (sum += ratio));
  const [bar, line] = [cssColor(classColor(0, theme.dark)), cssColor(classColor(1, theme.dark))];
  return {
    textStyle: base.textStyle,
    grid: { left: 52, right: 52, top: 34, bottom: 40 },
    legend: { top: 4, left: 8, itemWidth: 18, itemHeight: 8, textStyle: { color: theme.foreground, fontSize: 11 } },
    tooltip: { ...base.tooltip, valueFormatter: (value: unknown) => formatPercent(Number(value), 2) },
    xAxis: { type: "category", data: first.map((_, i) => i + 1), ...base.axis(words.component), splitLine: { show: false } },
    yAxis: [
      { type: "value", min: 0, ...base.axis(""), axisLabel: { color: theme.muted, formatter: (value: number) => formatPercent(value, 0) } },
      { type: "value", min: 0, max: 1, ...base.axis(""), splitLine: { show: false }, axisLabel: { color: theme.muted, formatter: (value: number) => formatPercent(value, 0) } },
    ],
    series: [
      { name: words.alone, type: "bar", data: first.map((value, i) => ({ value, itemStyle: { opacity: i < kept ? 1 : 0.35 } })), color: bar, barCategoryGap: "20%" },
      { name: words.together, type: "line", yAxisIndex: 1, data: cumulative, color: line, showSymbol: false, lineStyle: { width: 1.75 } },
    ],
    aria: { enabled: true },
  };
}

/** How many components explain at least `share`; null when those known do not suffice. */
export function componentsFor(ratios: Float32Array, share: number): number | null {
  let sum = 0;
  for (let i = 0; i < ratios.length; i++) if ((sum += ratios[i]!) >= share - 1e-9) return i + 1;
  return null;
}
