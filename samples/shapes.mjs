// Pictures whose factors of variation are known, after the idea of dSprites (Matthey et al. 2017): one shape, scaled,
// turned and moved independently. Own drawings, with grey edges instead of dSprites' two values.
import { uniform } from "./random.mjs";

const size = 32;
const perPixel = 4; // samples along each side of a pixel

/** Whether (x, y) lies in the shape of about radius 1; y points up. */
const inside = [
  (x, y) => Math.max(Math.abs(x), Math.abs(y)) <= 0.8,
  (x, y) => (x / 1) ** 2 + (y / 0.55) ** 2 <= 1,
  (x, y) => (x * x + y * y - 0.72) ** 3 - x * x * y ** 3 <= 0,
];
const levels = { scale: 6, rotation: 24, x: 16, y: 16 };

/** `count` pictures, drawn at random from the levels of each factor. @param {number} count */
export function drawShapes(count) {
  const random = uniform(2017);
  const level = steps => Math.floor(random() * steps) / (steps - 1); // 0 … 1
  const images = new Uint8Array(count * size * size);
  const labels = new BigInt64Array(count);
  const factorNames = ["shape", "scale", "rotation", "x", "y"];
  const factors = new Float32Array(count * factorNames.length);
  for (let index = 0; index < count; index++) {
    const shape = Math.floor(random() * inside.length);
    const scale = 0.5 + 0.5 * level(levels.scale);
    const rotation = (Math.floor(random() * levels.rotation) / levels.rotation) * 2 * Math.PI; // 2π would be 0 again
    const x = level(levels.x);
    const y = level(levels.y);
    labels[index] = BigInt(shape);
    factors.set([shape, scale, rotation, x, y], index * factorNames.length);
    draw(images.subarray(index * size * size, (index + 1) * size * size), inside[shape], { scale, rotation, x, y });
  }
  return { count, size, images, labels, factors, factorNames };
}

function draw(pixels, contains, { scale, rotation, x, y }) {
  const radius = 8 * scale; // in pixels, 9 at most from the border to the middle
  const centre = position => 9 + position * (size - 18);
  const cosine = Math.cos(rotation) / radius;
  const sine = Math.sin(rotation) / radius;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let hits = 0;
      for (let sample = 0; sample < perPixel * perPixel; sample++) {
        const right = column + ((sample % perPixel) + 0.5) / perPixel - centre(x);
        const up = centre(y) - (row + (Math.floor(sample / perPixel) + 0.5) / perPixel);
        if (contains(right * cosine + up * sine, up * cosine - right * sine)) hits++;
      }
      pixels[row * size + column] = Math.round((255 * hits) / perPixel ** 2);
    }
  }
}
