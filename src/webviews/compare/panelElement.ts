import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import type { Progress } from "../../protocol/data";
import type { Overview, PlacedSet, Points, ProjectionDescription, Quality } from "../../protocol/engineApi";
import type { Member } from "../../protocol/viewApi";
import { t } from "../shared/host";
import { Latest, messageOf, passOn } from "../shared/latest";
import type { Camera } from "../shared/pointCloud/camera";
import type { AxisDirections } from "../shared/pointCloud/overlay";
import "../shared/pointCloud/pointCloudElement";
import type { PointCloudElement, PointEvent, Tool } from "../shared/pointCloud/pointCloudElement";
import { viewStyles } from "../shared/styles";
import { iconButton, picker } from "../shared/toolbarTemplates";
import { contentOf } from "../shared/viewElement";
import { meanOf, procrustes, turned } from "./alignment";
import { panelStyles } from "./panelStyles";
import { withSharedSets, type PlacedInMap, type SharedSet } from "./placedSets";
import { progressText, stoppedText } from "./progressText";
import { qualityLine } from "./qualityLine";
import { plane, queriesOf } from "./queries";

/** What the user chose of one map. */
export interface MapLook {
  /** Id of a projection; empty for the usual one. */
  projection: string;
  camera: Camera | null;
}
export const usualLook: MapLook = { projection: "", camera: null };

/** What a map says of itself when its picture has come: where its own rows lie, and what was placed in it. */
export interface MapContent {
  points: Points;
  placed: readonly PlacedSet[];
}

const nothingPlaced: PlacedInMap = { sets: [], data: new Float32Array(0) };

/** How long a map of a model that learns stands still at least (ms). */
const betweenLooks = 1500;

/**
 * One map of the comparison: a checkpoint, one of its projections to the plane, and how it is looked at. Fires `look-change`
 * (MapLook), `content-change` (MapContent) when other points have come, `row-hover` (PointEvent, in pixels of the window), `remove`, and
 * passes on `point-pick`, `area-pick` and `row-open` of its cloud.
 */
@customElement("latent-map-panel")
export class MapPanelElement extends LitElement {
  static override styles = [...viewStyles, panelStyles];

  @property({ attribute: false }) member!: Member;
  @property({ attribute: false }) look: MapLook = usualLook;
  /** The points that this map is turned onto; null leaves it as it is. */
  @property({ attribute: false }) reference: Points | null = null;
  /** What was placed in any of the maps: their rows follow the maps' own. */
  @property({ attribute: false }) sets: readonly SharedSet[] = [];
  /** Of all rows, the same in every panel. */
  @property({ attribute: false }) colors = new Uint8Array(0);
  @property({ attribute: false }) shown = new Uint8Array(0);
  @property({ attribute: false }) selection = new Int32Array(0);
  /** The row under the pointer in another panel, or −1. */
  @property({ attribute: false }) marked = -1;
  @property() tool: Tool = "pan";
  @query("latent-point-cloud") private readonly cloud!: PointCloudElement | null;

  private readonly latest = new Latest(this);
  private overview: Overview | null = null;
  private points: Points | null = null;
  private placed: PlacedInMap = nothingPlaced;
  /** The points as they are drawn, those of the shared sets behind them, and how they were turned. */
  private drawn: Points | null = null;
  /** 1 for the rows that have a place here; null when all have. */
  private present: Uint8Array | null = null;
  /** What is shown and selected of the rows that have a place here, and what that was made of. */
  private visible: Pick<MapPanelElement, "colors" | "shown" | "selection"> = this;
  private visibleOf: readonly unknown[] = [];
  private directions: AxisDirections | null = null;
  private quality: Quality | null = null;
  private failure = "";
  private content = "";
  private lastEpoch = 0;
  private lastLook = 0;

  override willUpdate(changed: PropertyValues<this>): void {
    const { content } = this;
    this.content = this.drawable;
    if (this.content !== content) {
      if (this.content !== "") this.load();
    } else if (changed.get("look") && changed.get("look")!.projection !== this.look.projection) this.loadPoints();
    else if (this.member.progress) this.followRun(this.member.progress);
    if (changed.has("reference") || changed.has("sets")) this.arrange();
    this.restrict();
  }

