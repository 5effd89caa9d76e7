import * as vscode from "vscode";

/** "8 s", "2 min 5 s", "1 h 4 min". */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return vscode.l10n.t("{0} s", whole);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 || minutes >= 10 ? vscode.l10n.t("{0} min", minutes) : vscode.l10n.t("{0} min {1} s", minutes, whole % 60);
  return vscode.l10n.t("{0} h {1} min", Math.floor(minutes / 60), minutes % 60);
}

/** Four significant digits, without a tail of zeros. */
export function formatLoss(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value);
}

/** "1,234,567" in the user's own grouping. */
export function formatCount(value: number): string {
  return value.toLocaleString(vscode.env.language);
}

/** "3.4 MB" */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power]}`;
}
