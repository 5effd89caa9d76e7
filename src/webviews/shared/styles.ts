import { css, unsafeCSS } from "lit";
import codiconRules from "@vscode/codicons/dist/codicon.css";

/** The icon classes; their font is declared once in page.css, since a shadow tree cannot declare fonts. */
export const iconStyles = unsafeCSS(codiconRules.replace(/@font-face\s*\{[^}]*\}/, ""));

/** What all views look like: VS Code's own colours, spacing and controls. */
export const viewStyles = [iconStyles, css`
  :host {
    display: flex;
    flex-direction: column;
    height: 100%;
    min-height: 0;
    color: var(--vscode-foreground);
    font: var(--vscode-font-size, 13px) var(--vscode-font-family, sans-serif);
    --gap: 8px;
    --line: 1px solid var(--vscode-panel-border, var(--vscode-contrastBorder, transparent));
  }
  * { box-sizing: border-box; }
  h2 { font-size: 1.15em; font-weight: 600; margin: 0; }
  h3 { font-size: 11px; font-weight: 600; margin: 0; text-transform: uppercase; letter-spacing: 0.04em; color: var(--vscode-sideBarSectionHeader-foreground, var(--vscode-foreground)); }
  p { margin: 0; }
  .muted { color: var(--vscode-descriptionForeground); }
  .row { display: flex; align-items: center; gap: var(--gap); flex-wrap: wrap; }
  .grow { flex: 1 1 auto; min-width: 0; }
  .number { font-variant-numeric: tabular-nums; }
  .ellipsis { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }

  .toolbar { display: flex; align-items: center; flex-wrap: wrap; gap: 6px var(--gap); padding: 6px 12px; border-bottom: var(--line); flex: none; }
  .toolbar label { display: flex; align-items: center; gap: 6px; color: var(--vscode-descriptionForeground); white-space: nowrap; }
  .toolbar .spacer { flex: 1; }
  .notice { display: flex; align-items: center; gap: var(--gap); padding: 6px 12px; flex: none; background: var(--vscode-inputValidation-infoBackground); border-bottom: 1px solid var(--vscode-inputValidation-infoBorder, transparent); color: var(--vscode-inputValidation-infoForeground, var(--vscode-foreground)); }
  .notice.warning { background: var(--vscode-inputValidation-warningBackground); border-color: var(--vscode-inputValidation-warningBorder, transparent); color: var(--vscode-inputValidation-warningForeground, var(--vscode-foreground)); }

  .centre { flex: 1; display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 12px; padding: 24px; text-align: center; }
  .centre .message { max-width: 60ch; color: var(--vscode-descriptionForeground); overflow-wrap: anywhere; user-select: text; }
  .codicon.large { font-size: 32px; color: var(--vscode-errorForeground); }

  progress.run { appearance: none; display: block; width: 100%; height: 2px; flex: none; border: 0; background: transparent; }
  progress.run::-webkit-progress-bar { background: transparent; }
  progress.run::-webkit-progress-value { background: var(--vscode-progressBar-background); }

  select { appearance: none; font: inherit; height: 26px; padding: 0 24px 0 8px; border: 1px solid var(--vscode-dropdown-border, transparent); border-radius: 2px; color: var(--vscode-dropdown-foreground); background: var(--vscode-dropdown-background); max-width: 220px; text-overflow: ellipsis; }
  .select { position: relative; display: inline-flex; }
  .select::after { content: "\\eab4"; font: 16px/26px codicon; position: absolute; right: 5px; top: 0; pointer-events: none; color: var(--vscode-foreground); }
  input[type="search"], input[type="number"] { font: inherit; height: 26px; padding: 0 8px; border: 1px solid var(--vscode-input-border, transparent); border-radius: 2px; color: var(--vscode-input-foreground); background: var(--vscode-input-background); }
  input:placeholder-shown { text-overflow: ellipsis; }
  input::placeholder { color: var(--vscode-input-placeholderForeground); }
  input[type="range"] { appearance: none; height: 18px; margin: 0; background: transparent; cursor: pointer; min-width: 60px; }
  input[type="range"]::-webkit-slider-runnable-track { height: 3px; border-radius: 2px; background: var(--vscode-scrollbarSlider-background); }
  input[type="range"]::-webkit-slider-thumb { appearance: none; width: 12px; height: 12px; margin-top: -4.5px; border-radius: 50%; background: var(--vscode-button-background); border: 1px solid var(--vscode-contrastBorder, transparent); }
  input[type="range"]:disabled { opacity: 0.4; cursor: default; }
  :is(select, input, button, summary, canvas, [tabindex]):focus-visible { outline: 1px solid var(--vscode-focusBorder); outline-offset: -1px; }
  input[type="range"]:focus-visible { outline-offset: 2px; }

  button.icon { display: inline-flex; align-items: center; justify-content: center; width: 26px; height: 26px; padding: 0; border: 1px solid transparent; border-radius: 5px; background: transparent; color: var(--vscode-icon-foreground, var(--vscode-foreground)); cursor: pointer; }
  button.icon:hover:not(:disabled) { background: var(--vscode-toolbar-hoverBackground); outline: 1px dashed var(--vscode-contrastActiveBorder, transparent); }
  button.icon[aria-pressed="true"] { background: var(--vscode-inputOption-activeBackground); color: var(--vscode-inputOption-activeForeground); border-color: var(--vscode-inputOption-activeBorder, transparent); }
  button.icon:disabled { opacity: 0.4; cursor: default; }
  button.link { padding: 0; border: 0; background: none; color: var(--vscode-textLink-foreground); font: inherit; cursor: pointer; text-align: left; }
  button.link:hover { text-decoration: underline; color: var(--vscode-textLink-activeForeground); }
  .group { display: inline-flex; gap: 2px; }
`];
