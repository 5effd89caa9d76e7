import { html, nothing, type TemplateResult } from "lit";
import { customElement, query, queryAll } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import "../shared/controls";
import type { Labels } from "../../protocol/data";
import type { ColoringDescription, Overview, Points } from "../../protocol/engineApi";
import { maxMaps, type Member, type ViewState } from "../../protocol/viewApi";
import { cssColor } from "../shared/colors";
import { formatCount } from "../shared/format";
import "../shared/hoverCard";
import type { HoverPoint } from "../shared/hoverCard";
import { host, t } from "../shared/host";
import { labelText } from "../shared/labelText";
import { codeOf, messageOf } from "../shared/latest";
import "../shared/legendElement";
import { Persisted } from "../shared/persisted";
import "../shared/placedElement";
import { hideSets, labelsOfDrawn } from "../shared/placedRows";
import type { AreaEvent, PointEvent, Tool } from "../shared/pointCloud/pointCloudElement";
import { noFilter, pointColors, shownRows, type Filter } from "../shared/pointColors";
import { afterAreaPick, afterPick } from "../shared/picking";
import { savePng } from "../shared/saveMenu";
import { onThemeChange, readTheme } from "../shared/theme";
import { iconButton, picker } from "../shared/toolbarTemplates";
import { ViewElement } from "../shared/viewElement";
import { columnsFor } from "./columns";
import { ComparedRows } from "./comparedRows";
import { hint } from "./hint";
import "./panelElement";
import { usualLook, type MapContent, type MapLook, type MapPanelElement } from "./panelElement";
import { pictureOf } from "./picture";
import { compareStyles } from "./styles";

/** Maps of the same rows side by side: one selection, one colouring, one pointer. */
@customElement("latent-compare")
export class CompareElement extends ViewElement {
  static override styles = [...ViewElement.styles, compareStyles];

  private readonly coloringId = new Persisted(this, "coloring", "");
  private readonly filter = new Persisted<Filter>(this, "filter", noFilter);
  private readonly tool = new Persisted<Tool>(this, "tool", "pan");
  private readonly panel = new Persisted(this, "panel", true);
  private readonly aligned = new Persisted(this, "aligned", true);
  /** By the members' numbers. */
  private readonly looks = new Persisted<Record<number, MapLook>>(this, "looks", {});
  /** Fingerprints of datasets whose placed rows are hidden. */
  private readonly hiddenSets = new Persisted<readonly string[]>(this, "hiddenPlaced", []);

  @query(".grid") private readonly grid!: HTMLElement | null;
  @query(".body") private readonly body!: HTMLElement;
  @queryAll("latent-map-panel") private readonly panels!: NodeListOf<MapPanelElement>;
  private overview: Overview | null = null;
  /** Of the first map, onto which the others are turned. */
  private reference: Points | null = null;
  private readonly rows = new ComparedRows();
  /** Of all rows, or of those before some were placed or taken out. */
  private labels: Labels | null = null;
  private colors = new Uint8Array(0);
  private shown = new Uint8Array(0);
  private selection = new Int32Array(0);
  private hovered: (HoverPoint & { member: number }) | null = null;
  private note = "";
  private columns = 1;
  private stopFollowingTheme: (() => void) | undefined;
  private readonly sizes = new ResizeObserver(() => this.arrange());

  override connectedCallback(): void {
    super.connectedCallback();
    this.sizes.observe(this);
    this.stopFollowingTheme = onThemeChange(() => this.recolor());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes.disconnect();
    this.stopFollowingTheme?.();
  }

  protected override load(state: ViewState): void {
    this.selection = state.selection as Int32Array<ArrayBuffer>;
    this.recolor();
    this.query("overview", signal => host.overview(signal), overview => {
      this.overview = overview;
      this.loadColoring();
    });
  }

  protected override selected(rows: Int32Array): void {
    this.select(rows, false);
  }

  override willUpdate(): void {
    if (!this.state?.checkpoint || !this.rows.recount(this.state.checkpoint.header.schema.count, this.members)) return;
    // What was placed is counted anew.
    this.hovered = null;
    this.selection = this.selection.filter(row => row < this.rows.own);
    this.recolor();
    if (this.overview) this.loadColoring();
  }

  override updated(): void {
    this.arrange();
  }

  /** Finds the grid in which the maps are largest. */
  private arrange(): void {
    const { grid } = this;
    if (!grid) return;
    const columns = columnsFor(grid.childElementCount, grid.offsetWidth, grid.offsetHeight);
    if (columns === this.columns) return;
    this.columns = columns;
    this.requestUpdate();
  }

  private loadColoring(): void {
    const id = this.coloring?.id;
    if (id === undefined) return;
    this.query("coloring", signal => this.rows.labels(id, signal), labels => {
      this.labels = labels;
      this.note = "";
      this.recolor();
    }, message => {
      this.labels = null;
      this.note = message;
      this.recolor();
    });
  }

