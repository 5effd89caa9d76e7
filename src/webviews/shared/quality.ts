import type { Quality } from "../../protocol/engineApi";
import { formatNumber, formatPercent } from "./format";
import { t } from "./host";

/** One number of a map's quality: its name, its value as it is shown, and what it means in a sentence. */
export interface QualityEntry {
  name: string;
  value: string;
  meaning: string;
}

/** The numbers there are, in the order in which they are read. */
export function qualityEntries({ trustworthiness, continuity, neighborOverlap, labelAccuracy, spearman, stress1, k }: Quality): QualityEntry[] {
  const entry = (name: string, value: string, meaning: string): QualityEntry => ({ name, value, meaning });
  return [
    entry(t("trustworthiness"), trustworthiness.toFixed(3), t("1 where all {0} neighbours in the map are neighbours in the data", k)),
    entry(t("continuity"), continuity.toFixed(3), t("1 where all {0} neighbours in the data are neighbours in the map", k)),
    entry(t("neighbours kept"), formatPercent(neighborOverlap), t("of the {0} nearest in the data, those among the nearest in the map", k)),
    ...(labelAccuracy === null ? [] : [entry(t("labels of neighbours"), formatPercent(labelAccuracy), t("rows whose label is that of most of their {0} neighbours in the map", k))]),
    ...(Number.isFinite(spearman) ? [entry(t("order of distances"), formatNumber(spearman), t("rank correlation of distances in the data and in the map, 1 is best"))] : []),
    entry(t("stress"), formatNumber(stress1), t("Kruskal's stress-1 of the map at its best size, 0 is best")),
  ];
}
