import type { ReactiveController, ReactiveControllerHost } from "lit";
import { hasState, readState, writeState } from "./host";

/** A value of an element that survives the page being hidden or reloaded; setting it redraws the element. */
export class Persisted<T> implements ReactiveController {
  private current: T;

  constructor(private readonly element: ReactiveControllerHost, private readonly key: string, fallback: T) {
    this.current = readState(key, fallback);
    element.addController(this);
  }

  /** False while the fallback stands in. */
  get isSet(): boolean {
    return hasState(this.key);
  }

  get value(): T {
    return this.current;
  }

  set value(value: T) {
    this.current = value;
    writeState(this.key, value);
    this.element.requestUpdate();
  }

  hostConnected(): void {
    // The value was read when the element was made.
  }
}