  /** The colouring the user chose, else the first. */
  private get coloring(): ColoringDescription | undefined {
    const { colorings } = this.overview!;
    return colorings.find(({ id }) => id === this.coloringId.value) ?? colorings[0];
  }

  private recolor(): void {
    this.requestUpdate();
    const { own, sets, count: n } = this.rows;
    const labels = labelsOfDrawn(this.labels, own, n);
    this.shown = shownRows(labels, n, this.filter.value) as Uint8Array<ArrayBuffer>;
    hideSets(this.shown, own, sets, this.hiddenIds);
    this.colors = pointColors(labels, n, this.shown, this.selection, readTheme().dark) as Uint8Array<ArrayBuffer>;
  }

  /** Makes `rows` the selection; tells the other views unless they told us. */
  private select(rows: Int32Array, tell = true): void {
    this.selection = rows as Int32Array<ArrayBuffer>;
    // Other views of the dataset know nothing of rows that were placed in maps.
    if (tell) void host.select(rows.filter(row => row < this.rows.own));
    this.recolor();
  }

  /** `x` and `y` are pixels of the window. */
  private hover(member: number, { row, x, y }: PointEvent): void {
    const { left, top } = this.body.getBoundingClientRect();
    const [red, green, blue] = this.colors.subarray(4 * row, 4 * row + 3) as unknown as [number, number, number];
    this.hovered = row >= 0 ? { member, row, x: x - left, y: y - top, color: cssColor([red, green, blue]) } : null;
    this.requestUpdate();
  }

  private setLook(member: number, look: MapLook): void {
    // What turns the first map turns all.
    const turnsAll = member === 0 && this.aligned.value && look.projection !== this.lookOf(0).projection;
    const others = turnsAll ? this.looksFromAfar : this.looks.value;
    this.looks.value = { ...others, [member]: look };
  }

  private lookOf(member: number): MapLook {
    return this.looks.value[member] ?? usualLook;
  }

  private get looksFromAfar(): Record<number, MapLook> {
    return Object.fromEntries(Object.entries(this.looks.value).map(([id, look]) => [id, { ...look, camera: null }]));
  }

  /** A refusal is said where notes are. */
  private async ask(question: () => Promise<void>): Promise<void> {
    this.note = "";
    await question().catch((error: unknown) => {
      if (codeOf(error) === "cancelled") return;
      this.note = messageOf(error);
      this.panel.value = true;
    });
    this.requestUpdate();
  }

  private get members(): Member[] {
    const { checkpoint, members } = this.state!;
    return [{ id: 0, fileName: checkpoint!.fileName, title: checkpoint!.title, header: checkpoint!.header, problem: "", progress: this.progress }, ...members];
  }

  protected override content(state: ViewState): TemplateResult {
    const { overview, members } = this;
    if (!overview) return html`<div class="centre" role="status"><vscode-progress-ring></vscode-progress-ring><p class="muted">${t("Opening the checkpoint…")}</p></div>`;
    return html`
      ${this.toolbar(overview, members)}
      ${this.datasetNotice(overview.datasetProblem)}
      <div class="body">
        <div class="grid" data-columns=${this.columns}>
          ${repeat(members, ({ id }) => id, member => this.mapPanel(member))}
          ${members.length === 1 ? hint(state.trusted, () => void this.ask(() => host.addMember())) : nothing}
        </div>
        <aside ?hidden=${!this.panel.value}>
          <latent-legend .known=${this.coloring?.known} .labels=${this.labels} .filter=${this.filter.value} @filter-change=${(event: CustomEvent<Filter>) => {
            this.filter.value = event.detail;
            this.recolor();
          }}></latent-legend>
          ${this.rows.sets.length > 0 ? html`<latent-placed isShared .sets=${this.rows.sets} .own=${this.rows.own} .hiddenSets=${this.hiddenIds}
            @hidden-change=${(event: CustomEvent<number[]>) => {
              this.hiddenSets.value = this.rows.sets.filter(({ id }) => event.detail.includes(id)).map(({ fingerprint }) => fingerprint);
              this.recolor();
            }}
            @select-rows=${(event: CustomEvent<Int32Array>) => this.select(event.detail)}></latent-placed>` : nothing}
          ${this.facts()}
        </aside>
        <latent-hover-card .point=${this.hovered} .labels=${this.labels} .schema=${state.checkpoint!.header.schema} .place=${this.hovered && this.rows.placeOf(this.hovered.row)} .ask=${this.rows.details}></latent-hover-card>
      </div>`;
  }

