import { html, nothing, type TemplateResult } from "lit";
import { customElement, query } from "lit/decorators.js";
import "../shared/controls";
import type { Labels, Progress } from "../../protocol/data";
import { canPlaceIn } from "../../protocol/checkpointHeader";
import type { ColoringDescription, Overview, PlacedPoints, Points } from "../../protocol/engineApi";
import type { ViewState } from "../../protocol/viewApi";
import { cssColor } from "../shared/colors";
import { formatCount } from "../shared/format";
import { host, t } from "../shared/host";
import { Persisted } from "../shared/persisted";
import type { Camera } from "../shared/pointCloud/camera";
import "../shared/pointCloud/pointCloudElement";
import type { Sprites } from "../shared/pointCloud/overlay";
import type { AreaEvent, PointCloudElement, PointEvent, Tool } from "../shared/pointCloud/pointCloudElement";
import { afterAreaPick, afterPick } from "../shared/picking";
import { savePng } from "../shared/saveMenu";
import { onThemeChange, readTheme } from "../shared/theme";
import { picker } from "../shared/toolbarTemplates";
import { ViewElement } from "../shared/viewElement";
import "../shared/hoverCard";
import type { HoverPoint } from "../shared/hoverCard";
import "../shared/legendElement";
import "../shared/placedElement";
import { noFilter, pointColors, shownRows, type Filter } from "../shared/pointColors";
import { hideSets, isGone, labelsOfDrawn, placeOf, withPlacedLabels, withPlacedPoints } from "../shared/placedRows";
import { corner } from "./corner";
import { svgOfCloud } from "./scatterSvg";
import "./qualityElement";
import "./selectionElement";
import { maxSprites, spritesOf } from "./sprites";
import { scatterStyles } from "./styles";

/** Where the buttons over the plot are a row (styles.ts). */
const narrow = matchMedia("(max-width: 620px)");
/** Room for the buttons, with what is around them. */
const [besideColumn, besideRow] = [[52, 0], [0, 52]] as const;

const nothingPlaced: PlacedPoints = { sets: [], data: new Float32Array(0) };

/** All rows as points: look, filter, select, find. */
@customElement("latent-scatter")
export class ScatterElement extends ViewElement {
  static override styles = [...ViewElement.styles, scatterStyles];

  private readonly projection = new Persisted(this, "projection", "");
  private readonly dimensions = new Persisted(this, "dimensions", 2);
  private readonly coloringId = new Persisted(this, "coloring", "");
  private readonly filter = new Persisted<Filter>(this, "filter", noFilter);
  private readonly camera = new Persisted<Camera | null>(this, "camera", null);
  private readonly tool = new Persisted<Tool>(this, "tool", "pan");
  private readonly panel = new Persisted(this, "panel", true);
  private readonly hiddenSets = new Persisted<readonly number[]>(this, "hiddenPlaced", []);

  @query("latent-point-cloud") private readonly cloud!: PointCloudElement | null;
  private overview: Overview | null = null;
  /** All that is drawn: the rows of the checkpoint, behind them those that were placed in the map. */
  private points: Points | null = null;
  private placed: PlacedPoints = nothingPlaced;
  /** Of the checkpoint's rows and all that were placed, in any projection. */
  private labels: Labels | null = null;
  /** Of the rows that are drawn. */
  private drawnLabels: Labels | null = null;
  private drawnSelection = new Int32Array(0);
  private colors = new Uint8Array(0);
  private shown = new Uint8Array(0);
  private selection = new Int32Array(0);
  private neighbors = new Int32Array(0);
  private hovered: HoverPoint | null = null;
  private sprites: Sprites | null = null;
  private spriteRows = "";
  private note = "";
  private announcement = "";
  private readonly narrowed = () => this.requestUpdate();
  private picture: { projection: string; dimensions: number } | null = null;
  private stopFollowingTheme: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.stopFollowingTheme = onThemeChange(() => this.recolor());
    narrow.addEventListener("change", this.narrowed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopFollowingTheme?.();
    narrow.removeEventListener("change", this.narrowed);
  }

