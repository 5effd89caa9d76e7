import { checkpointQueries } from "../../../src/protocol/engineApi";
import { LatentError, type ErrorCode } from "../../../src/protocol/errors";
import { connect, expose, type Port } from "../../../src/protocol/rpc";
import { memberQueries, type SaveRequest, type ViewApi, type ViewEvents, type ViewState } from "../../../src/protocol/viewApi";
import type { checkpoints, Checkpoint } from "./checkpoints";

type Engine = Awaited<ReturnType<typeof checkpoints>>["engine"];
type Method = keyof ViewApi;
type Answer = (...args: unknown[]) => Promise<unknown>;

/** The extension's side of a page, with the real engine behind it; tests read what was asked and change what is answered. */
export class FakeHost {
  /** Everything the page asked, in order. */
  readonly calls: { method: Method; args: unknown[] }[] = [];
  /** Pushes to the page. */
  readonly events: ViewEvents;
  private readonly replaced = new Map<Method, Answer>();
  private running = 0;

  constructor(port: Port, private readonly engine: Engine, private readonly checkpoint: Checkpoint | null, public state: ViewState, private readonly members: readonly Checkpoint[] = []) {
    this.events = connect<ViewEvents>(port).remote;
    expose<ViewApi>(port, this.api());
  }

  /** How many answers the page still waits for, those held back aside. */
  get pending(): number {
    return this.running;
  }

  /** The arguments of every call of a method. */
  argsOf(method: Method): unknown[][] {
    return this.calls.filter(call => call.method === method).map(({ args }) => args);
  }

  get saved(): SaveRequest[] {
    return this.argsOf("save").map(([request]) => request as SaveRequest);
  }

  get queriesAsked(): Method[] {
    return [...new Set(this.calls.map(({ method }) => method).filter(method => (checkpointQueries as Method[]).includes(method)))];
  }

  /** From now on these calls are never answered. */
  hold(...methods: Method[]): void {
    for (const method of methods) this.replaced.set(method, () => new Promise(() => undefined));
  }

  /** From now on these calls fail. */
  fail(code: ErrorCode, message: string, ...methods: Method[]): void {
    for (const method of methods) this.replaced.set(method, () => Promise.reject(new LatentError(code, message)));
  }

  /** From now on what the engine answers to this query goes through `change` first. */
  change(method: Method, change: (answer: Promise<unknown>) => Promise<unknown>): void {
    const engine = this.engine as unknown as Record<string, Answer>;
    this.replaced.set(method, (...args) => change(engine[method]!(this.checkpoint!.path, ...args)));
  }

  /** From now on these calls are answered as ever. */
  restore(...methods: Method[]): void {
    for (const method of methods) this.replaced.delete(method);
  }

  private api(): ViewApi {
    const engine = this.engine as unknown as Record<string, Answer>;
    const queries = Object.fromEntries(checkpointQueries.map(name => [name, (...args: unknown[]) => engine[name]!(this.checkpoint!.path, ...args)]));
    const nothing = async () => undefined;
    const pathOf = (member: number) => (member === 0 ? this.checkpoint! : this.members[member - 1]!).path;
    const ofMembers = Object.fromEntries(memberQueries.map(name => [`${name}Of`, (member: unknown, ...args: unknown[]) => engine[name]!(pathOf(member as number), ...args)]));
    const own: Omit<ViewApi, (typeof checkpointQueries)[number] | `${(typeof memberQueries)[number]}Of`> = {
      state: async () => this.state,
      save: async () => true,
      select: nothing, copy: nothing, openSource: nothing, openSourceOf: nothing, command: nothing, compare: nothing, clearComparisons: nothing, addMember: nothing, removeMember: nothing, removePlaced: nothing, report: nothing,
    };
    const all = Object.entries({ ...queries, ...ofMembers, ...own } as unknown as Record<Method, Answer>) as [Method, Answer][];
    return Object.fromEntries(all.map(([method, answer]) => [method, (...args: unknown[]) => this.answer(method, answer, args)])) as unknown as ViewApi;
  }

  private async answer(method: Method, usual: Answer, args: unknown[]): Promise<unknown> {
    // The last argument is the signal of expose.
    this.calls.push({ method, args: args.slice(0, -1) });
    const replaced = this.replaced.get(method);
    if (replaced) return replaced(...args);
    this.running++;
    try {
      return await usual(...args);
    } finally {
      this.running--;
    }
  }
}
