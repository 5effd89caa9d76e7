import { css } from "lit";

export const scatterStyles = css`
  .body { flex: 1; display: flex; min-height: 0; }
  .plot { position: relative; flex: 1; min-width: 0; min-height: 0; overflow: hidden; }
  latent-point-cloud { position: absolute; inset: 0; }
  aside { width: 264px; flex: none; border-left: var(--line); overflow-y: auto; padding: 8px 14px 16px; display: flex; flex-direction: column; gap: 18px; background: var(--vscode-sideBar-background); color: var(--vscode-sideBar-foreground, inherit); }
  aside[hidden] { display: none; }
  latent-legend, latent-placed, latent-selection, latent-quality { flex: none; }
  .corner { position: absolute; right: 10px; top: 10px; display: flex; flex-direction: column; gap: 2px; padding: 2px; border-radius: 6px; background: var(--vscode-editorWidget-background); border: 1px solid var(--vscode-editorWidget-border, var(--vscode-contrastBorder, transparent)); z-index: 1; }
  .corner hr { width: 100%; margin: 2px 0; border: 0; border-top: var(--line); }
  .foot { position: absolute; left: 50%; transform: translateX(-50%); bottom: 8px; padding: 2px 10px; border-radius: 10px; font-size: 11px; background: var(--vscode-editorWidget-background); border: 1px solid var(--vscode-editorWidget-border, transparent); pointer-events: none; max-width: 70%; }
  .search { width: 170px; }
  .group button { font-size: 11px; }
  vscode-progress-ring.small { width: 16px; height: 16px; }
  .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  @media (max-width: 620px) {
    .body { flex-direction: column; }
    aside { width: auto; max-height: 42%; border-left: 0; border-top: var(--line); }
    .search { width: 120px; flex: 1; }
    .corner { flex-direction: row; }
    .corner hr { width: 0; height: auto; margin: 0 2px; border-top: 0; border-left: var(--line); }
  }
`;
