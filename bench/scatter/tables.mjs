// The results of bench/scatter.mjs as Markdown.

import { median, quantile, table } from "../report.mjs";

/** @typedef {{ title: string, failure: string | null, runs: Record<string, any>[] }} Contestant */

const columns = {
  first: "first picture", pan: "pan step", zoom: "zoom step", recolor: "recolour", known: "pointer → row known",
  knownAfterMove: "the same, first after a pan", drawn: "pointer → highlight drawn", memory: "memory, MB",
};

/** Times and memory, one line a renderer; the first one is what the others are compared with. @param {Contestant[]} contestants */
export function timesTable(contestants) {
  const [ours] = contestants;
  return table(["renderer", ...Object.values(columns)], contestants.map(contestant => [
    contestant.title,
    ...(contestant.failure ? [`failed: ${contestant.failure}`] : Object.keys(columns).map(step => cell(step, valuesOf(contestant, step), contestant === ours ? [] : valuesOf(ours, step)))),
  ]));
}

const valuesOf = ({ runs }, step) => runs.flatMap(run => run[step]);

function cell(step, values, ours) {
  if (values.length === 0) return "–";
  if (step === "memory") return (median(values) / 1e6).toFixed(0);
  const ratio = ours.length === 0 ? "" : ` (× ${format(median(values) / median(ours))})`;
  return `${format(median(values))} / ${format(quantile(values, 0.95))}${ratio}`;
}

const format = value => (value < 0.95 ? value.toFixed(2) : value < 9.95 ? value.toFixed(1) : value.toFixed(0));

/** Whether they drew the same: the share of the picture that is coloured, and what it has in common with the first. @param {Contestant[]} contestants */
export function overlapTable(contestants) {
  const ours = contestants[0].runs[0]?.covered;
  return table(["renderer", "picture coloured", "coloured by it and the first, of what either coloured", "rows found under the pointer"], contestants.filter(({ failure }) => !failure).map(({ title, runs }) => {
    const [{ covered }] = runs;
    const misses = runs.flatMap(run => run.misses);
    const hits = misses.filter(miss => miss !== null);
    return [title, share(count(covered), covered.length), ours ? overlap(covered, ours) : "", hits.length === 0 ? "none" : `${hits.length} of ${misses.length}, at most ${Math.max(...hits).toFixed(1)} px away`];
  }));
}

const count = covered => covered.split("1").length - 1;
const share = (part, whole) => `${((100 * part) / whole).toFixed(1)} %`;

function overlap(a, b) {
  let [both, either] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    both += a[i] === "1" && b[i] === "1";
    either += a[i] === "1" || b[i] === "1";
  }
  return share(both, either);
}
