import { expect, it } from "vitest";
import { loadTrainingData } from "../../src/engine/trainingData";
import { scaledTensor } from "../../src/engine/scaler";
import { testedBackends } from "../helpers/backends";
import { mnistDigits } from "../helpers/memoryDataset";
import { conformance } from "../helpers/modelConformance";

conformance(testedBackends.filter(backend => backend !== "webgpu"));

it("keeps uint8 rows exact through the scaler", async () => {
  const digits = mnistDigits(20);
  const data = await loadTrainingData(digits, { scaling: "auto", validationShare: 0, seed: 7, scaler: null });
  const rows = await digits.read(0, 20);
  const scaled = await scaledTensor(rows, data.scaler).data();
  expect(Array.from(scaled)).toEqual(Array.from(rows, byte => Math.fround(byte / 255)));
  expect(Math.max(...scaled)).toBe(1);
  expect(Math.min(...scaled)).toBe(0);
});
