// What all benches print alike: the machine, and tables in Markdown for bench/README.md.
import { cpus, loadavg, totalmem } from "node:os";

/** One line: processor, memory, Node, date, load. */
export function machine() {
  const [first] = cpus();
  return `${cpus().length} × ${first.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}, load average ${loadavg()[0].toFixed(2)}`;
}

/** A Markdown table. @param {string[]} head @param {(string | number)[][]} rows */
export function table(head, rows) {
  return [head, head.map(() => "---"), ...rows].map(row => `| ${row.join(" | ")} |`).join("\n");
}

/** The middle value. @param {number[]} values */
export const median = values => quantile(values, 0.5);

/** The value below which a share `q` of the values lies (nearest rank). @param {number[]} values @param {number} q */
export function quantile(values, q) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))];
}
