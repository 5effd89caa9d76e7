import { random } from "../random";
import type { Projection } from "./projection";

const bins = 64;
/** Height of the thickest place as a share of the strip's length. */
const thickness = 0.35;

/**
 * One latent dimension as a strip: the coordinate along it, and across it a place that is drawn evenly within the density
 * there, so that points lie beside each other and the outline is the histogram (sina plot, Sidiropoulos et al. 2018).
 */
export const strip: Projection = {
  title: "Latent axis, spread by density",
  dimensions: dim => (dim === 1 ? [2] : []),
  project: async ({ data, names }) => {
    let low = Infinity;
    let high = -Infinity;
    for (const z of data) {
      low = Math.min(low, z);
      high = Math.max(high, z);
    }
    const length = high - low || 1;
    const binOf = (z: number) => Math.min(bins - 1, Math.floor((bins * (z - low)) / length));
    const counts = new Float64Array(bins);
    for (const z of data) counts[binOf(z)]!++;
    const smooth = counts.map((count, b) => (count * 2 + (counts[b - 1] ?? 0) + (counts[b + 1] ?? 0)) / 4);
    const most = Math.max(...smooth);
    const stream = random(1, "strip");
    const picked = new Float32Array(2 * data.length);
    data.forEach((z, i) => {
      picked[2 * i] = z;
      picked[2 * i + 1] = (stream.uniform() - 0.5) * thickness * length * (smooth[binOf(z)]! / most);
    });
    return { data: picked, dimensions: 2, axes: [names[0]!, ""] };
  },
};