  protected override load(state: ViewState): void {
    this.selection = state.selection as Int32Array<ArrayBuffer>;
    this.query("overview", signal => host.overview(signal), overview => {
      this.overview = overview;
      this.loadPoints();
      this.loadColoring();
    });
  }

  /** A map under way is drawn anew as often as there is a picture, but never before the last one is there. */
  protected override progressed(progress: Progress | null): void {
    if (progress?.isMap && progress.losses && this.overview && !this.isBusy("points")) this.loadPoints();
  }

  protected override selected(rows: Int32Array): void {
    this.select(rows, false);
  }

  /** The projection and dimensions that the user chose, else the usual ones: of a map, those that it was made with, since it has no axes to leave out. */
  private get chosen(): { id: string; dimensions: number } {
    const { projections, usualProjection: usual } = this.overview!;
    const projection = projections.find(({ id }) => id === this.projection.value) ?? projections.find(({ id }) => id === usual) ?? projections[0]!;
    const isMap = this.state?.checkpoint?.header.capabilities.includes("map") ?? false;
    const wanted = isMap && !this.dimensions.isSet ? Math.max(...projection.dimensions) : this.dimensions.value;
    const dimensions = projection.dimensions.includes(wanted) ? wanted : projection.dimensions[0]!;
    return { id: projection.id, dimensions };
  }

  private get own(): number {
    return this.state!.checkpoint!.header.schema.count;
  }

  private get hasPlaced(): boolean {
    return (this.state?.checkpoint?.header.placed ?? []).length > 0;
  }

  private loadPoints(): void {
    const { id, dimensions } = this.chosen;
    const picture = { projection: id, dimensions };
    this.query("points", signal => Promise.all([host.points(picture, signal), this.hasPlaced ? host.placed(picture, signal) : nothingPlaced]), ([points, placed]) => {
      this.points = withPlacedPoints(points, placed);
      this.placed = placed;
      this.spriteRows = "";
      this.sprites = null;
      this.recolor();
    });
  }

  /** The colouring the user chose, else the first. */
  private get coloring(): ColoringDescription | undefined {
    const { colorings } = this.overview!;
    return colorings.find(({ id }) => id === this.coloringId.value) ?? colorings[0];
  }

  private loadColoring(): void {
    const id = this.coloring?.id;
    if (id === undefined) return this.recolor();
    this.query("coloring", signal => Promise.all([host.coloring(id, signal), this.hasPlaced ? host.placedColoring(id, signal) : null]), ([labels, placed]) => {
      this.labels = placed ? withPlacedLabels(labels, placed) : labels;
      this.note = "";
      this.recolor();
    }, message => {
      this.labels = null;
      this.note = message;
      this.recolor();
    });
  }

  private recolor(): void {
    this.requestUpdate();
    if (!this.points) return;
    const n = this.points.data.length / this.points.dimensions;
    const labels = (this.drawnLabels = labelsOfDrawn(this.labels, this.own, n));
    // What is selected may have no place in this projection.
    this.drawnSelection = this.selection.some(row => row >= n) ? this.selection.filter(row => row < n) : this.selection;
    if (this.hovered && this.hovered.row >= n) this.hovered = null;
    this.shown = shownRows(labels, n, this.filter.value) as Uint8Array<ArrayBuffer>;
    if (n > this.own) hideSets(this.shown, this.own, this.placed.sets, this.hiddenSets.value);
    this.colors = pointColors(labels, n, this.shown, this.drawnSelection, readTheme().dark) as Uint8Array<ArrayBuffer>;
  }

  /** Makes `rows` the selection; tells the other views unless they told us. */
  private select(rows: Int32Array, tell = true): void {
    this.selection = rows as Int32Array<ArrayBuffer>;
    // Other views of the dataset know nothing of rows that were placed in this map.
    if (tell) void host.select(rows.filter(row => row < this.own));
    this.recolor();
  }

  private hover({ row, x, y }: PointEvent): void {
    this.hovered = row >= 0 ? { row, x, y, color: cssColor([this.colors[4 * row]!, this.colors[4 * row + 1]!, this.colors[4 * row + 2]!]) } : null;
    this.requestUpdate();
  }

