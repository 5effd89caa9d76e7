import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Each file in a process of its own: TensorFlow.js keeps global state, and a crash must not take others along.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: "unit", include: ["test/{protocol,engine,extension,webviews}/**/*.test.ts", "test/*.test.ts"] } },
      // A worker keeps its browser and its checkpoints for all of its files.
      { extends: true, test: { name: "pages", include: ["test/pages/**/*.test.ts"], isolate: false, expect: { poll: { timeout: 10_000 } } } },
    ],
  },
});
