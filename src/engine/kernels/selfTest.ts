import { dispose, tensor1d } from "@tensorflow/tfjs-core";
import { LatentError } from "../../protocol/errors";
import type { KernelHeap } from "./kernelHeap";
import { Bench } from "./selfTestBench";
import { testConvolution } from "./selfTestConvolution";

// Before any tensor is entrusted to the module, each of its kernels runs once on small odd shapes and is held against the
// plain loop that defines it. This catches an instruction that this processor or V8 gets wrong, a build that does not
// belong to these sources, and a tfjs-backend-wasm whose memory is not laid out as it was.

/** Throws, with the kernel's name and its error, unless all kernels of `heap`, divided among its threads, agree with plain loops. */
export function selfTest(heap: KernelHeap): void {
  const bench = new Bench(heap);
  try {
    testTensors(heap);
    testMatMul(bench);
    testConvolution(bench);
    testRows(bench);
    testFunctions(bench);
    testEpilogues(bench);
    testActivationGradients(bench);
    testAdam(bench);
    testDescent(bench);
    testBytes(bench);
    testChannels(bench);
  } finally {
    bench.free();
  }
}

/** A tensor's values must be where its address says. */
function testTensors(heap: KernelHeap): void {
  const tensor = tensor1d([1, 2, 3]);
  const values = new Float32Array(heap.memory.buffer, heap.addressOf(tensor), 3).join();
  dispose(tensor);
  if (values !== "1,2,3") throw new LatentError("internal", `a tensor of 1,2,3 has ${values} at its address`);
}

/** Depth beyond a block of the product, sides that fill no tile, all four transposes. */
function testMatMul(bench: Bench): void {
  const [rows, columns, depth] = [13, 19, 300];
  const a = bench.input(rows * depth);
  const b = bench.input(depth * columns);
  const { heap } = bench;
  const scratch = heap.scratch(heap.productScratch * heap.parts);
  for (const [aRow, aColumn] of [[depth, 1], [1, rows]] as const) {
    for (const [bRow, bColumn] of [[columns, 1], [1, depth]] as const) {
      const expected = new Float64Array(rows * columns);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          for (let k = 0; k < depth; k++) {
            expected[i * columns + j]! += a.values[i * aRow + k * aColumn]! * b.values[k * bRow + j * bColumn]!;
          }
        }
      }
      const c = bench.output(rows * columns);
      heap.run("matMul", heap.parts, a.address, aRow, aColumn, b.address, bRow, bColumn, c, columns, rows, columns, depth, scratch, 0, 0, 0);
      bench.expect("matMul", c, expected);
    }
  }
}

function testRows(bench: Bench): void {
  const { heap } = bench;
  for (const [rows, columns] of [[5, 23], [37, 1]] as const) {
    const x = bench.input(rows * columns);
    const row = bench.input(columns);
    const operations = [(a: number, b: number) => a + b, (a: number, b: number) => a - b, (a: number, b: number) => a * b];
    operations.forEach((operation, index) => {
      const out = bench.output(rows * columns);
      heap.run("rowOperation", heap.parts, index, x.address, row.address, out, rows, columns);
      bench.expect("rowOperation", out, x.values.map((value, i) => operation(value, row.values[i % columns]!)));
    });

    const sums = new Float64Array(columns);
    x.values.forEach((value, index) => (sums[index % columns]! += 0.5 * value));
    const partials = bench.output(heap.parts * columns);
    heap.run("columnSums", heap.parts, x.address, partials, rows, columns, 0.5);
    const out = bench.output(columns);
    heap.run("columnSums", 1, partials, out, heap.parts, columns, 1);
    bench.expect("columnSums", out, sums);
  }
}

/** A product followed by each activation, for a wide matrix and a tall one, which are divided differently. */
function testEpilogues(bench: Bench): void {
  const { heap } = bench;
  const alpha = 0.2;
  const activations = [(x: number) => x, (x: number) => Math.max(0, x), (x: number) => (x > 0 ? x : alpha * x), (x: number) => 1 / (1 + Math.exp(-x))];
  for (const [rows, columns] of [[9, 19], [19, 9]] as const) {
    const [a, b, bias] = [bench.input(rows), bench.input(columns), bench.input(columns)];
    activations.forEach((f, activation) => {
      const c = bench.output(rows * columns);
      const scratch = heap.scratch(heap.productScratch * heap.parts);
      heap.run("matMul", heap.parts, a.address, 1, 1, b.address, columns, 1, c, columns, rows, columns, 1, scratch, bias.address, activation, alpha);
      bench.expect("epilogue", c, Float64Array.from({ length: rows * columns }, (_, i) => f(a.values[Math.floor(i / columns)]! * b.values[i % columns]! + bias.values[i % columns]!)));
    });
  }
}

function testFunctions(bench: Bench): void {
  const alpha = 0.2;
  const functions = [Math.exp, Math.log1p, Math.tanh, (x: number) => Math.max(0, x), (x: number) => (x > 0 ? x : alpha * x), (x: number) => Math.log1p(Math.exp(x))];
  functions.forEach((f, name) => {
    const x = bench.input(11);
    const y = bench.output(11);
    bench.heap.run("elementwiseFunction", bench.heap.parts, name, x.address, y, 11, alpha);
    bench.expect("elementwiseFunction", y, x.values.map(f));
  });
}

