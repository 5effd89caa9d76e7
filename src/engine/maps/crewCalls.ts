import type { WasmMemory, WasmModule } from "../webAssembly";

// How a call reaches the threads of a crew: written down in a record of shared memory, whose parts are taken by whoever is
// free, so that nobody waits for a thread that is still starting or waking up.

/** What a thread is started with (crewThread.ts). */
export interface CrewData {
  module: WasmModule;
  memory: WasmMemory;
  record: SharedArrayBuffer;
}

/** The module's exports: (part, parts, ...arguments). */
export type CrewKernels = Record<string, (part: number, parts: number, ...args: number[]) => void>;

// Places in the record: i32 each, and behind them the arguments, f64 each: they hold addresses, counts and factors exactly.
/** Counts the calls; sleeping threads wait for it to change. */
const CALLS = 0;
/** The call's number in the upper half and the next part to be taken in the lower: who takes one changes both at once, so a thread that comes late takes none of a later call by mistake. */
const NEXT = 1;
const PARTS = 2;
/** Parts of the present call that threads other than the caller's have done. */
const DONE = 3;
/** 1 once a kernel has failed on a thread. */
const FAILED = 4;
/** Index of the kernel in the sorted names of the exports. */
const KERNEL = 5;
const COUNT = 6;
const HEADER_BYTES = 64;
const maxArguments = 32;

/** In place of a part: there is none to take while a call is being written down. */
const CLOSED = 0xffff;
export const maxParts = CLOSED - 1;

/** Looks for work so often before it goes to sleep: longer than the usual pause between the calls of one step. */
const spins = 20_000;

export interface CrewCalls {
  readonly record: SharedArrayBuffer;
  /** Runs a kernel with the other threads; false when it failed on one of them, or an earlier one anywhere. What it throws here passes. */
  call(kernel: string, parts: number, args: readonly number[]): boolean;
  /** What another thread does, for ever: parts of every call. */
  serve(): never;
}

export function crewCalls(kernels: CrewKernels, record = new SharedArrayBuffer(HEADER_BYTES + 8 * maxArguments)): CrewCalls {
  const numbers = new Int32Array(record, 0, HEADER_BYTES / 4);
  const values = new Float64Array(record, HEADER_BYTES);
  const names = Object.keys(kernels).filter(name => typeof kernels[name] === "function").sort();

  function takePart(): number {
    for (;;) {
      const next = Atomics.load(numbers, NEXT);
      const part = next & 0xffff;
      if (part >= numbers[PARTS]!) return -1;
      if (Atomics.compareExchange(numbers, NEXT, next, next + 1) === next) return part;
    }
  }

  /** Does parts until none is left, and counts them. */
  function work(onDone: () => void): number {
    let done = 0;
    for (let part = takePart(); part >= 0; part = takePart()) {
      kernels[names[numbers[KERNEL]!]!]!(part, numbers[PARTS]!, ...values.subarray(0, numbers[COUNT]!));
      done++;
      onDone();
    }
    return done;
  }

  return {
    record,
    call: (kernel, parts, args) => {
      const number = (Atomics.load(numbers, CALLS) + 1) & 0x7fff;
      numbers[KERNEL] = names.indexOf(kernel);
      if (numbers[KERNEL]! < 0) throw new Error(`there is no kernel "${kernel}"`);
      numbers[PARTS] = parts;
      numbers[COUNT] = args.length;
      values.set(args);
      Atomics.store(numbers, DONE, 0);
      Atomics.store(numbers, NEXT, number << 16);
      Atomics.store(numbers, CALLS, number);
      Atomics.notify(numbers, CALLS);
      try {
        const others = parts - work(() => undefined);
        for (let done = Atomics.load(numbers, DONE), spin = spins; done < others; done = Atomics.load(numbers, DONE)) {
          if (--spin <= 0) Atomics.wait(numbers, DONE, done);
        }
      } catch (error) {
        Atomics.store(numbers, FAILED, 1); // others may still be at it, and would be counted into the next call
        throw error;
      } finally {
        Atomics.store(numbers, NEXT, (number << 16) | CLOSED);
      }
      return Atomics.load(numbers, FAILED) === 0;
    },
    serve: () => {
      const tell = () => {
        Atomics.add(numbers, DONE, 1);
        Atomics.notify(numbers, DONE);
      };
      for (let spin = spins; ; ) {
        const calls = Atomics.load(numbers, CALLS); // before looking for work, so that work that comes meanwhile ends the sleep
        try {
          if (work(tell) > 0) spin = spins;
        } catch (error) {
          // The others wait for this part; they must not wait for ever.
          Atomics.store(numbers, FAILED, 1);
          tell();
          throw error;
        }
        if (--spin <= 0) {
          Atomics.wait(numbers, CALLS, calls);
          spin = spins;
        }
      }
    },
  };
}
