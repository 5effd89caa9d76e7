import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { Draw, expectClose, expectGradientsOf, expectLikeCpu, freshKernels, setups, valuesOn } from "./support";

const sizes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17, 24, 31, 64, 65];

describe.each(setups)("matMul, $variant on $threads threads", setup => {
  beforeAll(() => freshKernels(setup));

  it("agrees with the cpu backend for random sizes and all transposes", async () => {
    for (let round = 0; round < 120; round++) {
      const draw = new Draw("matMul", round);
      const [rows, depth, columns] = [draw.one(...sizes), draw.one(...sizes), draw.one(...sizes)];
      const [transposeA, transposeB] = [round % 2 === 0, round % 4 < 2];
      const a = draw.tensor(transposeA ? [depth, rows] : [rows, depth]);
      const b = draw.tensor(transposeB ? [columns, depth] : [depth, columns]);
      await expectLikeCpu(() => [tf.matMul(a(), b(), transposeA, transposeB)], `${rows}x${depth}x${columns} ${transposeA} ${transposeB}`);
    }
  });

  it.each([
    [130, 600, 530], // beyond one block in every direction
    [1, 1000, 3],
    [700, 1, 2],
    [3, 2, 1100],
  ])("agrees with the cpu backend for %d × %d × %d", async (rows, depth, columns) => {
    const draw = new Draw("large", rows);
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const a = draw.tensor(transposeA ? [depth, rows] : [rows, depth]);
        const b = draw.tensor(transposeB ? [columns, depth] : [depth, columns]);
        await expectLikeCpu(() => [tf.matMul(a(), b(), transposeA, transposeB)], `${transposeA} ${transposeB}`);
      }
    }
  });

  it("gives zeros where the inner size is 0, and nothing where an outer size is", async () => {
    const [product] = await valuesOn("wasm", () => [tf.matMul(tf.zeros([3, 0]), tf.zeros([0, 5]))]);
    expect(product).toEqual({ shape: [3, 5], values: new Float32Array(15) });
    const [none] = await valuesOn("wasm", () => [tf.matMul(tf.zeros([0, 4]), tf.zeros([4, 5]))]);
    expect(none).toEqual({ shape: [0, 5], values: new Float32Array(0) });
  });

  it("broadcasts batches of any rank", async () => {
    const cases: [number[], number[]][] = [
      [[3], [3]], [[3], []], [[], [4]], [[1], [4]], [[2, 3], [3]], [[2, 1], [1, 3]], [[2, 1, 3], [4, 1]], [[0], [1]], [[5, 2], [1, 1]],
    ];
    for (const [batchA, batchB] of cases) {
      for (const [transposeA, transposeB] of [[false, false], [true, false], [false, true], [true, true]] as const) {
        const draw = new Draw("batch", batchA.join(), batchB.join());
        const a = draw.values([...batchA, 5, 7]);
        const b = draw.values([...batchB, 7, 6]);
        const { shape, values } = productsOf(a, batchA, b, batchB);
        const left = () => tf.tensor(transposeA ? transposed(a, 5, 7) : a, [...batchA, ...(transposeA ? [7, 5] : [5, 7])]);
        const right = () => tf.tensor(transposeB ? transposed(b, 7, 6) : b, [...batchB, ...(transposeB ? [6, 7] : [7, 6])]);
        const [actual] = await valuesOn("wasm", () => [tf.matMul(left(), right(), transposeA, transposeB)]);
        expect(actual!.shape).toEqual(shape);
        expectClose(actual!.values, values, `[${batchA}] · [${batchB}] ${transposeA} ${transposeB}`);
      }
    }
  });

  it("has the gradients of finite differences for all transposes", async () => {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const shapes = [transposeA ? [2, 7, 5] : [2, 5, 7], transposeB ? [2, 9, 7] : [2, 7, 9]];
        await expectGradientsOf((a, b) => tf.matMul(a!, b!, transposeA, transposeB), shapes, new Draw("gradient"), `${transposeA} ${transposeB}`, 0.25);
      }
    }
  });

  it("refuses sizes that do not fit, with the shapes", async () => {
    await tf.setBackend("wasm");
    expect(() => tf.engine().runKernel("BatchMatMul", { a: tf.zeros([2, 3]), b: tf.zeros([4, 5]) }, { transposeA: false, transposeB: false }))
      .toThrow("[2,3] and [4,5]");
  });
});

/** a [...batchA, 5, 7] · b [...batchB, 7, 6] with broadcast batches, by the definition. */
function productsOf(a: Float32Array, batchA: number[], b: Float32Array, batchB: number[]): { shape: number[]; values: Float64Array } {
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  const count = batch.reduce((product, size) => product * size, 1);
  const values = new Float64Array(count * 30);
  for (let index = 0; index < count; index++) {
    const position: number[] = [];
    for (let rest = index, axis = batch.length - 1; axis >= 0; axis--) {
      position.unshift(rest % batch[axis]!);
      rest = Math.floor(rest / batch[axis]!);
    }
    const offsetIn = (own: number[]) =>
      own.reduce((offset, size, axis) => offset * size + (size === 1 ? 0 : position[batch.length - own.length + axis]!), 0);
    const [fromA, fromB] = [offsetIn(batchA) * 35, offsetIn(batchB) * 42];
    for (let i = 0; i < 30; i++) {
      for (let k = 0; k < 7; k++) values[index * 30 + i]! += a[fromA + Math.floor(i / 6) * 7 + k]! * b[fromB + k * 6 + (i % 6)]!;
    }
  }
  return { shape: [...batch, 5, 6], values };
}

/** Each matrix [rows, columns] of the batch as its transpose. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const size = rows * columns;
  return values.map((_, index) => {
    const place = index % size;
    return values[index - place + (place % rows) * columns + Math.floor(place / rows)]!;
  });
}
