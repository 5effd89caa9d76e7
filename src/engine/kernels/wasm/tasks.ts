// A kernel call written down in memory, so that several threads can each do their part of it. The record begins on a cache
// line, where the threads meet, and holds the kernel and its arguments behind it.

import { activationGradient } from "./activations";
import { adam } from "./adam";
import { lookUpBytes } from "./bytes";
import { channelMap, channelSums } from "./channels";
import { ConvolutionShape } from "./columns";
import { convolution, convolutionFilterGradient, convolutionInputGradient } from "./convolution";
import { descent } from "./descent";
import { DirectShape, directConvolution } from "./direct";
import { elementwiseFunction } from "./functions";
import { matMul } from "./product";
import { rowOperation } from "./rows";
import { columnSums } from "./sums";

// Offsets in bytes; FAILED, which only JavaScript writes, is in threads.ts.
/** i32, counts the calls; sleeping threads wait for it to change. */
const CALLS: usize = 0;
/** i32, the parts of the present call that other threads have done. */
const DONE: usize = 4;
/** i32, the threads that sleep. */
const SLEEPING: usize = 8;
/**
 * i64: from bit 16 on the number of the call, in bits 8 to 15 its parts, in the lower 8 the next part to be taken. Who takes a part
 * changes all at once, so a thread that comes late can take none of a later call by mistake.
 */
const NEXT: usize = 16;
/** i32, the kernel: an index into `kernelNames` of kernelHeap.ts; −1 ends the threads. */
const KERNEL: usize = 64;
/** f64 each: holds addresses, counts and factors exactly, so that one kind of argument will do. */
const ARGUMENTS: usize = 72;

/** Looks for work so often before a thread goes to sleep: longer than the usual pause between the kernels of a training step. */
const SPINS: i32 = 100_000;

function whole(task: usize, index: i32): i32 {
  return <i32>load<f64>(task + ARGUMENTS + (<usize>index << 3));
}

function address(task: usize, index: i32): usize {
  return <usize>load<f64>(task + ARGUMENTS + (<usize>index << 3));
}

function factor(task: usize, index: i32): f32 {
  return <f32>load<f64>(task + ARGUMENTS + (<usize>index << 3));
}

/** Does one part of the call. */
export function runPart(t: usize, part: i32, parts: i32): void {
  switch (load<i32>(t + KERNEL)) {
    case 0:
      matMul(
        address(t, 0), whole(t, 1), whole(t, 2), address(t, 3), whole(t, 4), whole(t, 5), address(t, 6), whole(t, 7),
        whole(t, 8), whole(t, 9), whole(t, 10), address(t, 11), address(t, 12), whole(t, 13), factor(t, 14), part, parts,
      );
      break;
    case 1:
      convolution(
        address(t, 0), address(t, 1), address(t, 2), changetype<ConvolutionShape>(address(t, 3)), address(t, 4),
        address(t, 5), whole(t, 6), factor(t, 7), part, parts,
      );
      break;
    case 2:
      convolutionInputGradient(address(t, 0), address(t, 1), address(t, 2), changetype<ConvolutionShape>(address(t, 3)), address(t, 4), part, parts);
      break;
    case 3:
      convolutionFilterGradient(address(t, 0), address(t, 1), address(t, 2), changetype<ConvolutionShape>(address(t, 3)), address(t, 4), part, parts);
      break;
    case 4:
      rowOperation(whole(t, 0), address(t, 1), address(t, 2), address(t, 3), whole(t, 4), whole(t, 5), part, parts);
      break;
    case 5:
      columnSums(address(t, 0), address(t, 1), whole(t, 2), whole(t, 3), factor(t, 4), part, parts);
      break;
    case 6:
      elementwiseFunction(whole(t, 0), address(t, 1), address(t, 2), whole(t, 3), factor(t, 4), part, parts);
      break;
    case 7:
      activationGradient(whole(t, 0), address(t, 1), address(t, 2), address(t, 3), whole(t, 4), factor(t, 5), part, parts);
      break;
    case 8:
      adam(
        address(t, 0), address(t, 1), address(t, 2), address(t, 3), address(t, 4), address(t, 5), address(t, 6), whole(t, 7),
        factor(t, 8), factor(t, 9), factor(t, 10), factor(t, 11), factor(t, 12), factor(t, 13), factor(t, 14), part, parts,
      );
      break;
    case 9:
      lookUpBytes(address(t, 0), address(t, 1), address(t, 2), whole(t, 3), part, parts);
      break;
    case 10:
      channelSums(address(t, 0), address(t, 1), address(t, 2), address(t, 3), whole(t, 4), whole(t, 5), part, parts);
      break;
    case 11:
      channelMap(address(t, 0), address(t, 1), address(t, 2), address(t, 3), whole(t, 4), whole(t, 5), part, parts);
      break;
    case 12:
      descent(
        whole(t, 0), address(t, 1), address(t, 2), address(t, 3), address(t, 4), address(t, 5), whole(t, 6),
        factor(t, 7), factor(t, 8), factor(t, 9), factor(t, 10), part, parts,
      );
      break;
    case 13:
      directConvolution(
        address(t, 0), address(t, 1), address(t, 2), changetype<DirectShape>(address(t, 3)), address(t, 4),
        address(t, 5), whole(t, 6), factor(t, 7), part, parts,
      );
      break;
    default:
      unreachable();
  }
}

/** The call and its next part, which is then the caller's, as NEXT has them; 0 when there is none left. */
function takePart(task: usize): i64 {
  while (true) {
    const next = atomic.load<i64>(task + NEXT);
    if (partOf(next) >= partsOf(next)) return 0;
    if (atomic.cmpxchg<i64>(task + NEXT, next, next + 1) == next) return next;
  }
}

function partOf(next: i64): i32 {
  return <i32>next & 255;
}

function partsOf(next: i64): i32 {
  return <i32>next >> 8 & 255;
}

/**
 * Does the call with all threads and returns when every part is done. Whoever is free takes the next part: a thread that is
 * still waking up holds nobody up. Which thread does a part changes no bit of the result.
 */
export function runParts(task: usize, parts: i32): void {
  if (!ASC_FEATURE_THREADS) return runPart(task, 0, 1);
  atomic.store<i32>(task + DONE, 0);
  atomic.store<i64>(task + NEXT, (atomic.load<i64>(task + NEXT) & ~0xffff) + 0x10000 | <i64>(parts << 8));
  atomic.add<i32>(task + CALLS, 1);
  if (atomic.load<i32>(task + SLEEPING) > 0) atomic.notify(task + CALLS, -1);
  let own = 0;
  for (let taken = takePart(task); taken != 0; taken = takePart(task)) {
    runPart(task, partOf(taken), parts);
    own++;
  }
  while (atomic.load<i32>(task + DONE) < parts - own) {}
}

/** What another thread does until it takes a part of the call with kernel −1: parts of every call. */
export function serve(task: usize): void {
  if (!ASC_FEATURE_THREADS) return;
  let spins = SPINS;
  while (true) {
    const calls = atomic.load<i32>(task + CALLS); // before looking for work, so that work that comes meanwhile ends the sleep
    const taken = takePart(task);
    if (taken != 0) {
      if (load<i32>(task + KERNEL) < 0) return;
      runPart(task, partOf(taken), partsOf(taken));
      atomic.add<i32>(task + DONE, 1);
      spins = SPINS;
    } else if (--spins <= 0) {
      atomic.add<i32>(task + SLEEPING, 1);
      atomic.wait<i32>(task + CALLS, calls, -1);
      atomic.sub<i32>(task + SLEEPING, 1);
      spins = SPINS;
    }
  }
}
