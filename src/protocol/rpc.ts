import { LatentError, toWire, type ErrorCode } from "./errors";

// A contract between two processes is a TypeScript interface. Methods named `did…` are notifications, every other
// method is a request whose optional last argument is an AbortSignal. `expose` answers, `connect` calls; both work over
// anything that can post and listen, and both may share one port for two-way traffic.

export interface Port {
  post(message: Message): void;
  listen(receive: (message: Message) => void): void;
}

export type Message =
  | { kind: "call"; id: number; method: string; args: unknown[] }
  | { kind: "notify"; method: string; args: unknown[] }
  | { kind: "cancel"; id: number }
  | { kind: "ok"; id: number; value: unknown }
  | { kind: "error"; id: number; code: ErrorCode; message: string };

/** The shape every contract must have. */
export type Contract<T> = {
  [K in keyof T]: K extends `did${string}` ? (...args: never[]) => void : (...args: never[]) => Promise<unknown>;
};

type Method = (...args: unknown[]) => unknown;

/**
 * Answers the other side's messages with the own methods of the plain object `target` (a class instance would also
 * expose what it inherits). A request receives an AbortSignal after the caller's arguments. The function that is returned
 * aborts all requests under way, for when the other side is gone and waits for none of them.
 */
export function expose<T extends Contract<T>>(port: Port, target: T): () => void {
  const methods = new Map(Object.entries(target as unknown as Record<string, Method>));
  const running = new Map<number, AbortController>();
  port.listen(async message => {
    if (message.kind === "cancel") running.get(message.id)?.abort();
    if (message.kind === "notify") methods.get(message.method)?.(...message.args);
    if (message.kind !== "call") return;
    const { id, method, args } = message;
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const run = methods.get(method);
      if (!run) throw new LatentError("internal", `no method "${method}"`);
      port.post({ kind: "ok", id, value: await run(...args, controller.signal) });
    } catch (error) {
      port.post({ kind: "error", id, ...toWire(error) });
    } finally {
      running.delete(id);
    }
  });
  return () => running.forEach(controller => controller.abort());
}

/** A proxy whose methods run on the other side, and a way to fail all pending calls when that side is gone. */
export function connect<T extends Contract<T>>(port: Port): { remote: T; close(reason: LatentError): void } {
  const pending = new Map<number, { resolve(value: unknown): void; reject(error: LatentError): void }>();
  let lastId = 0;
  let closed: LatentError | undefined;

  port.listen(message => {
    if (message.kind !== "ok" && message.kind !== "error") return;
    const call = pending.get(message.id);
    pending.delete(message.id);
    if (message.kind === "ok") call?.resolve(message.value);
    else call?.reject(new LatentError(message.code, message.message));
  });

  const call = (method: string, args: unknown[]): Promise<unknown> => {
    if (closed) return Promise.reject(closed);
    const signal = args.at(-1) instanceof AbortSignal ? (args.pop() as AbortSignal) : undefined;
    // `undefined` may stand where an optional signal was left out; it would shift the callee's own signal.
    while (args.length > 0 && args.at(-1) === undefined) args.pop();
    const id = ++lastId;
    const cancel = () => port.post({ kind: "cancel", id });
    return new Promise((resolve, reject) => {
      const settle = <V>(done: (value: V) => void) => (value: V) => {
        signal?.removeEventListener("abort", cancel);
        done(value);
      };
      pending.set(id, { resolve: settle(resolve), reject: settle(reject) });
      port.post({ kind: "call", id, method, args });
      if (signal?.aborted) cancel();
      else signal?.addEventListener("abort", cancel, { once: true });
    });
  };

  const remote = new Proxy(
    {},
    {
      get: (_, method) => {
        if (typeof method !== "string" || method === "then") return undefined; // a remote is not a promise
        if (method.startsWith("did")) return (...args: unknown[]) => port.post({ kind: "notify", method, args });
        return (...args: unknown[]) => call(method, args);
      },
    },
  ) as T;

  const close = (reason: LatentError) => {
    closed = reason;
    for (const { reject } of pending.values()) reject(reason);
    pending.clear();
  };
  return { remote, close };
}
