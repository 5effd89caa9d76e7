import { html, type TemplateResult } from "lit";
import type { Quality } from "../../protocol/engineApi";
import { t } from "../shared/host";
import { qualityEntries } from "../shared/quality";

/** The line under a map that says how far it can be trusted, or null that it is being found out. */
export function qualityLine(quality: Quality | null): TemplateResult {
  if (!quality) return html`<p class="quality muted">${t("Judging the map…")}</p>`;
  return html`<p class="quality">${qualityEntries(quality).map(({ name, value, meaning }) => html`<span class="entry" title=${meaning}><span class="muted">${name}</span> <span class="number">${value}</span></span>`)}</p>`;
}
