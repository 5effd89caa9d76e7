import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

// TensorFlow.js in a few modules instead of hundreds, which each test file would load one by one.
const tfjs = ["@tensorflow/tfjs-core", "@tensorflow/tfjs-core/dist/register_all_gradients", "@tensorflow/tfjs-backend-cpu", "@tensorflow/tfjs-backend-wasm", "@tensorflow/tfjs-backend-webgpu"];

// What the wasm backend finds in a CommonJS module.
const banner = `import { createRequire as createRequireOf } from "node:module"; const require = createRequireOf(import.meta.url); const __dirname = ${JSON.stringify(resolve(import.meta.dirname, "node_modules/@tensorflow/tfjs-backend-wasm/dist"))};`;

export default defineConfig({
  test: {
    // Each file in a process of its own: TensorFlow.js keeps global state, and a crash must not take others along.
    pool: "forks",
    maxWorkers: 2,
    // Of a test that hangs: a machine that does other things is several times slower than an idle one.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    deps: { optimizer: { ssr: { enabled: true, include: tfjs, rolldownOptions: { plugins: [{ name: "commonjs-names", banner }] } } } },
    projects: [
      { extends: true, test: { name: "unit", include: ["test/{protocol,engine,extension,webviews}/**/*.test.ts", "test/*.test.ts"] } },
      // A worker keeps its browser and its checkpoints for all of its files.
      { extends: true, test: { name: "pages", include: ["test/pages/**/*.test.ts"], setupFiles: ["test/pages/support/setup.ts"], isolate: false, expect: { poll: { timeout: 10_000 } } } },
    ],
  },
});
