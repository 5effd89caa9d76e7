import type { Crew } from "./crew";

// Lengths and tables of the Fourier transforms in wasm/tsneFft.ts.

/** The least multiple of 8, at least `least`, with no prime factor above 5. */
export function transformLength(least: number): number {
  for (let length = Math.max(Math.ceil(least / 8), 1) * 8; ; length += 8) if (radicesOf(length)) return length;
}

/** Factors 2 to 5, or undefined where there is a larger prime. */
function radicesOf(length: number): number[] | undefined {
  const radices: number[] = [];
  let rest = length;
  for (const radix of [4, 2, 3, 5]) {
    for (; rest % radix === 0; rest /= radix) radices.push(radix);
  }
  return rest === 1 ? radices : undefined;
}

/** Bytes before the twiddles (wasm/tsneConvolution.ts). */
const HEAD = 64;

/** Writes the table of transforms of one length into the crew's memory, once for each length. */
export function transformPlans(crew: Crew): (length: number) => number {
  const addresses = new Map<number, number>();
  return length => {
    let address = addresses.get(length);
    if (address === undefined) {
      const plan = crew.heap.uint8(HEAD + 8 * length);
      const radices = radicesOf(length)!;
      new Int32Array(plan.values.buffer, plan.address, HEAD / 4).set([length, radices.length, ...radices]);
      const twiddles = new Float32Array(plan.values.buffer, plan.address + HEAD, 2 * length);
      for (let j = 0; j < length; j++) {
        twiddles[2 * j] = Math.cos((2 * Math.PI * j) / length);
        twiddles[2 * j + 1] = -Math.sin((2 * Math.PI * j) / length);
      }
      addresses.set(length, (address = plan.address));
    }
    return address;
  };
}
