// The results of bench/scatter.mjs as Markdown.

/** @typedef {{ title: string, failure: string | null, runs: Record<string, any>[] }} Contestant */

const columns = {
  first: "first picture", pan: "pan step", zoom: "zoom step", recolor: "recolour", 
  known: "pointer → row known", knownAfterMove: "the same, first after a pan", drawn: "pointer → highlight drawn", memory: "memory, MB",
};

/** Times and memory, one line a renderer; the first one is what the others are compared with. @param {Contestant[]} contestants */
export function timesTable(contestants) {
  const head = `| renderer | ${Object.values(columns).join(" | ")} |\n|---|${"---|".repeat(Object.keys(columns).length)}`;
  const ours = contestants[0];
  return [head, ...contestants.map(contestant => {
    if (contestant.failure) return `| ${contestant.title} | failed: ${contestant.failure} |`;
    return `| ${contestant.title} | ${Object.keys(columns).map(step => cell(valuesOf(contestant, step), valuesOf(ours, step), step)).join(" | ")} |`;
  })].join("\n");
}

const valuesOf = ({ runs }, step) => runs.flatMap(run => run[step]);

function cell(values, ours, step) {
  if (values.length === 0) return "–";
  if (step === "memory") return `${(median(values) / 1e6).toFixed(0)}`;
  const ratio = values === ours || ours.length === 0 ? "" : ` (× ${format(median(values) / median(ours))})`;
  return `${format(median(values))} / ${format(quantile(values, 0.95))}${ratio}`;
}

const format = value => (value < 9.95 ? value.toFixed(1) : value.toFixed(0));

/** Whether they drew the same: the share of the picture that is coloured, and what it has in common with ours. @param {Contestant[]} contestants */
export function overlapTable(contestants) {
  const ours = contestants[0].runs[0]?.covered;
  const lines = contestants.filter(({ failure }) => !failure).map(({ title, runs }) => {
    const [{ covered }] = runs;
    const misses = runs.flatMap(run => run.misses);
    const hits = misses.filter(miss => miss !== null);
    const picked = misses.length === 0 ? "" : `${hits.length} of ${misses.length}${hits.length ? `, at most ${Math.max(...hits).toFixed(1)} px away` : ""}`;
    return `| ${title} | ${share(count(covered), covered.length)} | ${ours ? overlap(covered, ours) : ""} | ${picked} |`;
  });
  return ["| renderer | picture coloured | coloured by both, of what either coloured | points found under the pointer |\n|---|---|---|---|", ...lines].join("\n");
}

const count = covered => covered.split("1").length - 1;
const share = (part, whole) => `${((100 * part) / whole).toFixed(1)} %`;

function overlap(a, b) {
  let [both, either] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    both += a[i] === "1" && b[i] === "1";
    either += a[i] === "1" || b[i] === "1";
  }
  return either ? share(both, either) : "";
}

/** The middle value. */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

function quantile(values, at) {
  return values.toSorted((a, b) => a - b)[Math.ceil(at * values.length) - 1];
}