  private search(text: string): void {
    if (text.trim() === "") {
      this.note = "";
      return this.select(new Int32Array(0));
    }
    this.query("find", signal => host.find(text, signal), rows => {
      this.note = rows.length === 0 ? t("No row matches “{0}”.", text) : "";
      this.select(rows);
    }, message => {
      this.note = message;
    });
  }

  /** Draws pictures instead of points when few enough are in view. */
  private updateSprites(): void {
    const { cloud, overview, points } = this;
    if (!cloud || !points || points.dimensions !== 2 || overview?.datasetProblem !== null || this.state?.checkpoint?.header.schema.kind !== "image") return;
    const rows = cloud.magnification > 1.5 || this.shown.length <= maxSprites ? cloud.rowsInView(maxSprites) : [];
    const few = rows.length <= maxSprites ? rows.filter(row => !isGone(row, this.own, this.placed.sets)) : [];
    if (few.join() === this.spriteRows) return;
    this.spriteRows = few.join();
    if (few.length === 0) {
      this.sprites = null;
      return this.requestUpdate();
    }
    this.query("sprites", signal => host.thumbnails(Int32Array.from(few), signal), thumbnails => {
      this.sprites = spritesOf(few, thumbnails);
    }, () => undefined);
  }

  protected override content(state: ViewState): TemplateResult {
    const { overview, points } = this;
    if (!overview || !points) return html`<div class="centre" role="status"><vscode-progress-ring></vscode-progress-ring><p class="muted">${overview ? t("Mapping the rows…") : t("Opening the checkpoint…")}</p></div>`;
    const { header } = state.checkpoint!;
    const { schema } = header;
    const { sets } = this.placed;
    const labels = this.drawnLabels;
    const version = header.createdAt + String(header.seconds);
    return html`
      ${this.toolbar(overview)}
      ${this.datasetNotice(overview.datasetProblem)}
      <div class="body">
        <div class="plot">
          <latent-point-cloud .points=${points} .colors=${this.colors} .shown=${this.shown} .firstMark=${schema.count} .selection=${this.drawnSelection} .neighbors=${this.neighbors}
            .clear=${narrow.matches ? besideRow : besideColumn} .axes=${points.axes} .camera=${this.camera.value} .tool=${this.tool.value} .sprites=${this.sprites}
            @camera-change=${(event: CustomEvent<Camera | null>) => { this.camera.value = event.detail; }}
            @point-hover=${(event: CustomEvent<PointEvent>) => this.hover(event.detail)}
            @point-pick=${(event: CustomEvent<PointEvent>) => this.select(afterPick(this.selection, event.detail))}
            @area-pick=${(event: CustomEvent<AreaEvent>) => this.select(afterAreaPick(this.selection, event.detail))}
            @row-open=${(event: CustomEvent<PointEvent>) => void host.openSource(event.detail.row)}
            @points-drawn=${() => this.updateSprites()} @renderer-known=${() => this.requestUpdate()}></latent-point-cloud>
          <latent-hover-card .point=${this.hovered} .labels=${labels} .schema=${schema} .place=${this.hovered && placeOf(this.hovered.row, schema.count, sets)}></latent-hover-card>
          ${corner({
            tool: this.tool.value, is3d: points.dimensions === 3, cloud: () => this.cloud,
            choose: tool => { this.tool.value = tool; }, savePng: () => void this.savePng(), saveSvg: () => void this.saveSvg(),
          })}
          ${this.footNote()}
        </div>
        <aside ?hidden=${!this.panel.value}>
          <latent-legend .known=${this.coloring?.known} .labels=${labels} .filter=${this.filter.value} @filter-change=${(event: CustomEvent<Filter>) => {
            this.filter.value = event.detail;
            this.recolor();
          }}></latent-legend>
          ${canPlaceIn(header) || sets.length > 0 ? html`<latent-placed .sets=${sets} .own=${schema.count} .hiddenSets=${this.hiddenSets.value} .canPlace=${state.trusted && canPlaceIn(header)} .drawn=${this.placed.data.length > 0}
            @hidden-change=${(event: CustomEvent<number[]>) => {
              this.hiddenSets.value = event.detail;
              this.recolor();
            }}
            @select-rows=${(event: CustomEvent<Int32Array>) => this.select(event.detail)}></latent-placed>` : nothing}
          <latent-selection .isMap=${header.capabilities.includes("map")} .schema=${schema} .selection=${this.selection} .labels=${this.labels} .placed=${sets} .version=${version}
            @select-rows=${(event: CustomEvent<Int32Array>) => this.select(event.detail)}
            @neighbors-change=${(event: CustomEvent<Int32Array>) => {
              this.neighbors = event.detail as Int32Array<ArrayBuffer>;
              this.requestUpdate();
            }}
            @announce=${(event: CustomEvent<string>) => {
              this.announcement = event.detail;
              this.requestUpdate();
            }}></latent-selection>
          <latent-quality .picture=${this.judgeable(overview)} .startsOpen=${header.capabilities.includes("map") && header.state === "complete"} .version=${version}></latent-quality>
        </aside>
      </div>
      <div class="unseen" aria-live="polite">${this.announcement}</div>`;
  }

