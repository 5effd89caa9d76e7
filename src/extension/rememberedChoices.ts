import type * as vscode from "vscode";
import type { HyperparameterValues } from "../protocol/data";

/** What was chosen for a dataset: how to read it, which model, and each model's own hyperparameters. */
export interface Choices {
  dataset: Record<string, string[]>;
  model: string;
  hyperparameters: Record<string, HyperparameterValues>;
}

/** Choices by dataset path, kept with the workspace. */
export class RememberedChoices {
  constructor(private readonly state: vscode.Memento) {}

  of(datasetPath: string): Choices | undefined {
    return this.state.get<Choices>(key(datasetPath));
  }

  /** The model used last for any dataset, to offer it first for a new one. */
  get lastModel(): string | undefined {
    return this.state.get<string>("lastModel");
  }

  /** Notes one model's values for a dataset, and leaves all else as it was. */
  async rememberHyperparameters(datasetPath: string, model: string, values: HyperparameterValues): Promise<void> {
    const known = this.of(datasetPath) ?? { dataset: {}, model, hyperparameters: {} };
    await this.state.update(key(datasetPath), { ...known, hyperparameters: { ...known.hyperparameters, [model]: values } });
  }

  async remember(datasetPath: string, choices: Choices): Promise<void> {
    await this.state.update(key(datasetPath), choices);
    await this.state.update("lastModel", choices.model);
  }
}

const key = (datasetPath: string) => `choices ${datasetPath}`;
