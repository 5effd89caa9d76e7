// regl-scatterplot, with what its documentation names for speed: rows as it keeps them, the spatial index kept when only
// colours change. Its points are discs of the same size and opacity as ours.

import createScatterplot from "regl-scatterplot";
import { offer, viewport } from "./page.mjs";

offer(async (container, { positions, labels, palette, camera, pointSize, opacity }) => {
  const canvas = container.appendChild(document.createElement("canvas"));
  const plot = createScatterplot({ canvas, ...viewport, pointSize, opacity, pointScaleMode: "constant", colorBy: "valueA", pointColor: palette.map(hex), syncEvents: true });
  // It wants the view between −1 and 1, vertically.
  const half = viewport.height / 2 / camera.scale;
  const rows = Array.from({ length: positions.length / 2 }, (_, i) => [(positions[2 * i] - camera.x) / half, (positions[2 * i + 1] - camera.y) / half, labels[i]]);
  const drawn = () => new Promise(resolve => plot.subscribe("drawing", resolve, 1));
  // What `draw` promises is fulfilled a little later than it has drawn.
  const draw = async options => {
    const done = drawn();
    const promised = plot.draw(rows, { zDataType: "categorical", ...options });
    await done;
    return () => promised;
  };
  let untilReady = await draw();
  return {
    async show({ x, y, scale }) {
      const size = scale / camera.scale;
      plot.view([size, 0, 0, 0, 0, size, 0, 0, 0, 0, size, 0, (-size * (x - camera.x)) / half, (-size * (y - camera.y)) / half, 0, 1], { preventEvent: true });
      await drawn();
    },
    async recolor(values) {
      await untilReady();
      values.forEach((value, i) => { rows[i][2] = value; });
      untilReady = await draw({ spatialIndex: plot.get("spatialIndex"), preventFilterReset: true });
    },
    async pick(x, y, found) {
      await untilReady();
      const done = drawn();
      plot.subscribe("pointover", found, 1);
      const { left, top } = container.getBoundingClientRect();
      canvas.dispatchEvent(new MouseEvent("mouseenter"));
      window.dispatchEvent(new MouseEvent("mousemove", { clientX: left + x, clientY: top + y }));
      await done;
      return true;
    },
  };
});

const hex = color => `#${color.match(/\d+/g).map(part => Number(part).toString(16).padStart(2, "0")).join("")}`;
