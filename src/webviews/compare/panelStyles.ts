import { css } from "lit";

export const panelStyles = css`
  :host { min-width: 0; border-right: var(--line); border-bottom: var(--line); }
  section { flex: 1; min-height: 0; display: flex; flex-direction: column; position: relative; container-type: inline-size; }
  progress.run { position: absolute; top: 0; left: 0; z-index: 1; }
  header { display: flex; align-items: center; gap: 2px; padding: 4px 6px 0 12px; min-height: 30px; }
  h2 { flex: 1; min-width: 0; font-size: 1em; }
  .sub { display: flex; align-items: center; gap: 8px; padding: 0 12px 2px; min-height: 22px; font-size: 11px; }
  .sub .muted { flex: 1 1 60px; min-width: 44px; }
  .sub .select { flex: 0 1 auto; min-width: 60px; }
  .sub select { width: 100%; height: 20px; padding: 0 20px 0 6px; font-size: 11px; }
  .sub .select::after { line-height: 20px; right: 3px; }
  latent-point-cloud { flex: 1; min-height: 0; }
  .centre { min-height: 0; overflow-y: auto; padding: 12px; gap: 8px; }
  .centre .codicon-warning { font-size: 20px; color: var(--vscode-descriptionForeground); }
  .quality { display: flex; flex-wrap: wrap; gap: 0 12px; padding: 2px 12px 6px; margin: 0; font-size: 11px; }
  /* The first are read most; the others are in the map's own scatter. */
  @container (max-width: 360px) { .quality .entry:nth-child(n + 4) { display: none; } }
`;
