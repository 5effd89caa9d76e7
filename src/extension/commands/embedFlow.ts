import { basename } from "node:path";
import * as vscode from "vscode";
import type { DatasetChoice, DatasetDescription, DatasetSource, Hyperparameter, HyperparameterValue, HyperparameterValues, ModelDescription } from "../../protocol/data";
import { formatCount } from "../format";
import { localized } from "../localized";
import { back, inputText, pickMany, pickOne, whileBusy } from "../quickInput";
import type { Services } from "../services";
import type { Choices } from "../rememberedChoices";

// The questions before a fit: what was found and how to read it, which model, which hyperparameters. All three are built
// from what the engine says of its readers and models; nothing here knows any of them. Enter three times starts.

export interface EmbedAnswers {
  source: Required<DatasetSource>;
  model: ModelDescription;
  hyperparameters: HyperparameterValues;
  /** The answers to what was really asked: what to remember for the next time. */
  answers: Record<string, string[]>;
}

const totalSteps = 3;

/** Asks everything under `title`, beginning with what `choices` remembers. Escape throws `cancelled`. */
export async function askEmbed(services: Services, source: DatasetSource, choices: Choices | undefined, title = vscode.l10n.t("Embed {0}", basename(source.path))): Promise<EmbedAnswers> {
  let description = await inspect(services, title, { ...source, choices: choices?.dataset ?? source.choices });
  const hyperparameters: Record<string, HyperparameterValues> = { ...choices?.hyperparameters };
  let model: ModelDescription | undefined;
  for (let step = 1; ; ) {
    if (step === 1) {
      const { path, reader } = description.source;
      description = await askReading(title, description, (choices, signal) => services.engine.remote.inspect({ path, reader, choices }, signal), [1, totalSteps]);
      step = 2;
    } else if (step === 2) {
      const picked = await askModel(title, description, model?.id ?? choices?.model ?? services.remembered.lastModel);
      if (picked === back) step = 1;
      else {
        model = picked;
        step = 3;
      }
    } else {
      // Its ranges may have changed with how the dataset is read.
      model = description.models.find(({ id }) => id === model!.id) ?? model;
      const values = await askHyperparameters(title, model!, hyperparameters[model!.id] ?? {});
      // What was left as it is follows the file when that changes.
      const answers = Object.fromEntries(description.choices.filter(({ selected, usual }) => selected.join("\n") !== usual.join("\n")).map(({ id, selected }) => [id, selected]));
      if (values !== back) return { source: description.source, model: model!, hyperparameters: values, answers };
      step = 2;
    }
  }
}

/** What a reader finds in a dataset; answers that the file no longer allows are dropped once. */
export async function inspect(services: Services, title: string, source: DatasetSource): Promise<DatasetDescription> {
  const look = (choices: DatasetSource["choices"]) => whileBusy(title, vscode.l10n.t("Reading {0}…", basename(source.path)), signal => services.engine.remote.inspect({ ...source, choices }, signal)).then(localized);
  if (Object.keys(source.choices).length === 0) return look({});
  return look(source.choices).catch(() => look({}));
}

interface DatasetItem extends vscode.QuickPickItem {
  choice?: DatasetChoice;
}

/** Reads a dataset again with other answers. */
type Look = (choices: DatasetSource["choices"], signal: AbortSignal) => Promise<DatasetDescription>;

/** Shows what was found and lets its reading be changed; resolves with what is found then. Escape throws `cancelled`. */
export async function askReading(title: string, found: DatasetDescription, look: Look, step?: [number, number]): Promise<DatasetDescription> {
  let description = found;
  for (;;) {
    const proceed: DatasetItem = { label: `$(arrow-right) ${vscode.l10n.t("Continue")}`, description: summaryOf(description), detail: description.preview };
    const picked = await pickOne<DatasetItem>({
      title, ...(step ? { step } : {}),
      placeholder: vscode.l10n.t("{0}: press Enter to go on, or change how it is read", description.title),
      items: [
        proceed,
        ...(description.choices.length > 0 ? [{ label: vscode.l10n.t("How it is read"), kind: vscode.QuickPickItemKind.Separator }] : []),
        ...description.choices.map(choice => ({ label: `$(edit) ${choice.title}`, description: answerOf(choice), choice })),
        ...(description.notes.length > 0 ? [{ label: vscode.l10n.t("Good to know"), kind: vscode.QuickPickItemKind.Separator }] : []),
        ...description.notes.map(note => ({ label: `$(info) ${note}` })),
      ],
      active: proceed,
    });
    if (picked === back || picked === undefined) continue;
    if (picked.label === proceed.label) return description;
    if (!picked.choice) continue;
    const answer = await askChoice(title, picked.choice);
    if (answer === back) continue;
    const choices = { ...withoutTaken(description, picked.choice, answer), [picked.choice.id]: answer };
    description = await reread(title, description, look, choices, picked.choice.id);
  }
}