  /** The picture on the screen, or null while there is none. */
  snapshot(background: string): HTMLCanvasElement | null {
    return this.cloud?.snapshot(background) ?? null;
  }

  /** Shows everything. */
  showAll(): void {
    this.setLook({ camera: null });
  }

  /** Changes with what can be drawn of the checkpoint; empty before there is anything. */
  private get drawable(): string {
    const { header, progress, fileName } = this.member;
    // A map under way has a picture once it has a loss, also before it has a file; a model from the start, with its file.
    const isThere = progress ? progress.losses !== null || (header !== null && !progress.isMap) : header !== null;
    return isThere ? `${fileName} ${progress ? "learning" : contentOf(header!, null)}` : "";
  }

  /** A map under way is drawn anew with its steps, a model that learns after an epoch; never before the last picture is there. */
  private followRun({ isMap, epoch }: Progress): void {
    if (epoch === this.lastEpoch || !this.points || this.latest.isBusy("points")) return;
    if (!isMap && performance.now() - this.lastLook < betweenLooks) return;
    this.lastEpoch = epoch;
    this.loadPoints();
  }

  private load(): void {
    this.failure = "";
    this.lastEpoch = this.member.progress?.epoch ?? 0;
    this.latest.run("overview", signal => queriesOf(this.member.id).overview(signal), overview => {
      this.overview = overview;
      this.loadPoints();
    }, error => this.fail(error));
  }

  /** The projections to the plane. */
  private get projections(): ProjectionDescription[] {
    return this.overview?.projections.filter(({ dimensions }) => dimensions.includes(2)) ?? [];
  }

  /** The projection the user chose, else the usual one. */
  private get projection(): string {
    const { projections } = this;
    const known = (id: string | undefined) => projections.find(projection => projection.id === id)?.id;
    return known(this.look.projection) ?? known(this.overview?.usualProjection) ?? projections[0]?.id ?? "";
  }

  private loadPoints(): void {
    const { projection } = this;
    if (projection === "") {
      this.failure = t("It has no map of two dimensions.");
      return this.requestUpdate();
    }
    this.lastLook = performance.now();
    const queries = queriesOf(this.member.id);
    const hasPlaced = (this.member.header?.placed ?? []).length > 0;
    this.latest.run("points", signal => Promise.all([queries.points(plane(projection), signal), hasPlaced ? queries.placed(plane(projection), signal) : nothingPlaced]), ([points, placed]) => {
      this.points = points;
      this.placed = placed;
      this.arrange();
      this.judge(projection);
      this.dispatchEvent(new CustomEvent<MapContent>("content-change", { detail: { points, placed: placed.sets } }));
    }, error => this.fail(error));
  }

  /** What is still being made, or whose rows are not at hand, is not judged. */
  private judge(projection: string): void {
    this.quality = null;
    if (this.overview?.live || this.overview?.datasetProblem !== null || this.member.progress) return;
    this.latest.run("quality", signal => queriesOf(this.member.id).quality(plane(projection), signal), quality => { this.quality = quality; });
  }

  /** Puts the placed rows behind the map's own, and turns all as its own lie best. */
  private arrange(): void {
    const { points, reference } = this;
    this.drawn = null;
    this.directions = null;
    if (!points) return;
    const { points: all, present } = withSharedSets(points, this.placed, this.sets);
    this.drawn = all;
    this.present = present.includes(0) ? present : null;
    if (!reference || reference.data.length !== points.data.length) return;
    const [a, b, c, d] = procrustes(points.data, reference.data);
    this.drawn = { ...all, data: turned(all.data, [a, b, c, d], meanOf(points.data)) };
    this.directions = points.axes.some(Boolean) ? [a, c, b, d] : null;
  }

  /** Leaves out rows that were placed in other maps alone. */
  private restrict(): void {
    const { present, colors, shown, selection } = this;
    const of = [present, colors, shown, selection];
    if (of.every((value, i) => value === this.visibleOf[i])) return; // another array would be drawn anew
    this.visibleOf = of;
    this.visible = !present ? { colors, shown, selection } : {
      colors: colors.map((value, at) => (present[at >> 2] ? value : 0)) as Uint8Array<ArrayBuffer>,
      shown: shown.map((value, row) => value & present[row]!) as Uint8Array<ArrayBuffer>,
      selection: selection.filter(row => present[row]) as Int32Array<ArrayBuffer>,
    };
  }

