// Runs the packed GPU tests in this process, as vitest would, and prints one line of JSON for each test:
// { name, state: "passed" | "failed" | "skipped", milliseconds, error? }. Ends with 1 when one failed.
//
//   LATENT_LENS_TEST_GPU=1 node conformance.mjs [text that a test's name must contain]
import { startTests } from "@vitest/runner";
import { files } from "gpu-tests"; // made by pack.mjs: path of a test file → function that imports it

const minute = 60_000;
const text = process.argv[2] ?? "";
const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** What vitest.config.mts says of all tests, and the runner's defaults. */
const config = {
  root: import.meta.dirname, name: undefined, setupFiles: [], passWithNoTests: false, testNamePattern: text ? new RegExp(escaped) : undefined, allowOnly: true,
  sequence: { seed: 0, hooks: "stack", setupFiles: "list" }, chaiConfig: undefined, maxConcurrency: 1, testTimeout: 2 * minute, hookTimeout: minute,
  retry: 0, includeTaskLocation: false, tags: [], tagsFilter: undefined, strictTags: false,
};

const fullName = task => (task.suite && task.suite !== task.file ? `${fullName(task.suite)} > ${task.name}` : task.name);
const states = { pass: "passed", fail: "failed" };
const print = ({ result, ...task }, name = fullName(task)) => console.log(JSON.stringify({
  name, state: states[result?.state] ?? "skipped", milliseconds: Math.round(result?.duration ?? 0),
  ...(result?.errors?.length ? { error: result.errors.map(({ message, stack }) => stack ?? message).join("\n") } : {}),
}));
let failed = 0;

const collected = await startTests(Object.keys(files), {
  config,
  importFile: path => files[path](),
  onAfterRunTask(test) {
    if (test.result?.state === "fail") failed++;
    print(test);
  },
});
const tests = tasks => tasks.flatMap(task => (task.type === "suite" ? tests(task.tasks) : [task]));
if (!text) for (const test of tests(collected.flatMap(({ tasks }) => tasks))) if (test.mode === "skip" || test.mode === "todo") print(test);
// A file that does not load and a hook that fails leave their tests unrun.
const suites = tasks => tasks.filter(({ type }) => type === "suite").flatMap(suite => [suite, ...suites(suite.tasks)]);
for (const suite of [...collected, ...suites(collected.flatMap(({ tasks }) => tasks))]) {
  if (!suite.result?.errors?.length) continue;
  failed++;
  print(suite, suite.file === suite ? suite.filepath : fullName(suite));
}
process.exit(failed > 0 ? 1 : 0);
