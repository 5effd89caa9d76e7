import * as vscode from "vscode";
import type { DatasetDescription, Hyperparameter, ModelDescription } from "../protocol/data";

// The engine speaks English. Words of its registries (titles, labels, details) are keys of the l10n bundle like every other
// text, collected by `npm run l10n`; here they are put into the user's language. Facts of a file stay as they are.

/** A dataset's description with the words of readers and models in the user's language. */
export function localized(description: DatasetDescription): DatasetDescription {
  return {
    ...description,
    title: vscode.l10n.t(description.title),
    choices: description.choices.map(choice => ({
      ...choice, title: vscode.l10n.t(choice.title), options: choice.options.map(option => ({ ...option, label: vscode.l10n.t(option.label) })),
    })),
    models: description.models.map(localizedModel),
  };
}

function localizedModel(model: ModelDescription): ModelDescription {
  const hyperparameters = Object.entries(model.hyperparameters).map(([id, parameter]) => [id, localizedParameter(parameter)] as const);
  return { ...model, title: vscode.l10n.t(model.title), detail: vscode.l10n.t(model.detail), hyperparameters: Object.fromEntries(hyperparameters) };
}

function localizedParameter(parameter: Hyperparameter): Hyperparameter {
  const words = { label: vscode.l10n.t(parameter.label), ...(parameter.detail === undefined ? {} : { detail: vscode.l10n.t(parameter.detail) }) };
  if (parameter.kind !== "choice") return { ...parameter, ...words };
  return { ...parameter, ...words, options: Object.fromEntries(Object.entries(parameter.options).map(([id, text]) => [id, vscode.l10n.t(text)])) };
}