function testActivationGradients(bench: Bench): void {
  const count = 11;
  const alpha = 0.2;
  const dy = bench.input(count);
  const xOrY = bench.input(count);
  const slopes = [
    (x: number) => (x > 0 ? 1 : 0),
    (x: number) => (x > 0 ? 1 : alpha),
    (y: number) => y * (1 - y),
    (y: number) => 1 - y * y,
    (x: number) => 1 / (1 + Math.exp(-x)),
  ];
  slopes.forEach((slope, activation) => {
    const dx = bench.output(count);
    bench.heap.run("activationGradient", bench.heap.parts, activation, dy.address, xOrY.address, dx, count, alpha);
    bench.expect("activationGradient", dx, dy.values.map((value, i) => value * slope(xOrY.values[i]!)));
  });
}

function testAdam(bench: Bench): void {
  const count = 11;
  const [beta1, beta2, stepSize, correction2, epsilon] = [0.9, 0.999, 0.01, 500, 1e-7];
  const [w, g, m] = [bench.input(count), bench.input(count), bench.input(count)];
  const v = g.values.map(value => value * value * 0.5);
  const newM = m.values.map((value, i) => beta1 * value + (1 - beta1) * g.values[i]!);
  const newV = v.map((value, i) => beta2 * value + (1 - beta2) * g.values[i]! ** 2);
  const newW = w.values.map((value, i) => value - (stepSize * newM[i]!) / (Math.sqrt(newV[i]! * correction2) + epsilon));
  const outputs = [newW, newM, newV].map(expected => ({ expected, address: bench.output(count) }));
  const [outW, outM, outV] = outputs.map(output => output.address) as [number, number, number];
  bench.heap.run(
    "adam", bench.heap.parts, w.address, g.address, m.address, bench.write(v), outW, outM, outV, count,
    beta1, 1 - beta1, beta2, 1 - beta2, stepSize, correction2, epsilon,
  );
  for (const { expected, address } of outputs) bench.expect("adam", address, expected);
}

function testDescent(bench: Bench): void {
  const count = 11;
  const [rate, decay, epsilon] = [0.01, 0.9, 1e-3];
  const [w, g] = [bench.input(count), bench.input(count)];
  const s = bench.input(count).values.map(Math.abs);
  const means = [(i: number) => decay * s[i]! + g.values[i]!, (i: number) => decay * s[i]! + (1 - decay) * g.values[i]! ** 2];
  const steps = [(_: number, mean: number) => rate * mean, (i: number, mean: number) => (rate * g.values[i]!) / (Math.sqrt(mean) + epsilon)];
  means.forEach((mean, rule) => {
    const [outW, outS] = [bench.output(count), bench.output(count)];
    bench.heap.run("descent", bench.heap.parts, rule, w.address, g.address, bench.write(s), outW, outS, count, rate, decay, 1 - decay, epsilon);
    const newS = s.map((_, i) => mean(i));
    bench.expect("descent", outS, newS);
    bench.expect("descent", outW, w.values.map((value, i) => value - steps[rule]!(i, newS[i]!)));
  });
}

function testBytes(bench: Bench): void {
  const table = bench.input(256);
  const bytes = Int32Array.from({ length: 19 }, (_, i) => 0x01010101 * ((i * 37) % 256)); // four bytes each
  const out = bench.output(bytes.byteLength);
  bench.heap.run("lookUpBytes", bench.heap.parts, bench.write(bytes), table.address, out, bytes.byteLength);
  bench.expect("lookUpBytes", out, Array.from(new Uint8Array(bytes.buffer), byte => table.values[byte]!));
}

function testChannels(bench: Bench): void {
  const { heap } = bench;
  const [rows, columns] = [7, 11];
  const [x, dy, coefficients] = [bench.input(rows * columns), bench.input(rows * columns), bench.input(4 * columns)];
  const [centre, scale, shift, factor] = [0, 1, 2, 3].map(i => coefficients.values.subarray(i * columns, (i + 1) * columns)) as [Float32Array, Float32Array, Float32Array, Float32Array];
  for (const upstream of [null, dy]) {
    const sums = new Float64Array(2 * columns);
    const mapped = x.values.map((value, index) => {
      const j = index % columns;
      const difference = value - centre[j]!;
      const u = upstream ? upstream.values[index]! : difference;
      sums[j]! += u;
      sums[columns + j]! += u * difference;
      return difference * scale[j]! + shift[j]! + (upstream ? upstream.values[index]! * factor[j]! : 0);
    });
    const partials = bench.output(heap.parts * 2 * columns);
    heap.run("channelSums", heap.parts, x.address, upstream?.address ?? 0, coefficients.address, partials, rows, columns);
    const total = bench.output(2 * columns);
    heap.run("columnSums", 1, partials, total, heap.parts, 2 * columns, 1);
    bench.expect("channelSums", total, sums);
    const out = bench.output(rows * columns);
    heap.run("channelMap", heap.parts, x.address, upstream?.address ?? 0, coefficients.address, out, rows, columns);
    bench.expect("channelMap", out, mapped);
  }
}
