// What ECharts and echarts-gl have in common: axes that show the same part of the plane as our camera, and rows by class.

import { init } from "echarts/core";
import { offer, viewport } from "./page.mjs";

/** Offers a series type as a renderer. */
export function offerChart(type) {
  offer(async (container, { positions, labels, palette, camera, pointSize, opacity }) => {
    const chart = init(container, null, viewport);
    const drawn = () => new Promise(resolve => {
      const finished = () => {
        chart.off("finished", finished);
        resolve();
      };
      chart.on("finished", finished);
    });
    const zooms = windowOf(camera).map(([startValue, endValue], axis) => ({ type: "inside", [axis ? "yAxisIndex" : "xAxisIndex"]: 0, startValue, endValue, filterMode: "none", zoomLock: false }));
    // Axes that reach further than any camera does.
    const axes = windowOf({ ...camera, scale: camera.scale / 4 }).map(([min, max]) => ({ type: "value", min, max, show: false }));
    let { rows, series } = byClass(positions, labels, palette.length);
    const styled = series.map((data, value) => ({
      type, data, dimensions: ["x", "y"], large: true, largeThreshold: 0, progressive: 0, symbolSize: pointSize, itemStyle: { color: palette[value], opacity },
    }));
    const done = drawn();
    chart.setOption({ animation: false, grid: { left: 0, top: 0, right: 0, bottom: 0, containLabel: false }, xAxis: axes[0], yAxis: axes[1], dataZoom: zooms, series: styled });
    await done;
    return {
      async show(next) {
        const shown = drawn();
        chart.dispatchAction({ type: "dataZoom", batch: windowOf(next).map(([startValue, endValue], dataZoomIndex) => ({ dataZoomIndex, startValue, endValue })) });
        await shown;
      },
      async recolor(values) {
        const shown = drawn();
        ({ rows, series } = byClass(positions, values, palette.length));
        chart.setOption({ series: series.map(data => ({ data })) });
        await shown;
      },
      // Tells what is under the pointer, but highlights nothing in `large` mode.
      async pick(x, y, found) {
        let row = -1;
        const over = ({ seriesIndex, dataIndex }) => { row = rows[seriesIndex]?.[dataIndex] ?? -1; };
        chart.on("mousemove", over);
        const { left, top } = container.getBoundingClientRect();
        chart.getZr().painter.getViewportRoot().dispatchEvent(new MouseEvent("mousemove", { clientX: left + x, clientY: top + y, bubbles: true }));
        found(row);
        chart.off("mousemove", over);
        return false;
      },
    };
  });
}

/** Lowest and highest value in view on the two axes. */
function windowOf({ x, y, scale }) {
  return [[x, viewport.width], [y, viewport.height]].map(([middle, size]) => [middle - size / 2 / scale, middle + size / 2 / scale]);
}

/** The rows of each class, and their positions one after the other. */
function byClass(positions, labels, classCount) {
  const counts = new Uint32Array(classCount);
  for (const label of labels) counts[label]++;
  const rows = Array.from(counts, count => new Uint32Array(count));
  const series = Array.from(counts, count => new Float32Array(2 * count));
  counts.fill(0);
  labels.forEach((label, row) => {
    const at = counts[label]++;
    rows[label][at] = row;
    series[label][2 * at] = positions[2 * row];
    series[label][2 * at + 1] = positions[2 * row + 1];
  });
  return { rows, series };
}
