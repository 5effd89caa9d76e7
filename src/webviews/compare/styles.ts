import { css } from "lit";

export const compareStyles = css`
  .body { flex: 1; display: flex; min-height: 0; position: relative; }
  .grid { flex: 1; min-width: 0; min-height: 0; overflow-y: auto; display: grid; grid-auto-rows: minmax(220px, 1fr); grid-template-columns: minmax(0, 1fr); }
  .grid[data-columns="1"] { grid-auto-rows: minmax(300px, 1fr); }
  .grid[data-columns="2"] { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .grid[data-columns="3"] { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  .hint { overflow-y: auto; }
  .hint .row { justify-content: center; }
  aside { width: 220px; flex: none; border-left: var(--line); overflow-y: auto; padding: 8px 14px 16px; display: flex; flex-direction: column; gap: 14px; background: var(--vscode-sideBar-background); color: var(--vscode-sideBar-foreground, inherit); }
  aside[hidden] { display: none; }
  latent-legend, latent-placed, .facts { flex: none; }
  .facts { display: flex; flex-direction: column; gap: 4px; font-size: 11px; overflow-wrap: anywhere; }
  vscode-progress-ring.small { width: 16px; height: 16px; }
  @media (max-width: 620px) {
    .body { flex-direction: column; }
    aside { width: auto; max-height: 30%; border-left: 0; border-top: var(--line); }
  }
`;
