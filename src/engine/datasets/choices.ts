import { LatentError } from "../../protocol/errors";
import type { DatasetChoice } from "../../protocol/data";

/**
 * A choice with the user's answer in force, or the default when there is none. An answer that is no longer possible
 * (the file changed since it was remembered) is `bad-dataset` with what can be chosen now.
 */
export function choose(
  answers: Record<string, string[]>,
  choice: Omit<DatasetChoice, "selected" | "usual" | "many"> & { fallback: string[]; many?: boolean },
): DatasetChoice {
  const { fallback, many = false, ...rest } = choice;
  const selected = answers[choice.id] ?? fallback;
  const possible = new Set(choice.options.map(option => option.id));
  const unknown = selected.find(id => !possible.has(id));
  if (unknown !== undefined) {
    throw new LatentError("bad-dataset", `${choice.title}: "${unknown}" cannot be chosen here, only ${listed([...possible])}`);
  }
  if (!many && selected.length !== 1) throw new LatentError("bad-dataset", `${choice.title}: exactly one answer is needed, got ${selected.length}`);
  return { ...rest, many, selected, usual: fallback };
}

function listed(ids: string[]): string {
  const shown = ids.slice(0, 8).map(id => `"${id}"`).join(", ");
  return ids.length > 8 ? `${shown} and ${ids.length - 8} more` : shown;
}
