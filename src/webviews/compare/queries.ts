import { memberQueries, type ViewApi } from "../../protocol/viewApi";
import { host } from "../shared/host";

const queries = [...memberQueries, "openSource"] as const;
type Queries = Pick<ViewApi, (typeof queries)[number]>;

/** What can be asked of a map: of the page's own checkpoint (0), or of one beside it. */
export function queriesOf(member: number): Queries {
  if (member === 0) return host;
  const remote = host as unknown as Record<string, (...args: unknown[]) => unknown>;
  return Object.fromEntries(queries.map(name => [name, (...args: unknown[]) => remote[`${name}Of`]!(member, ...args)])) as unknown as Queries;
}

/** A map's picture in the plane. */
export const plane = (projection: string) => ({ projection, dimensions: 2 });
