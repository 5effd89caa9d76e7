import { axes } from "./axes";
import { principal } from "./principal";
import type { Projection } from "./projection";

/** Every projection, in the order in which they are offered. */
export const projections = { axes, principal } satisfies Record<string, Projection>;
