// Ours: the element of the scatter as it is, with the function that gives its points their colours. Where the browser has no GPU it
// draws on Canvas2D by itself.

import "../../src/webviews/shared/pointCloud/pointCloudElement.ts";
import { pointColors } from "../../src/webviews/shared/pointColors.ts";
import { offer } from "./page.mjs";

offer(async (container, { positions, labels, classCount }) => {
  const count = positions.length / 2;
  const shown = new Uint8Array(count).fill(1);
  const classes = Array.from({ length: classCount }, (_, i) => String(i));
  const colorsOf = values => pointColors({ kind: "classes", values, classes }, count, shown, new Int32Array(0), true);
  const cloud = document.createElement("latent-point-cloud");
  const drawn = () => new Promise(resolve => cloud.addEventListener("points-drawn", resolve, { once: true }));
  Object.assign(cloud.style, { width: "100%", height: "100%" });
  Object.assign(cloud, { points: { data: positions, dimensions: 2 }, colors: colorsOf(labels), shown });
  container.append(cloud);
  await drawn();
  return {
    async show(camera) {
      cloud.camera = camera;
      await drawn();
    },
    async recolor(values) {
      cloud.colors = colorsOf(values);
      await drawn();
    },
    async pick(x, y, found) {
      cloud.addEventListener("point-hover", ({ detail }) => found(detail.row), { once: true });
      const { left, top } = container.getBoundingClientRect();
      cloud.shadowRoot.querySelector(".overlay").dispatchEvent(new PointerEvent("pointermove", { clientX: left + x, clientY: top + y }));
      await drawn();
      return true;
    },
  };
});
