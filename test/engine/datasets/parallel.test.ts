import { expect, it } from "vitest";
import { inParallel } from "../../../src/engine/datasets/parallel";
import { counting } from "../../helpers/datasetFiles";

it("runs at most so many at a time, in order of starting", async () => {
  let running = 0;
  let most = 0;
  const started: number[] = [];
  await inParallel(counting(20), 3, async item => {
    started.push(item);
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running--;
  });
  expect([most, started]).toEqual([3, counting(20)]);
});

it("starts nothing after a failure, waits for what runs, and throws the failure", async () => {
  const finished: number[] = [];
  const run = inParallel(counting(20), 2, async item => {
    await new Promise(setImmediate);
    if (item === 1) throw new Error("item 1");
    await new Promise(resolve => setTimeout(resolve, 5));
    finished.push(item);
  });
  await expect(run).rejects.toThrow("item 1");
  expect(finished).toEqual([0]);
});
