// What bench/scatter.mjs calls in a page: loads the points, asks a renderer for one step at a time, and times it until the
// pixels are there. A renderer is a function `start(container, look)`, fulfilled when the first picture is drawn, whose answer
// has `show(camera)` and `recolor(labels)`, fulfilled in the task that drew, and `pick(x, y, found)`, which calls `found` with
// the row as soon as it knows it (−1 for none) and answers whether it then drew a highlight.

import { boundsOf, drag, fit, zoom } from "../../src/webviews/shared/pointCloud/camera.ts";
import { opacityFor, pointSizeFor } from "../../src/webviews/shared/pointCloud/look.ts";
import { classColor, cssColor } from "../../src/webviews/shared/colors.ts";

/** Width and height of every picture, CSS pixels. */
export const viewport = { width: 900, height: 700 };

/** @typedef {{ positions: Float32Array, labels: Uint8Array, palette: string[], classCount: number, camera: { x: number, y: number, scale: number }, pointSize: number, opacity: number }} Look */

/** Puts the steps of a renderer where bench/scatter.mjs finds them. */
export function offer(start) {
  const container = document.body.appendChild(document.createElement("div"));
  Object.assign(container.style, { width: `${viewport.width}px`, height: `${viewport.height}px`, position: "relative" });
  const labelings = [];
  let look, renderer;
  const step = async work => {
    window.hurryFrames(true);
    const began = performance.now();
    const result = await work();
    canvasesIn(container).forEach(readPixel);
    const took = performance.now() - began;
    window.hurryFrames(false);
    return { took, result };
  };
  window.bench = {
    async load(size) {
      const read = async name => (await fetch(`/${size}/${name}`)).arrayBuffer();
      const positions = new Float32Array(await read("positions"));
      for (const name of ["digits", "bands"]) labelings.push(new Uint8Array(await read(name)));
      const camera = fit(boundsOf(positions, 2), 2, viewport);
      const count = positions.length / 2;
      const palette = Array.from({ length: 10 }, (_, i) => cssColor(classColor(i, true)));
      look = { positions, labels: labelings[0], palette, classCount: 10, camera, pointSize: pointSizeFor(count, 1), opacity: opacityFor(count, 1) };
    },
    async first() {
      const { took, result } = await step(() => start(container, look));
      renderer = result;
      return { took, ...picture(container) };
    },
    /** Odd steps move away from the whole view, even ones back. */
    pan: async i => (await step(() => renderer.show(i % 2 ? drag(look.camera, 60, 25, viewport, false) : look.camera))).took,
    zoom: async i => (await step(() => renderer.show(i % 2 ? zoom(look.camera, 1.15, 500, 300, viewport) : look.camera))).took,
    recolor: async i => (await step(() => renderer.recolor(labelings[i % 2]))).took,
    async pick(i) {
      const [x, y] = screenPosition(look, Math.floor((look.positions.length / 2) * ((i * 0.618034) % 1)));
      let known;
      const { took, result: highlighted } = await step(async () => {
        const began = performance.now();
        return renderer.pick(x, y, row => { known = { row, took: performance.now() - began }; });
      });
      if (known.row < 0) return { known: null, drawn: null, miss: null };
      return { known: known.took, drawn: highlighted ? took : null, miss: distance(screenPosition(look, known.row), [x, y]) };
    },
    async pickAfterMove(i) {
      await renderer.show(drag(look.camera, 60, 25, viewport, false));
      await renderer.show(look.camera);
      return window.bench.pick(i);
    },
  };
}

const distance = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);

function screenPosition({ positions, camera }, row) {
  const [x, y] = [positions[2 * row], positions[2 * row + 1]];
  return [viewport.width / 2 + (x - camera.x) * camera.scale, viewport.height / 2 - (y - camera.y) * camera.scale];
}

/** All canvases below an element, also in shadow trees. */
function canvasesIn(root) {
  return [...root.querySelectorAll("*")].flatMap(element => [...(element instanceof HTMLCanvasElement ? [element] : []), ...(element.shadowRoot ? canvasesIn(element.shadowRoot) : [])]);
}

/** Waits for everything drawn so far: no pixel can be read before it is there. */
function readPixel(canvas) {
  const flat = canvas.getContext("2d");
  if (flat) return flat.getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1);
  const gl = canvas.getContext("webgl2") ?? canvas.getContext("webgl");
  gl.readPixels(gl.drawingBufferWidth >> 1, gl.drawingBufferHeight >> 1, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
}

/** The picture as a data URL, and for each of its pixels whether something is there; taken in the task that drew. */
function picture(container) {
  const whole = document.createElement("canvas");
  Object.assign(whole, viewport);
  const context = whole.getContext("2d", { willReadFrequently: true });
  for (const canvas of canvasesIn(container)) context.drawImage(canvas, 0, 0, viewport.width, viewport.height);
  const { data } = context.getImageData(0, 0, viewport.width, viewport.height);
  const covered = Array.from({ length: data.length / 4 }, (_, i) => (data[4 * i + 3] > 25 ? "1" : "0")).join("");
  return { covered, url: whole.toDataURL() };
}