/** The other answers, without what `answer` takes: a column that is made the label is no feature any more, unless it is ticked again. */
function withoutTaken({ source, choices }: DatasetDescription, changed: DatasetChoice, answer: string[]): DatasetSource["choices"] {
  if (changed.many) return source.choices;
  const many = new Set(choices.filter(choice => choice.many && choice.id !== changed.id).map(({ id }) => id));
  return Object.fromEntries(Object.entries(source.choices).map(([id, selected]) => [id, many.has(id) ? selected.filter(option => !answer.includes(option)) : selected]));
}

/** Reads again with another answer. Other answers may depend on it (the label column on the array), so those fall back to their defaults when they no longer fit. */
async function reread(title: string, { source: { path } }: DatasetDescription, look: Look, choices: DatasetSource["choices"], changed: string): Promise<DatasetDescription> {
  const read = (answers: DatasetSource["choices"]) => whileBusy(title, vscode.l10n.t("Reading {0}…", basename(path)), signal => look(answers, signal)).then(localized);
  return read(choices).catch(() => read({ [changed]: choices[changed]! }));
}

async function askChoice(title: string, choice: DatasetChoice): Promise<string[] | typeof back> {
  const items = choice.options.map(option => ({ label: option.label, description: option.description, id: option.id }));
  const isSelected = (item: { id: string }) => choice.selected.includes(item.id);
  if (choice.many) {
    const picked = await pickMany({ title, placeholder: choice.title, items, selected: items.filter(isSelected), canGoBack: true });
    return picked === back ? back : picked.map(item => item.id);
  }
  const picked = await pickOne({ title, placeholder: choice.title, items, active: items.find(isSelected), canGoBack: true });
  return picked === back ? back : [picked.id];
}

function answerOf({ options, selected, many }: DatasetChoice): string {
  const labels = options.filter(option => selected.includes(option.id)).map(option => option.label);
  if (!many) return labels[0] ?? "";
  return labels.length > 4 ? vscode.l10n.t("{0} of {1}", labels.length, options.length) : labels.join(", ");
}

/** "60,000 images of 28 × 28, grey · 10 classes by label" */
export function summaryOf({ schema, labels }: DatasetDescription): string {
  const count = formatCount(schema.count);
  const [height = 0, width = 0, channels = 0] = schema.shape;
  const rows = schema.kind === "image" ? vscode.l10n.t("{0} images of {1} × {2}, {3}", count, height, width, channels === 1 ? vscode.l10n.t("grey") : vscode.l10n.t("colour"))
    : schema.kind === "table" ? vscode.l10n.t("{0} rows × {1} columns", count, schema.columns.length)
    : vscode.l10n.t("{0} vectors of {1} values", count, schema.shape[0] ?? 0);
  if (!labels) return vscode.l10n.t("{0} · no labels", rows);
  return labels.kind === "classes" ? vscode.l10n.t("{0} · {1} classes by {2}", rows, labels.classes, labels.name) : vscode.l10n.t("{0} · numbers by {1}", rows, labels.name);
}

/** Step 2: the models that accept such rows. */
async function askModel(title: string, { models }: DatasetDescription, preferred: string | undefined): Promise<ModelDescription | typeof back> {
  const items = [...modelItems(models.filter(({ isMap }) => !isMap), preferred), separator(vscode.l10n.t("Maps of all rows")), ...modelItems(models.filter(({ isMap }) => isMap), preferred)];
  const picked = await pickOne<ModelItem>({ title, step: [2, totalSteps], placeholder: vscode.l10n.t("Model or map"), items, active: items.find(({ model }) => model && model.id === preferred), canGoBack: true });
  return picked === back ? back : picked.model!;
}

interface ModelItem extends vscode.QuickPickItem {
  model?: ModelDescription;
}

const separator = (label: string): ModelItem => ({ label, kind: vscode.QuickPickItemKind.Separator });

function modelItems(models: ModelDescription[], preferred: string | undefined): ModelItem[] {
  return models.map(model => ({ label: model.title, description: model.id === preferred ? vscode.l10n.t("used last") : undefined, detail: model.detail, model }));
}

/** Which map, and its hyperparameters: the last two questions, for a dataset that is known. */
export async function askMap(services: Services, title: string, source: DatasetSource, choices: Choices | undefined): Promise<Pick<EmbedAnswers, "model" | "hyperparameters">> {
  const { models } = await inspect(services, title, source);
  for (;;) {
    const items = modelItems(models.filter(({ isMap }) => isMap), choices?.model);
    const picked = await pickOne<ModelItem>({ title, step: [1, 2], placeholder: vscode.l10n.t("Map"), items, active: items.find(({ model }) => model && model.id === choices?.model) });
    if (picked === back || !picked.model) continue;
    const hyperparameters = await askHyperparameters(title, picked.model, choices?.hyperparameters[picked.model.id] ?? {}, [2, 2]);
    if (hyperparameters !== back) return { model: picked.model, hyperparameters };
  }
}

interface HyperparameterItem extends vscode.QuickPickItem {
  action: "start" | "more" | "reset" | "edit";
  id?: string;
}