  private mapPanel(member: Member): TemplateResult {
    const { id } = member;
    return html`<latent-map-panel .member=${member} .look=${this.lookOf(id)} .reference=${id !== 0 && this.aligned.value ? this.reference : null}
      .sets=${this.rows.sets} .colors=${this.colors} .shown=${this.shown} .selection=${this.selection} .marked=${this.hovered && this.hovered.member !== id ? this.hovered.row : -1} .tool=${this.tool.value}
      @look-change=${(event: CustomEvent<MapLook>) => this.setLook(id, event.detail)}
      @content-change=${(event: CustomEvent<MapContent>) => {
        if (id === 0) this.reference = event.detail.points;
        this.rows.take(id, event.detail.placed);
        this.requestUpdate();
      }}
      @remove=${() => void this.ask(() => host.removeMember(id))}
      @row-hover=${(event: CustomEvent<PointEvent>) => this.hover(id, event.detail)}
      @point-pick=${(event: CustomEvent<PointEvent>) => this.select(afterPick(this.selection, event.detail))}
      @area-pick=${(event: CustomEvent<AreaEvent>) => this.select(afterAreaPick(this.selection, event.detail))}
      @row-open=${(event: CustomEvent<PointEvent>) => this.rows.openSource(event.detail.row)}></latent-map-panel>`;
  }

  private toolbar({ colorings }: Overview, members: Member[]): TemplateResult {
    const tool = (id: Tool, icon: string, title: string) => iconButton(icon, title, () => { this.tool.value = id; }, this.tool.value === id);
    const isFull = members.length >= maxMaps;
    return html`<div class="toolbar" role="toolbar" aria-label=${t("Compare")}>
      <label>${t("Colour")} ${picker(t("Colour"), colorings, this.coloring?.id ?? "", id => {
        this.coloringId.value = id;
        this.filter.value = noFilter;
        this.loadColoring();
      })}</label>
      <vscode-checkbox title=${t("Turns and mirrors each map so that it lies like the first (Procrustes); distances stay")} ?checked=${this.aligned.value} @change=${(event: Event) => {
        this.aligned.value = (event.target as HTMLInputElement).checked;
        this.looks.value = this.looksFromAfar;
      }}>${t("Align")}</vscode-checkbox>
      <span class="group">${tool("pan", "move", t("Pan (drag)"))}${tool("box", "screen-full", t("Select a box (Shift+drag)"))}${tool("lasso", "edit", t("Select with the lasso (Alt+drag)"))}</span>
      ${iconButton("home", t("Show all of every map"), () => { this.looks.value = this.looksFromAfar; })}
      ${this.isBusy("coloring") ? html`<vscode-progress-ring class="small"></vscode-progress-ring>` : nothing}
      <span class="spacer"></span>
      <vscode-button appearance="secondary" ?disabled=${isFull} title=${isFull ? t("At most {0} maps are compared at once", maxMaps) : t("Add a map of another checkpoint, or another of this one")} @click=${() => void this.ask(() => host.addMember())}>${t("Add Map…")}</vscode-button>
      ${iconButton("file-media", t("Save as PNG"), () => void this.savePng())}
      ${iconButton("layout-sidebar-right", t("Legend and selection"), () => { this.panel.value = !this.panel.value; }, this.panel.value)}
    </div>`;
  }

  /** What is selected and how much is shown, in words. */
  private facts(): TemplateResult {
    const [row] = this.selection;
    const shown = this.shown.reduce((count, value) => count + value, 0);
    const selected = row === undefined ? t("Click a point to find it in every map. Shift+drag selects a box, Alt+drag draws a lasso.")
      : this.selection.length > 1 ? t("{0} rows selected", formatCount(this.selection.length))
      : [this.rows.nameOf(row), labelText(this.labels, row)].filter(Boolean).join(" · ");
    return html`<div class="facts" role="status">
      ${shown < this.shown.length ? html`<span>${t("{0} of {1} rows shown", formatCount(shown), formatCount(this.shown.length))}</span>` : nothing}
      <span class=${row === undefined ? "muted" : ""}>${selected}</span>
      ${row === undefined ? nothing : html`<button class="link" @click=${() => this.select(new Int32Array(0))}>${t("Clear the selection (Escape)")}</button>`}
      ${this.note ? html`<span>${this.note}</span>` : nothing}</div>`;
  }

  private get hiddenIds(): number[] {
    return this.rows.sets.filter(({ fingerprint }) => this.hiddenSets.value.includes(fingerprint)).map(({ id }) => id);
  }

  private async savePng(): Promise<void> {
    const theme = readTheme();
    const tiles = [...this.panels].flatMap(panel => {
      const canvas = panel.snapshot(cssColor(theme.background));
      const { header, title } = panel.member;
      return canvas && header ? [{ title: t(header.modelTitle), detail: title, canvas }] : [];
    });
    if (tiles.length > 0) await savePng(`${this.state!.checkpoint!.title}-compare`, pictureOf(tiles, this.columns, this.labels, theme, window.devicePixelRatio, t("no label")));
  }
}
