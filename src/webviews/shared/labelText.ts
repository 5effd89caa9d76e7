import type { Labels } from "../../protocol/data";
import { formatNumber } from "./format";
import { t } from "./host";

/** A row's label or value in words; empty without labels. */
export function labelText(labels: Labels | null, row: number): string {
  if (!labels || row >= labels.values.length) return "";
  if (labels.kind === "numbers") return formatNumber(labels.values[row]!);
  return labels.classes[labels.values[row]!] ?? t("no label");
}
