import type { Labels } from "../../protocol/data";
import type { PlacedSet, RowDetails } from "../../protocol/engineApi";
import type { Member } from "../../protocol/viewApi";
import { host, t } from "../shared/host";
import { placeOf, type RowPlace } from "../shared/placedRows";
import { askedOf, sharedSets, withSetLabels, type SharedSet } from "./placedSets";
import { queriesOf } from "./queries";

/** The rows of a comparison: those that all maps have, then those that were placed in some; and whom to ask about each. */
export class ComparedRows {
  /** Rows that all maps have. */
  own = 0;
  sets: readonly SharedSet[] = [];
  private readonly placed = new Map<number, readonly PlacedSet[]>();

  get count(): number {
    return this.sets.reduce((sum, set) => sum + set.count, this.own);
  }

  /** What was placed in a map, as its last answer had it. */
  take(member: number, placed: readonly PlacedSet[]): void {
    this.placed.set(member, placed);
  }

  /** Counts the rows of the maps that are there now; true when that changed which there are. */
  recount(own: number, members: readonly Member[]): boolean {
    const before = JSON.stringify([this.own, this.sets]);
    const sets = sharedSets(own, members.map(({ id, header }) => ({ member: id, sets: header?.placed ? (this.placed.get(id) ?? []) : [] })));
    this.own = own;
    if (JSON.stringify([own, sets]) === before) return false; // the same array: what was made of it holds
    this.sets = sets;
    return true;
  }

  placeOf(row: number): RowPlace {
    return placeOf(row, this.own, this.sets);
  }

  nameOf(row: number): string {
    const { set, row: number } = this.placeOf(row);
    return set ? t("Row {0} of {1}", number, set.name) : t("Row {0}", number);
  }

  /** The value of every row under one of the first map's colourings. */
  async labels(id: string, signal: AbortSignal): Promise<Labels> {
    const ofSets = this.sets.map(async set => ({ count: set.count, labels: await this.labelsOf(set, id, signal) }));
    return withSetLabels(await host.coloring(id, signal), await Promise.all(ofSets));
  }

  /** What the map that is asked about a set knows of its rows; null where the colouring means something in the first map alone. */
  private async labelsOf({ member, start, count }: SharedSet, id: string, signal: AbortSignal): Promise<Labels | null> {
    if (member !== 0 && id !== "label" && !id.startsWith("column:")) return null;
    const from = start - this.own;
    const labels = await queriesOf(member).placedColoring(id, signal).catch(() => null);
    if (labels?.kind === "classes") return { ...labels, values: labels.values.subarray(from, from + count) };
    return labels && { ...labels, values: labels.values.subarray(from, from + count) };
  }

  readonly details = (row: number, signal: AbortSignal): Promise<RowDetails> => {
    const asked = askedOf(row, this.own, this.sets);
    return queriesOf(asked.member).details(Int32Array.of(asked.row), signal);
  };

  openSource(row: number): void {
    const asked = askedOf(row, this.own, this.sets);
    void queriesOf(asked.member).openSource(asked.row);
  }
}
