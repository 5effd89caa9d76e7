// The two clouds of bench/scatter.mjs, and the server that hands them to the pages beside the pages themselves.

import { createServer } from "node:http";
import { digitMap } from "./digitMap.mjs";

/** Every digit once, and the same map repeated up to a million points, each moved a little. By name: positions, digits and bands. */
export function clouds() {
  const { positions, digits } = digitMap();
  return {
    "70,000": withBands(positions, digits),
    "1,000,000": withBands(...repeated(positions, digits, 1_000_000)),
  };
}

/** Moves the copies by a hundredth of the map's standard deviations, so that they do not lie on each other. */
function repeated(positions, digits, count) {
  const normal = normals(1);
  const rows = digits.length;
  const deviations = [0, 1].map(j => Math.sqrt(digits.reduce((sum, _, i) => sum + positions[2 * i + j] ** 2, 0) / rows));
  const moved = Float32Array.from({ length: 2 * count }, (_, i) => positions[i % (2 * rows)] + 0.01 * deviations[i % 2] * normal());
  return [moved, Uint8Array.from({ length: count }, (_, i) => digits[i % rows])];
}

/** A second colouring to change to: ten classes of equal size, from left to right. */
function withBands(positions, digits) {
  const order = Uint32Array.from(digits.keys()).sort((a, b) => positions[2 * a] - positions[2 * b]);
  const bands = new Uint8Array(digits.length);
  order.forEach((row, rank) => { bands[row] = Math.floor((10 * rank) / digits.length); });
  return { positions, digits, bands };
}

/** Standard normal numbers (Box & Muller 1958), the same at every run. */
function normals(seed) {
  let state = seed;
  // A Weyl sequence, its bits mixed (the finalizer of MurmurHash3).
  const uniform = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let bits = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Serves `files` by path; the answer is the server and its address. */
export async function serve(files) {
  const server = createServer(({ url }, response) => {
    const content = files.get(decodeURIComponent(url));
    const type = url.endsWith(".js") ? "text/javascript" : url.endsWith(".html") ? "text/html" : "application/octet-stream";
    response.writeHead(content ? 200 : 404, { "content-type": type }).end(content);
  });
  await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
  return { server, address: `http://127.0.0.1:${server.address().port}` };
}
