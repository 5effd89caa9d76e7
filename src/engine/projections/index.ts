import { axes } from "./axes";
import { principal } from "./principal";
import type { Projection } from "./projection";
import { strip } from "./strip";

/** Every projection, in the order in which they are offered. */
export const projections = { axes, principal, strip } satisfies Record<string, Projection>;
