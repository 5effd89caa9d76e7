import { html, nothing, type TemplateResult } from "lit";
import { t } from "./host";

/** A button that is an icon (a codicon's name); `pressed` makes it a switch. */
export function iconButton(icon: string, title: string, run: () => void, pressed?: boolean): TemplateResult {
  return html`<button class="icon" title=${title} aria-label=${title} aria-pressed=${pressed ?? nothing} @click=${run}><span class="codicon codicon-${icon}"></span></button>`;
}

/** A choice of one of several things that the engine offers. */
export function picker(label: string, items: readonly { id: string; title: string }[], value: string, changed: (value: string) => void): TemplateResult {
  return html`<span class="select"><select aria-label=${label} @change=${(event: Event) => changed((event.target as HTMLSelectElement).value)}>
    ${items.map(({ id, title }) => html`<option value=${id} ?selected=${id === value}>${t(title)}</option>`)}
  </select></span>`;
}
