// Contestants of a bench: processes that hold what they need and work when it is their turn, so that other load on the machine
// meets all of them. A contestant reads lines "<task> <count>" and answers each with a line of JSON,
// { description, milliseconds: [...] } or { description, error }.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { median, quantile, table } from "./report.mjs";

/**
 * @typedef {object} Contestant
 * @property {string} name
 * @property {string[]} command program and arguments
 * @property {Record<string, string>} [env] beside this process's own
 * @property {Record<string, number>} [steps] its own counts; a task that is not in it is not asked of it
 */

/** Whether a task is a training: its count is of steps, its milliseconds are a step's. @param {string} task */
export const isTraining = task => ["dense", "conv", "vae", "big", "dcgan"].includes(task);

/**
 * Starts the processes. Whatever one answers, or fails with, stays with it: `description`, `rounds[task]` (milliseconds, one
 * number a round: the median, of `decode` the 95th percentile; NaN where it failed) and `errors[task]`.
 * @param {Contestant[]} contestants @param {Record<string, number>} steps count for each task
 */
export function startContestants(contestants, steps) {
  const started = contestants.map(contestant => ({
    description: "", errors: {}, steps, ...contestant, ...start(contestant.command, contestant.env),
    rounds: Object.fromEntries(Object.keys(steps).map(task => [task, []])),
  }));

  async function turn(contestant, task, isKept) {
    const answer = await contestant.ask(`${task} ${contestant.steps[task]}`).catch(error => ({ error: error.message }));
    if (answer.milliseconds?.length === 0) answer.error = `${contestant.steps[task]} steps are too few to time one`;
    if (answer.description) contestant.description = answer.description;
    if (answer.error) contestant.errors[task] = answer.error;
    if (isKept) contestant.rounds[task].push(answer.error ? NaN : task === "decode" ? quantile(answer.milliseconds, 0.95) : median(answer.milliseconds));
  }

  return {
    contestants: started,
    /** Every task once, not counted: for compiling, caches and clocks. */
    async warmUp(contestant) {
      for (const task of Object.keys(contestant.steps)) await turn(contestant, task, false);
    },
    /** One round, begun by another contestant each time. A task that failed in the warm-up is not tried again. @param {number} round */
    async round(round) {
      for (let i = 0; i < started.length; i++) {
        const contestant = started[(round + i) % started.length];
        for (const task of Object.keys(contestant.steps)) if (!contestant.errors[task]) await turn(contestant, task, true);
      }
    },
    stop: () => started.forEach(contestant => contestant.stop()),
  };
}

/**
 * The table of a task: median and fastest round, and the median over the rounds of the ratio to the fastest of `peers` in
 * the same round.
 */
export function taskTable(task, contestants, peers, title = task) {
  const unit = task === "decode" ? "ms, 95th percentile" : isTraining(task) ? "ms a step" : "ms";
  const baseline = round => Math.min(...peers.map(peer => peer.rounds[task][round]).filter(Number.isFinite));
  const rows = contestants.filter(({ steps }) => task in steps).map(({ name, description, rounds, errors }) => {
    const times = rounds[task];
    const label = description ? `${name} (${description})` : name;
    if (errors[task] || times.length === 0) return [label, errors[task] ? `failed: ${errors[task].split("\n", 1)[0]}` : "not run", "", ""];
    const ratio = median(times.map((time, round) => time / baseline(round)));
    return [label, median(times).toFixed(2), Math.min(...times).toFixed(2), Number.isFinite(ratio) && ratio > 0 ? ratio.toFixed(2) : "–"];
  });
  const ratio = `ratio to ${peers.length === 1 ? peers[0].name : "the faster PyTorch"}, same round`;
  return table([title, `${unit}, median of rounds`, "fastest round", ratio], rows);
}

/** A process that answers each line with a line of JSON. */
function start([program, ...args], env = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failed = new Promise((_, reject) => {
    child.on("error", reject); // the program is not there
    child.stdin.on("error", reject); // or has ended
  });
  failed.catch(() => undefined); // told to whoever asks
  const ask = async request => {
    child.stdin.write(`${request}\n`);
    const { value, done } = await Promise.race([lines.next(), failed]);
    if (done) throw new Error(`${program} ended`);
    return JSON.parse(value);
  };
  return { ask, stop: () => child.kill() };
}
