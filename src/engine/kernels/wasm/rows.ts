// One row combined with every row of a matrix: adding a bias, centring, scaling.

import { Binary, Unary, map, mapPairs } from "./map";
import { at, partStart } from "./parts";

// Named as in rowOperations of elementwise.ts.
const ADD: i32 = 0;
const SUBTRACT: i32 = 1;

@unmanaged
class Add extends Binary {
  of(x: v128, y: v128, parameter: v128): v128 {
    return f32x4.add(x, y);
  }
}

@unmanaged
class Subtract extends Binary {
  of(x: v128, y: v128, parameter: v128): v128 {
    return f32x4.sub(x, y);
  }
}

@unmanaged
class Multiply extends Binary {
  of(x: v128, y: v128, parameter: v128): v128 {
    return f32x4.mul(x, y);
  }
}

/** F with its second argument fixed: a row of one value. */
@unmanaged
class WithValue<F extends Binary> extends Unary {
  of(x: v128, value: v128): v128 {
    return changetype<F>(<usize>0).of(x, value, value);
  }
}

/** out [rows, columns] = x [rows, columns] +, − or · `row` [columns]; divided by rows. */
export function rowOperation(operation: i32, x: usize, row: usize, out: usize, rows: i32, columns: i32, part: i32, parts: i32): void {
  const start = partStart(rows, 4, part, parts);
  const end = partStart(rows, 4, part + 1, parts);
  if (operation == ADD) combineRows<Add>(x, row, out, start, end, columns);
  else if (operation == SUBTRACT) combineRows<Subtract>(x, row, out, start, end, columns);
  else combineRows<Multiply>(x, row, out, start, end, columns);
}

function combineRows<F extends Binary>(x: usize, row: usize, out: usize, start: i32, end: i32, columns: i32): void {
  if (columns == 1) {
    map<WithValue<F>>(x, out, start, end, v128.load_splat<f32>(row));
    return;
  }
  const unused = f32x4.splat(0);
  for (let i = start; i < end; i++) mapPairs<F>(at(x, i * columns), row, at(out, i * columns), 0, columns, unused);
}
