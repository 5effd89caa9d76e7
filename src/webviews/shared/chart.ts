import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use, type ECharts, type EChartsCoreOption } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { readTheme, ThemeFollower, type Theme } from "./theme";

use([LineChart, BarChart, GridComponent, TooltipComponent, LegendComponent, MarkLineComponent, AriaComponent, CanvasRenderer]);

export type ChartOption = EChartsCoreOption;

/** A chart in VS Code's colours; `option` is built anew for every theme. Fires `chart-click` with a data index. */
@customElement("latent-chart")
export class ChartElement extends LitElement {
  static override styles = css`
    :host { display: block; position: relative; min-height: 60px; }
    .chart { position: absolute; inset: 0; }
  `;

  @property({ attribute: false }) option: ((theme: Theme) => ChartOption) | null = null;
  @query(".chart") private readonly container!: HTMLElement;
  private chart: ECharts | undefined;
  private readonly sizes = new ResizeObserver(() => this.chart?.resize());

  constructor() {
    super();
    new ThemeFollower(this);
  }

  override firstUpdated(): void {
    this.chart = init(this.container, null, { renderer: "canvas" });
    this.chart.on("click", ({ dataIndex }) => this.dispatchEvent(new CustomEvent("chart-click", { detail: dataIndex })));
    this.sizes.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes.disconnect();
    this.chart?.dispose();
  }

  override render(): TemplateResult {
    return html`<div class="chart"></div>`;
  }

  override updated(_: PropertyValues): void {
    this.draw();
  }

  /** The chart as a canvas at the screen's resolution. */
  snapshot(): HTMLCanvasElement | null {
    return this.container.querySelector("canvas");
  }

  private draw(): void {
    if (this.option) this.chart?.setOption({ animation: false, ...this.option(readTheme()) }, { notMerge: true });
  }
}

/** Axis, grid and tooltip styles that all charts share. Tooltips are drawn on the canvas: HTML ones need inline styles. */
export function chartBase(theme: Theme): { textStyle: object; tooltip: object; axis(name: string): object } {
  return {
    textStyle: { fontFamily: theme.fontFamily, fontSize: 11, color: theme.foreground },
    tooltip: {
      trigger: "axis", renderMode: "richText", confine: true, backgroundColor: theme.dark ? "#252526" : "#f3f3f3", borderColor: theme.border,
      textStyle: { color: theme.foreground, fontSize: 11, fontFamily: theme.fontFamily }, axisPointer: { lineStyle: { color: theme.muted } },
    },
    axis: name => ({
      name, nameLocation: "middle", nameGap: 26, nameTextStyle: { color: theme.muted },
      axisLine: { show: true, lineStyle: { color: theme.border } }, axisTick: { show: false },
      axisLabel: { color: theme.muted }, splitLine: { lineStyle: { color: theme.border, opacity: theme.highContrast ? 0.4 : 1 } },
    }),
  };
}
