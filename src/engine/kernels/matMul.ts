import { broadcast_util, util, type BatchMatMulAttrs, type TensorInfo } from "@tensorflow/tfjs-core";
import { epilogueOf, noEpilogue, type Epilogue } from "./epilogue";
import type { KernelHeap } from "./kernelHeap";
import type { FastKernel, Inputs } from "./register";

/** A matrix at an address: element (i, j) lies i·row + j·column elements further. */
export interface StridedMatrix {
  address: number;
  row: number;
  column: number;
}

/** c [rows, columns], row-major = a [rows, depth] · b [depth, columns], followed by the epilogue. */
export function multiply(heap: KernelHeap, a: StridedMatrix, b: StridedMatrix, c: number, rows: number, columns: number, depth: number, epilogue: Epilogue = noEpilogue): void {
  const parts = heap.partsFor(rows * columns * depth);
  const scratch = heap.scratch(heap.productScratch * parts);
  heap.run("matMul", parts, a.address, a.row, a.column, b.address, b.row, b.column, c, columns, rows, columns, depth, scratch, ...epilogue);
}

/** A row-major matrix with rows of length `columns`, read as its transpose where `transposed`. */
export function strided(address: number, columns: number, transposed: boolean): StridedMatrix {
  return transposed ? { address, row: 1, column: columns } : { address, row: columns, column: 1 };
}

/**
 * BatchMatMul: op(a) [...batchA, m, k] · op(b) [...batchB, k, n] → [...batch, m, n], where the batch dimensions broadcast
 * and op transposes the last two dimensions or does not. Float32 alone. As _FusedMatMul with a bias [n] and an activation.
 */
export function batchMatMul(heap: KernelHeap): FastKernel {
  return (inputs, attrs) => {
    const { a, b, bias } = inputs as Inputs<"a" | "b"> & { bias?: TensorInfo };
    const { transposeA, transposeB } = attrs as unknown as BatchMatMulAttrs;
    if (a.dtype !== "float32" || b.dtype !== "float32") return undefined;
    const [aHeight, aWidth] = a.shape.slice(-2) as [number, number];
    const [bHeight, bWidth] = b.shape.slice(-2) as [number, number];
    const rows = transposeA ? aWidth : aHeight;
    const depth = transposeA ? aHeight : aWidth;
    const columns = transposeB ? bHeight : bWidth;
    util.assert(
      depth === (transposeB ? bWidth : bHeight),
      () => `matMul of [${a.shape}] and [${b.shape}], transposeA ${transposeA}, transposeB ${transposeB}: inner sizes differ`,
    );
    const aBatch = a.shape.slice(0, -2);
    const bBatch = b.shape.slice(0, -2);
    const batch = broadcast_util.assertAndGetBroadcastShape(aBatch, bBatch);
    const epilogue = epilogueOf(heap, bias, columns, attrs);
    if (!epilogue) return undefined;
    const out = heap.output([...batch, rows, columns]);
    if (util.sizeFromShape(out.shape) === 0) return out;

    const aBytes = aHeight * aWidth * 4;
    const bBytes = bHeight * bWidth * 4;
    const aStart = heap.addressOf(a);
    const bStart = heap.addressOf(b);
    const outStart = heap.addressOf(out);
    if (!transposeA && util.sizeFromShape(bBatch) === 1) {
      // The matrices of a lie one below the other, and b is the same for all: one tall product.
      const allRows = util.sizeFromShape(batch) * rows;
      multiply(heap, strided(aStart, aWidth, false), strided(bStart, bWidth, transposeB), outStart, allRows, columns, depth, epilogue);
      return out;
    }
    const aIndices = batchIndices(aBatch, batch);
    const bIndices = batchIndices(bBatch, batch);
    aIndices.forEach((aIndex, index) => {
      const left = strided(aStart + aIndex * aBytes, aWidth, transposeA);
      const right = strided(bStart + bIndices[index]! * bBytes, bWidth, transposeB);
      multiply(heap, left, right, outStart + index * rows * columns * 4, rows, columns, depth, epilogue);
    });
    return out;
  };
}

/** For each index into the broadcast batch shape `batch`, row-major, the index into the operand's own batch shape `own`. */
function batchIndices(own: number[], batch: number[]): number[] {
  const padded = [...Array<number>(batch.length - own.length).fill(1), ...own];
  let indices = [0];
  batch.forEach((size, axis) => {
    const ownSize = padded[axis]!;
    indices = indices.flatMap(index => Array.from({ length: size }, (_, i) => index * ownSize + (ownSize === 1 ? 0 : i)));
  });
  return indices;
}
