import { html, nothing, type TemplateResult } from "lit";
import { host, t } from "../shared/host";

/** What to do while there is nothing to compare with; nothing is trained in a workspace that is not trusted. */
export function hint(trusted: boolean, addMap: () => void): TemplateResult {
  return html`<div class="centre hint">
    <h2>${t("Nothing to compare with yet")}</h2>
    <p class="message">${t("Put other maps of these rows beside this one: of other models, or another projection of this one. They share the selection, the colours and the pointer.")}</p>
    <div class="row">
      <vscode-button @click=${addMap}>${t("Add Map…")}</vscode-button>
      ${trusted ? html`<vscode-button appearance="secondary" title=${t("Finds or makes the usual maps of these rows")} @click=${() => void host.command("latentLens.compareMaps")}>${t("Compare the Usual Maps")}</vscode-button>` : nothing}
    </div></div>`;
}
