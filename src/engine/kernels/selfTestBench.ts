import { LatentError } from "../../protocol/errors";
import { random } from "../random";
import type { KernelHeap } from "./kernelHeap";

const TOLERANCE = 1e-5;

/** Arrays on the heap for the time of the test. */
export class Bench {
  private readonly addresses: number[] = [];
  private readonly stream = random(1, "kernel self-test");

  constructor(readonly heap: KernelHeap) {}

  /** `count` values in (−1, 1), at an address. */
  input(count: number): { values: Float32Array; address: number } {
    const values = Float32Array.from({ length: count }, () => 2 * this.stream.uniform() - 1);
    return { values, address: this.write(values) };
  }

  /** Room for `count` values, filled with NaN so that one that is not written shows. */
  output(count: number): number {
    return this.write(new Float32Array(count).fill(NaN));
  }

  write(values: Float32Array | Int32Array): number {
    const address = this.heap.allocate(values.byteLength);
    this.addresses.push(address);
    new Uint8Array(this.heap.memory.buffer, address).set(new Uint8Array(values.buffer));
    return address;
  }

  /** Throws unless the values at `address` are `expected`, to rounding. */
  expect(kernel: string, address: number, expected: ArrayLike<number>): void {
    const actual = new Float32Array(this.heap.memory.buffer, address, expected.length);
    let largest = 1;
    let worst = 0;
    actual.forEach((value, index) => {
      largest = Math.max(largest, Math.abs(expected[index]!));
      const error = Math.abs(value - expected[index]!);
      if (!(error <= worst)) worst = error; // NaN is worst
    });
    if (!(worst <= TOLERANCE * largest)) throw new LatentError("internal", `${kernel} is off by ${worst} of ${largest}`);
  }

  free(): void {
    for (const address of this.addresses) this.heap.free(address);
  }
}