  /** Without its own map the view shows nothing; another one's fault is that panel's alone. */
  private fail(error: unknown): void {
    if (this.member.id === 0) return passOn(this)(error);
    this.failure = messageOf(error);
  }

  private setLook(change: Partial<MapLook>): void {
    this.dispatchEvent(new CustomEvent<MapLook>("look-change", { detail: { ...this.look, ...change } }));
  }

  override render(): TemplateResult {
    const { id, title, header, problem, progress } = this.member;
    const isDrawn = this.drawn && !problem && !this.failure;
    return html`<section aria-label=${title}>
      ${progress && id !== 0 ? html`<progress class="run" max="1" .value=${progress.fraction} aria-label=${t("Training progress of {0}", title)}></progress>` : nothing}
      <header>
        <h2 class="ellipsis" title=${header ? t(header.modelTitle) : title}>${header ? t(header.modelTitle) : title}</h2>
        ${isDrawn ? iconButton("home", t("Show all (0)"), () => this.showAll()) : nothing}
        ${id === 0 ? nothing : iconButton("close", t("Remove {0}", title), () => this.dispatchEvent(new CustomEvent("remove")))}
      </header>
      <div class="sub"><span class="muted ellipsis" title=${title}>${this.status}</span>${this.projectionPicker()}</div>
      ${this.body()}
      ${isDrawn && !progress && (this.quality || this.latest.isBusy("quality")) ? qualityLine(this.quality) : nothing}
    </section>`;
  }

  /** The checkpoint's name, and how far its model has come unless it is complete. */
  private get status(): string {
    const { title, header, progress, id } = this.member;
    const far = progress ? (id === 0 ? "" : progressText(progress)) : header ? stoppedText(header) : "";
    return [far, header ? title : ""].filter(Boolean).join(" · ");
  }

  private projectionPicker(): TemplateResult | typeof nothing {
    const { projections, projection } = this;
    if (projections.length < 2 || this.member.problem) return nothing;
    return picker(t("Map"), projections, projection, id => this.setLook({ projection: id, camera: null }));
  }

  private body(): TemplateResult {
    const { problem, id, header } = this.member;
    if (problem || this.failure) return html`<div class="centre" role="status"><span class="codicon codicon-warning"></span><p class="message">${problem || this.failure}</p>
      ${problem ? nothing : html`<button class="link" @click=${() => this.load()}>${t("Try Again")}</button>`}</div>`;
    if (!this.drawn) return html`<div class="centre" role="status"><vscode-progress-ring></vscode-progress-ring><p class="muted">${header || id === 0 ? t("Mapping the rows…") : t("Its model is being fitted…")}</p></div>`;
    const passed = (event: Event) => this.dispatchEvent(new CustomEvent(event.type, { detail: (event as CustomEvent<unknown>).detail }));
    const { colors, shown, selection } = this.visible;
    const marked = this.present && !this.present[this.marked] ? -1 : this.marked;
    return html`<latent-point-cloud .points=${this.drawn} .colors=${colors} .shown=${shown} .selection=${selection} .marked=${marked} .firstMark=${this.points!.data.length / 2}
      .axes=${this.drawn.axes} .directions=${this.directions} .camera=${this.look.camera} .tool=${this.tool}
      @camera-change=${(event: CustomEvent<Camera | null>) => this.setLook({ camera: event.detail })}
      @point-hover=${(event: CustomEvent<PointEvent>) => this.hover(event.detail)}
      @point-pick=${passed} @area-pick=${passed} @row-open=${passed}></latent-point-cloud>`;
  }

  private hover(event: PointEvent): void {
    const { left, top } = this.cloud!.getBoundingClientRect();
    this.dispatchEvent(new CustomEvent<PointEvent>("row-hover", { detail: { ...event, x: left + event.x, y: top + event.y } }));
  }
}