  /** The picture on the screen, unless it is still being made or its rows are not at hand. */
  private judgeable({ live, datasetProblem }: Overview): { projection: string; dimensions: number } | null {
    const { id, dimensions } = this.chosen;
    const known = this.picture;
    if (live || datasetProblem !== null) return null;
    return known?.projection === id && known.dimensions === dimensions ? known : (this.picture = { projection: id, dimensions });
  }

  private toolbar({ projections, colorings }: Overview): TemplateResult {
    const { id, dimensions } = this.chosen;
    const valueOf = (event: Event) => (event.target as HTMLSelectElement).value;
    const project = (change: () => void) => {
      change();
      this.camera.value = null;
      this.loadPoints();
    };
    return html`<div class="toolbar" role="toolbar" aria-label=${t("Scatter")}>
      <label>${t("Map")} ${picker(t("Map"), projections, id, value => project(() => { this.projection.value = value; }))}</label>
      <span class="group">${projections.find(projection => projection.id === id)!.dimensions.map(count => html`<button class="icon" aria-pressed=${count === dimensions} title=${t("{0} dimensions", count)}
        @click=${() => project(() => { this.dimensions.value = count; })}>${count}D</button>`)}</span>
      <label>${t("Colour")} ${picker(t("Colour"), colorings, this.coloring?.id ?? "", value => {
        this.coloringId.value = value;
        this.filter.value = noFilter;
        this.loadColoring();
      })}</label>
      ${this.isBusy("coloring") || this.isBusy("points") || this.isBusy("find") ? html`<vscode-progress-ring class="small"></vscode-progress-ring>` : nothing}
      <span class="spacer"></span>
      <input class="search" type="search" placeholder=${t("Find label, name, #row")} aria-label=${t("Find rows")} @change=${(event: Event) => this.search(valueOf(event))} @search=${(event: Event) => this.search(valueOf(event))}>
      <button class="icon" title=${t("Legend and selection")} aria-label=${t("Legend and selection")} aria-pressed=${this.panel.value} @click=${() => { this.panel.value = !this.panel.value; }}><span class="codicon codicon-layout-sidebar-right"></span></button>
    </div>`;
  }

  private footNote(): TemplateResult | typeof nothing {
    const shown = this.shown.reduce((count, value) => count + value, 0);
    const text = this.note || [
      shown < this.shown.length ? t("{0} of {1} rows shown", formatCount(shown), formatCount(this.shown.length)) : "",
      this.cloud?.usesCanvas ? t("WebGL2 is missing here: drawn with Canvas2D") : "",
    ].filter(Boolean).join(" · ");
    return text ? html`<div class="foot ellipsis" role="status">${text}</div>` : nothing;
  }

  private get fileStem(): string {
    return `${this.state!.checkpoint!.title}-scatter`;
  }

  private async savePng(): Promise<void> {
    if (this.cloud) await savePng(this.fileStem, this.cloud.snapshot(cssColor(readTheme().background)));
  }

  private async saveSvg(): Promise<void> {
    const { cloud, points } = this;
    if (!cloud || !points) return;
    await host.save({
      name: `${this.fileStem}.svg`,
      content: svgOfCloud(cloud, { colors: this.colors, firstMark: this.own, axes: points.axes, labels: this.drawnLabels }),
    });
  }
}
