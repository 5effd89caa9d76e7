// The results of a run on a GPU machine as Markdown, for bench/README.md.
import { taskTable } from "../contestants.mjs";
import { table } from "../report.mjs";

/** @param {object} results as run.mjs writes them @returns {string} */
export function markdownOf({ date, machine, options, gpu, conformance, tsne, train, seconds }) {
  const lines = [
    `${date.slice(0, 10)}, ${seconds} s${options.quick ? ", --quick" : ""}${options.software ? ", --software: these are no measurements" : ""}`,
    `${machine}. ${gpu?.device ?? "No GPU was found"}${gpu?.through ? `, through ${gpu.through}` : ""}${gpu?.driver ? `; ${gpu.driver}` : ""}`,
  ];
  if (!gpu?.device) lines.push(table(["tried", "why not"], gpu?.tried.map(({ name, error }) => [name, error?.replaceAll("\n", "; ").replaceAll("|", "/")]) ?? []));
  if (conformance) {
    const { passed, failed, skipped, tests } = conformance;
    lines.push(`Tests: ${passed} passed, ${failed} failed, ${skipped} skipped in ${conformance.seconds} s.`);
    const failures = tests.filter(({ state }) => state === "failed");
    if (failures.length) lines.push(failures.map(({ name, error }) => `- ${name}: ${error?.split("\n", 1)[0] ?? ""}`).join("\n"));
  }
  if (tsne) {
    lines.push("t-SNE of MNIST through the engine, seconds.");
    const cells = ({ device, seconds: all, phases, metrics, trustworthiness, error }) => (error ? [error] : [
      device, all.toFixed(1), (phases.loading + phases.preparing).toFixed(1), phases.steps.toFixed(1), phases.saving.toFixed(1),
      metrics["KL divergence"].toFixed(4), trustworthiness.toFixed(4),
    ]);
    lines.push(table(["backend", "rows", "device", "all in", "loading, PCA, neighbours, similarities", "steps", "saving", "KL", "trustworthiness@12"], tsne.map(result => [result.backend, String(result.rows), ...cells(result)])));
  }
  if (train) {
    lines.push(`Benches: ${train.rounds} rounds, ${train.rows} digits, ${train.seconds} s.`);
    const tasks = Object.keys(train.contestants[0].steps);
    const eager = train.contestants.filter(({ isPeer }) => isPeer).slice(0, 1);
    for (const task of tasks) lines.push(taskTable(task, train.contestants, eager, `${task}, ${train.contestants[0].steps[task]} a turn`));
  }
  return `${lines.join("\n\n")}\n`;
}
