import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { LatentError } from "../../src/protocol/errors";
import { connect, expose, type Message, type Port } from "../../src/protocol/rpc";

interface Api {
  add(a: number, b: number): Promise<number>;
  echo(data: Float32Array): Promise<Float32Array>;
  fail(code: "bad-dataset" | "plain"): Promise<never>;
  wait(signal?: AbortSignal): Promise<string>;
  optional(name?: string, signal?: AbortSignal): Promise<string>;
  didSay(text: string): void;
}

/** Two ends of a channel that copies what passes, as processes do. */
function channel(): [Port, Port, { messages: Message[] }] {
  const [a, b] = [new EventEmitter(), new EventEmitter()];
  const messages: Message[] = [];
  const end = (own: EventEmitter, other: EventEmitter): Port => ({
    post: message => {
      messages.push(message);
      const copy = structuredClone(message);
      setImmediate(() => other.emit("message", copy));
    },
    listen: receive => own.on("message", receive),
  });
  return [end(a, b), end(b, a), { messages }];
}

function served() {
  const [near, far, { messages }] = channel();
  const said: string[] = [];
  expose<Api>(far, {
    add: async (a, b) => a + b,
    echo: async data => data,
    fail: async code => {
      if (code === "plain") throw new TypeError("unexpected");
      throw new LatentError(code, "line 7 has 3 columns, expected 4");
    },
    wait: signal => new Promise((resolve, reject) => {
      if (signal!.aborted) reject(new LatentError("cancelled", "stopped"));
      signal!.addEventListener("abort", () => reject(new LatentError("cancelled", "stopped")));
      void resolve;
    }),
    optional: async (name, signal) => `${typeof name} ${signal instanceof AbortSignal}`,
    didSay: text => void said.push(text),
  });
  return { ...connect<Api>(near), said, messages };
}

describe("rpc", () => {
  it("returns what the other side computes, typed arrays included", async () => {
    const { remote } = served();
    expect(await remote.add(2, 3)).toBe(5);
    const data = Float32Array.of(1, 2.5, -3);
    expect(await remote.echo(data)).toEqual(data);
  });

  it("answers calls in flight by their own number", async () => {
    const { remote } = served();
    expect(await Promise.all([remote.add(1, 1), remote.add(2, 2), remote.add(3, 3)])).toEqual([2, 4, 6]);
  });

  it("carries code and message of a known error, and the stack of an unexpected one", async () => {
    const { remote } = served();
    await expect(remote.fail("bad-dataset")).rejects.toMatchObject({ code: "bad-dataset", message: "line 7 has 3 columns, expected 4" });
    await expect(remote.fail("plain")).rejects.toMatchObject({ code: "internal", message: expect.stringContaining("TypeError: unexpected") });
  });

  it("aborts on the other side, also when aborted before the call", async () => {
    const { remote } = served();
    const later = new AbortController();
    const waiting = remote.wait(later.signal);
    setTimeout(() => later.abort(), 5);
    await expect(waiting).rejects.toMatchObject({ code: "cancelled" });
    await expect(remote.wait(AbortSignal.abort())).rejects.toMatchObject({ code: "cancelled" });
  });

  it("sends no cancel after the answer", async () => {
    const { remote, messages } = served();
    const controller = new AbortController();
    await remote.optional("x", controller.signal);
    controller.abort();
    expect(messages.filter(({ kind }) => kind === "cancel")).toEqual([]);
  });

  it("hands the callee its own signal where an optional argument was left out", async () => {
    const { remote } = served();
    expect(await remote.optional()).toBe("object false"); // the signal is the first argument then: optional ones go into a request object
    expect(await remote.optional("x")).toBe("string true");
  });

  it("notifies without an answer", async () => {
    const { remote, said } = served();
    remote.didSay("hello");
    await remote.add(0, 0);
    expect(said).toEqual(["hello"]);
  });

  it("knows no inherited and no unknown methods", async () => {
    const { remote } = served();
    const any = remote as unknown as Record<string, () => Promise<unknown>>;
    await expect(any["toString"]!()).rejects.toMatchObject({ code: "internal" });
    await expect(any["constructor"]!()).rejects.toMatchObject({ code: "internal" });
    await expect(any["nothing"]!()).rejects.toMatchObject({ message: expect.stringContaining("nothing") });
  });

  it("fails all calls in flight and all later ones when the other side is gone", async () => {
    const { remote, close } = served();
    const waiting = remote.wait(new AbortController().signal);
    close(new LatentError("engine-exited", "exit code 1"));
    await expect(waiting).rejects.toMatchObject({ code: "engine-exited" });
    await expect(remote.add(1, 1)).rejects.toMatchObject({ code: "engine-exited" });
  });

  it("is no promise, so that it can be returned from async functions", async () => {
    const { remote } = served();
    expect(await (async () => remote)()).toBe(remote);
  });
});
