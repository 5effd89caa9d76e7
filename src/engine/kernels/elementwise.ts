import { util, type MeanAttrs, type TensorInfo } from "@tensorflow/tfjs-core";
import { PASS, type KernelHeap } from "./kernelHeap";
import type { FastKernel, Inputs } from "./register";

/** Named as in wasm/rows.ts. */
const rowOperations = { Add: 0, Sub: 1, Multiply: 2 } as const;

/** x again, sharing its values; the shipped kernel copies them, and every clone that a gradient keeps runs it. */
export function identity(heap: KernelHeap): FastKernel {
  return inputs => {
    const { x } = inputs as Inputs<"x">;
    return x.dtype === "string" ? undefined : heap.share(x);
  };
}

/**
 * a [..., ...tail] + b [...tail], and likewise − and ·: a bias added, channels centred or scaled. The shipped kernel
 * broadcasts short rows several times slower. Other shapes are left to it.
 */
export function rowOperation(heap: KernelHeap, operation: keyof typeof rowOperations): FastKernel {
  return inputs => {
    const { a, b } = inputs as Inputs<"a" | "b">;
    if (isRowOf(b, a)) return combine(heap, operation, a, b);
    if (operation !== "Sub" && isRowOf(a, b)) return combine(heap, operation, b, a);
    return undefined;
  };
}

function combine(heap: KernelHeap, operation: keyof typeof rowOperations, x: TensorInfo, row: TensorInfo): TensorInfo {
  const columns = util.sizeFromShape(row.shape);
  const rows = util.sizeFromShape(x.shape) / columns;
  const out = heap.output(x.shape);
  heap.run("rowOperation", heap.partsFor(rows * columns * PASS), rowOperations[operation], heap.addressOf(x), heap.addressOf(row), heap.addressOf(out), rows, columns);
  return out;
}

/** True where `row`, less its leading ones, has the last dimensions of `x`; false where there is nothing to gain. */
function isRowOf(row: TensorInfo, x: TensorInfo): boolean {
  if (row.dtype !== "float32" || x.dtype !== "float32" || row.shape.length > x.shape.length) return false;
  const size = util.sizeFromShape(row.shape);
  if (size === 0 || size === util.sizeFromShape(x.shape)) return false;
  const firstAxis = row.shape.findIndex(length => length !== 1);
  const tail = firstAxis < 0 ? [] : row.shape.slice(firstAxis);
  return tail.every((length, axis) => length === x.shape[x.shape.length - tail.length + axis]);
}

/** Sum, or mean, of float32 over all leading axes: the gradient of a bias, a batch's mean, a total. */
export function leadingSum(heap: KernelHeap, mean: boolean): FastKernel {
  return (inputs, attrs) => {
    const { x } = inputs as Inputs<"x">;
    const { axis, keepDims } = attrs as unknown as MeanAttrs;
    const size = util.sizeFromShape(x.shape);
    if (x.dtype !== "float32" || size === 0) return undefined;
    const axes = util.parseAxisParam(axis, x.shape).sort((a, b) => a - b);
    if (axes.length === 0 || axes.some((value, index) => value !== index)) return undefined;
    const tail = x.shape.slice(axes.length);
    const columns = util.sizeFromShape(tail);
    const rows = size / columns;
    const out = heap.output(keepDims ? [...axes.map(() => 1), ...tail] : tail);
    const parts = Math.min(heap.partsFor(size * PASS), rows >= heap.parts ? heap.parts : 1);
    const partials = parts === 1 ? heap.addressOf(out) : heap.scratch(parts * columns * 4);
    heap.run("columnSums", parts, heap.addressOf(x), partials, rows, columns, mean ? 1 / rows : 1);
    if (parts > 1) heap.run("columnSums", 1, partials, heap.addressOf(out), parts, columns, 1);
    return out;
  };
}
