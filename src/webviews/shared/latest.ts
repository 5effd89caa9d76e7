import type { ReactiveController, ReactiveControllerHost } from "lit";

/** The first line of a thrown value's message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.split("\n", 1)[0]! : String(error);
}

export function codeOf(error: unknown): string {
  return (error as { code?: string } | undefined)?.code ?? "internal";
}

/** Hands the error of a query to the view around an element, which shows it in its place. */
export function passOn(element: HTMLElement): (error: unknown) => void {
  return error => element.dispatchEvent(new CustomEvent("query-failed", { detail: error, bubbles: true, composed: true }));
}

/**
 * Queries whose older answers no longer matter: a newer one under the same key aborts it and its answer is dropped. The
 * element is redrawn when one begins and ends; all are aborted when it goes.
 */
export class Latest implements ReactiveController {
  private readonly running = new Map<string, AbortController>();

  constructor(private readonly element: ReactiveControllerHost) {
    element.addController(this);
  }

  hostConnected(): void {
    // Queries begin when the element asks.
  }

  hostDisconnected(): void {
    this.running.forEach(controller => controller.abort());
    this.running.clear();
  }

  isBusy(key: string): boolean {
    return this.running.has(key);
  }

  /** Without `onError` a failure leaves things as they are. The user's own cancel is no failure. */
  run<T>(key: string, query: (signal: AbortSignal) => Promise<T>, use: (value: T) => void, onError?: (error: unknown) => void): void {
    this.running.get(key)?.abort();
    const controller = new AbortController();
    this.running.set(key, controller);
    this.element.requestUpdate();
    const settle = (then: () => void) => {
      if (this.running.get(key) !== controller) return;
      this.running.delete(key);
      then();
      this.element.requestUpdate();
    };
    query(controller.signal).then(
      value => settle(() => use(value)),
      (error: unknown) => settle(() => codeOf(error) !== "cancelled" && onError?.(error)),
    );
  }
}
