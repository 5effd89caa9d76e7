import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Schema } from "../../protocol/data";
import type { Traversal } from "../../protocol/engineApi";
import { formatNumber } from "../shared/format";
import { barsOf, displayRange, pictureAt } from "../shared/raster";
import "../shared/rowPicture";
import { viewStyles } from "../shared/styles";

export interface CellEvent {
  row: number;
  column: number;
}

/** A grid of decoded rows. Cells can be pointed at and stepped through by arrow keys: fires `cell-point` (CellEvent | null). */
@customElement("latent-grid")
export class GridElement extends LitElement {
  static override styles = [...viewStyles, css`
    :host { height: auto; }
    table { border-collapse: separate; border-spacing: 2px; width: 100%; table-layout: fixed; }
    table.sheet { border-spacing: 0; }
    table.bars { border-spacing: 8px 4px; }
    th { font-weight: 400; text-align: left; width: 84px; padding-right: 8px; vertical-align: middle; }
    th small { display: block; font-size: 11px; color: var(--vscode-descriptionForeground); }
    td { padding: 0; }
    latent-row { width: 100%; cursor: zoom-in; }
    td:focus-visible { outline: 2px solid var(--vscode-focusBorder); outline-offset: 0; }
    td:hover latent-row { outline: 1px solid var(--vscode-focusBorder); overflow: visible; z-index: 1; }
    caption { caption-side: bottom; text-align: right; padding: 6px 2px; color: var(--vscode-descriptionForeground); font-size: 11px; }
  `];

  private readonly sizes = new ResizeObserver(() => this.fitSheet());
  @property({ attribute: false }) traversal!: Traversal;
  @property({ attribute: false }) schema!: Schema;
  @property({ attribute: false }) rowTitles: string[] = [];
  @property({ attribute: false }) rowDetails: string[] = [];
  /** Titles of the horizontal and the vertical axis of a sheet; empty for a grid. */
  @property({ attribute: false }) axisTitles: string[] = [];

  override render(): TemplateResult {
    const { rows } = this.traversal;
    const [down, across] = rows.shape as [number, number];
    const isImage = this.schema.kind === "image";
    const { values, range } = isImage ? { values: rows.data, range: displayRange(this.schema, rows.data) } : barsOf(rows, this.schema);
    const size = rows.data.length / (down * across);
    const cell = (row: number, column: number) => {
      const index = row * across + column;
      return isImage ? html`<latent-row .picture=${pictureAt(rows, index)} .range=${range}></latent-row>`
        : html`<latent-row .values=${values.subarray(index * size, (index + 1) * size)} .range=${range}></latent-row>`;
    };
    return html`<table class=${this.axisTitles.length > 0 ? "sheet" : isImage ? "" : "bars"} role="grid" @keydown=${this.key} @pointerleave=${() => this.point(null)}>
      ${this.axisTitles.length > 0 ? html`<caption>${this.axisTitles[0]} → &nbsp; ${this.axisTitles[1]} ↑</caption>` : nothing}
      <tbody>${Array.from({ length: down }, (_, row) => html`<tr>
        ${this.rowTitles[row] === undefined ? nothing : html`<th scope="row">${this.rowTitles[row]}<small class="number">${this.rowDetails[row] ?? ""}</small></th>`}
        ${Array.from({ length: across }, (_, column) => html`<td tabindex=${row === 0 && column === 0 ? 0 : -1} data-row=${row} data-column=${column} aria-label=${this.labelOf(row, column)}
          @pointerenter=${() => this.point({ row, column })} @focus=${() => this.point({ row, column })}>${cell(row, column)}</td>`)}
      </tr>`)}</tbody></table>`;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.sizes.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes.disconnect();
  }

  override updated(): void {
    this.fitSheet();
    const [height, width] = this.cellRatio;
    this.renderRoot.querySelectorAll<HTMLElement>("latent-row").forEach(element => { element.style.aspectRatio = `${width} / ${height}`; });
  }

  private get cellRatio(): [number, number] {
    const [height = 1, width = 1] = this.schema.kind === "image" ? this.schema.shape : [1, 2];
    return [height, width];
  }

  /** A sheet is one picture: as large as the view shows whole, in cells of whole pixels, between which nothing shines through. */
  private readonly fitSheet = (): void => {
    const table = this.renderRoot.querySelector<HTMLElement>("table");
    if (!table) return;
    if (this.axisTitles.length === 0) return void (table.style.width = "");
    const [down, across] = this.traversal.rows.shape as [number, number];
    const [height, width] = this.cellRatio;
    const captionHeight = 28;
    const room = window.innerHeight - this.getBoundingClientRect().top - captionHeight;
    const cell = Math.min(this.clientWidth / across, ((Math.max(room, 240) / down) * width) / height);
    const unit = Math.max(1, Math.floor(cell));
    table.style.width = `${unit * across}px`;
  };
  private labelOf(row: number, column: number): string {
    const across = this.traversal.rows.shape[1]!;
    const value = this.axisTitles.length > 0 ? this.traversal.values[column]! : this.traversal.values[row * across + column]!;
    return `${this.rowTitles[row] ?? this.axisTitles[0] ?? ""} ${formatNumber(value)}`;
  }

  private point(cell: CellEvent | null): void {
    this.dispatchEvent(new CustomEvent<CellEvent | null>("cell-point", { detail: cell }));
  }

  private readonly key = (event: KeyboardEvent): void => {
    const steps: Record<string, [number, number]> = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    const step = steps[event.key];
    const at = (event.target as HTMLElement).closest("td");
    if (!step || !at) return;
    event.preventDefault();
    this.renderRoot.querySelector<HTMLElement>(`td[data-row="${Number(at.dataset["row"]) + step[0]}"][data-column="${Number(at.dataset["column"]) + step[1]}"]`)?.focus();
  };
}