/** Step 3: the model's knobs with their values; starting is the first item. */
async function askHyperparameters(title: string, model: ModelDescription, remembered: HyperparameterValues, step: [number, number] = [totalSteps, totalSteps]): Promise<HyperparameterValues | typeof back> {
  const table = model.hyperparameters;
  const defaults = Object.fromEntries(Object.entries(table).map(([id, parameter]) => [id, parameter.default as HyperparameterValue]));
  let values: HyperparameterValues = { ...defaults, ...Object.fromEntries(Object.entries(remembered).filter(([id, value]) => table[id] && !problemWith(table[id], toText(table[id], value)))) };
  let showAll = Object.keys(table).some(id => table[id]!.advanced && toText(table[id]!, values[id]!) !== toText(table[id]!, defaults[id]!));
  for (;;) {
    const start: HyperparameterItem = { label: `$(play) ${vscode.l10n.t("Start")}`, description: model.title, action: "start" };
    const visible = Object.entries(table).filter(([, parameter]) => showAll || !parameter.advanced);
    const changed = Object.keys(table).some(id => toText(table[id]!, values[id]!) !== toText(table[id]!, defaults[id]!));
    const picked = await pickOne<HyperparameterItem>({
      title, step, canGoBack: true, active: start,
      placeholder: vscode.l10n.t("Press Enter to start, or choose a value to change"),
      items: [
        start,
        { label: vscode.l10n.t("Hyperparameters"), kind: vscode.QuickPickItemKind.Separator },
        ...visible.map(([id, parameter]) => ({ label: `${parameter.label}: ${toText(parameter, values[id]!)}`, description: rangeOf(parameter), action: "edit" as const, id })),
        ...(showAll ? [] : [{ label: `$(ellipsis) ${vscode.l10n.t("More settings")}`, action: "more" as const }]),
        ...(changed ? [{ label: `$(discard) ${vscode.l10n.t("Back to the defaults")}`, action: "reset" as const }] : []),
      ],
    });
    if (picked === back) return back;
    if (picked?.action === "start") return values;
    if (picked?.action === "more") showAll = true;
    else if (picked?.action === "reset") values = { ...defaults };
    else if (picked?.id !== undefined) {
      const value = await askValue(title, table[picked.id]!, values[picked.id]!);
      if (value !== back) values = { ...values, [picked.id]: value };
    }
  }
}

async function askValue(title: string, parameter: Hyperparameter, value: HyperparameterValue): Promise<HyperparameterValue | typeof back> {
  if (parameter.kind === "boolean" || parameter.kind === "choice") {
    const options = parameter.kind === "choice" ? Object.entries(parameter.options).map(([id, detail]) => ({ label: id, detail, value: id as HyperparameterValue }))
      : [{ label: vscode.l10n.t("yes"), value: true }, { label: vscode.l10n.t("no"), value: false }];
    const picked = await pickOne({ title, placeholder: parameter.label, items: options, active: options.find(option => option.value === value), canGoBack: true });
    return picked === back ? back : picked.value;
  }
  const text = await inputText({
    title, prompt: [parameter.label, parameter.detail, rangeOf(parameter)].filter(Boolean).join(" · "), value: toText(parameter, value), canGoBack: true,
    validate: input => problemWith(parameter, input),
  });
  return text === back ? back : fromText(parameter, text);
}

/** A value as it is shown and typed. */
export function toText(parameter: Hyperparameter, value: HyperparameterValue): string {
  if (parameter.kind === "layers") return Array.isArray(value) ? value.join(", ") : "";
  if (parameter.kind === "boolean") return value ? vscode.l10n.t("yes") : vscode.l10n.t("no");
  return String(value);
}

function fromText({ kind }: Hyperparameter, text: string): HyperparameterValue {
  return kind === "layers" ? numbersIn(text) : Number(text.trim());
}

const numbersIn = (text: string) => text.split(/[\s,;]+/).filter(part => part !== "").map(Number);

/** What is wrong with typed text, or undefined. The engine checks again. */
function problemWith(parameter: Hyperparameter, text: string): string | undefined {
  if (parameter.kind === "choice") return Object.hasOwn(parameter.options, text) ? undefined : vscode.l10n.t("One of {0}", Object.keys(parameter.options).join(", "));
  if (parameter.kind === "boolean") return undefined;
  const numbers = parameter.kind === "layers" ? numbersIn(text) : [text.trim() === "" ? NaN : Number(text)];
  const whole = parameter.kind !== "number";
  if (numbers.some(value => !Number.isFinite(value) || (whole && !Number.isInteger(value)))) return whole ? vscode.l10n.t("Whole numbers only") : vscode.l10n.t("A number");
  if (numbers.some(value => value < parameter.min || value > parameter.max)) return vscode.l10n.t("From {0} to {1}", parameter.min, parameter.max);
  return undefined;
}

function rangeOf(parameter: Hyperparameter): string {
  switch (parameter.kind) {
    case "integer":
    case "number": return [parameter.detail, vscode.l10n.t("{0} to {1}", parameter.min, parameter.max)].filter(Boolean).join(" · ");
    case "layers":
    case "boolean":
    case "choice": return parameter.detail ?? "";
    default: return parameter satisfies never;
  }
}
