import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { t } from "../host";
import { markOutlineColor } from "../colors";
import { readTheme } from "../theme";
import { boundsOf, drag, fit, magnification, matrixOf, zoom, type Bounds, type Camera, type Clear, type Viewport } from "./camera";
import { markSizeFor, opacityFor, pointSizeFor } from "./look";
import { drawOverlay, type Arrow, type AxisDirections, type Sprites } from "./overlay";
import { nearestPoint, pointAhead, pointsInside, projectAll } from "./projected";
import { createRenderer, type PointRenderer } from "./renderer";
import { knownWebglSupport, webglSupport } from "./webglRenderer";

export type Tool = "pan" | "box" | "lasso";
export interface CloudPoints {
  data: Float32Array;
  dimensions: number;
}
export interface PointEvent {
  /** −1 where no point is. */
  row: number;
  x: number;
  y: number;
  additive: boolean;
}
export interface AreaEvent {
  rows: Int32Array;
  additive: boolean;
}

/** How close the pointer must be to a point, in CSS pixels. */
const reach = 10;
/** A drag shorter than this is a click. */
const clickDistance = 4;

/**
 * A cloud of points that can be looked at from anywhere and pointed into. Fires `point-hover`, `point-pick` (PointEvent),
 * `area-pick` (AreaEvent), `row-open` (PointEvent), `camera-change` (Camera), and `renderer-known` once it can tell what draws it.
 */
@customElement("latent-point-cloud")
export class PointCloudElement extends LitElement {
  static override styles = css`
    :host { display: block; position: relative; overflow: hidden; }
    canvas { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
    .overlay { touch-action: none; cursor: default; outline: none; }
    .overlay[data-tool="box"], .overlay[data-tool="lasso"] { cursor: crosshair; }
    .overlay[data-dragging] { cursor: grabbing; }
    .overlay:focus-visible:not([data-pointer]) { outline: 1px solid var(--vscode-focusBorder); outline-offset: -1px; }
  `;

  @property({ attribute: false }) points: CloudPoints = { data: new Float32Array(0), dimensions: 2 };
  /** [n × 4] red, green, blue, opacity. */
  @property({ attribute: false }) colors = new Uint8Array(0);
  /** 1 for the points that can be seen and picked. */
  @property({ attribute: false }) shown = new Uint8Array(0);
  /** Rows from this one on are drawn as marks: diamonds with an outline, above the others. */
  @property({ attribute: false }) firstMark = Infinity;
  @property({ attribute: false }) selection = new Int32Array(0);
  /** Rows ringed beside a single selected one. */
  @property({ attribute: false }) neighbors = new Int32Array(0);
  /** A row ringed as if the pointer were on it; −1 for none. */
  @property({ attribute: false }) marked = -1;
  @property({ attribute: false }) axes: string[] = [];
  /** Directions of the axes, where the points of a plane were turned: [x₀, y₀, x₁, y₁]; null along the edges. */
  @property({ attribute: false }) directions: AxisDirections | null = null;
  @property({ attribute: false }) camera: Camera | null = null;
  @property() tool: Tool = "pan";
  /** Room at the sides for what lies over the plot. */
  @property({ attribute: false }) clear: Clear = [0, 0];
  /** Pictures of points, drawn in their place when there is room. */
  @property({ attribute: false }) sprites: Sprites | null = null;
  @property({ attribute: false }) arrows: readonly Arrow[] = [];
  @query(".points") private pointsCanvas!: HTMLCanvasElement;
  @query(".overlay") private overlay!: HTMLCanvasElement;

  private renderer: PointRenderer | undefined;
  private bounds: Bounds = { middle: [0, 0], half: [1, 1] };
  private screen: Float32Array | undefined;
  private screenIsStale = true;
  private pointsAreStale = true;
  private frame = 0;
  private rendererSearch = 0;
  private hovered = -1;
  private gesture: { x: number; y: number; button: number; path: number[]; moved: boolean; tool: Tool; pan: boolean } | undefined;
  private drawnViewport: Viewport = { width: 0, height: 0 };
  private readonly sizes = new ResizeObserver(() => {
    // It also reports the size at the start, which is drawn already.
    const { viewport, drawnViewport } = this;
    if (viewport.width !== drawnViewport.width || viewport.height !== drawnViewport.height) this.redraw();
  });

  /** True when the page has no WebGL2. Where the processor draws it, Canvas2D is no loss and needs no mention. */
  get usesCanvas(): boolean {
    return knownWebglSupport() === "none";
  }

  /** Milliseconds since the page began when points were last drawn; benches and tests read it. */
  lastDraw = 0;

  override firstUpdated(): void {
    this.makeRenderer();
    this.sizes.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes.disconnect();
    cancelIdleCallback(this.rendererSearch);
    this.rendererSearch = 0;
    this.renderer?.dispose();
    this.renderer = undefined;
  }

  override updated(changed: PropertyValues<this>): void {
    if (!this.renderer) return;
    if (changed.has("points")) {
      this.bounds = boundsOf(this.points.data, this.points.dimensions);
      this.renderer.setPoints(this.points.data, this.points.dimensions);
    }
    if (changed.has("colors")) this.renderer.setColors(this.colors);
    if (changed.has("firstMark")) this.renderer.setMarks(this.firstMark);
    if (changed.has("selection")) this.renderer.setEmphasis(this.selection);
    // The pointer in another cloud moves the mark at its own pace: all points are not drawn anew for it.
    if (changed.size === 1 && changed.has("marked")) this.redrawOverlay();
    else this.redraw();
  }

  override render(): TemplateResult {
    return html`<canvas class="points"></canvas>
      <canvas class="overlay" tabindex="0" data-tool=${this.tool} role="application"
        aria-label=${t("Scatter of {0} points. Arrow keys step from point to point, Shift and arrow keys pan, plus and minus zoom.", this.count)}
        @pointerdown=${this.down} @pointermove=${this.move} @pointerup=${this.up} @pointercancel=${this.cancel} @pointerleave=${this.leave}
        @wheel=${this.wheel} @dblclick=${this.open} @keydown=${this.key}></canvas>`;
  }

  /** Shows everything. */
  showAll(): void {
    this.setCamera(null);
  }

  /** Zooms around the middle. */
  zoomBy(factor: number): void {
    const viewport = this.viewport;
    this.setCamera(zoom(this.currentCamera, factor, viewport.width / 2, viewport.height / 2, viewport));
  }

  /** Rows in view, at most `limit` + 1 of them. */
  rowsInView(limit: number): number[] {
    const screen = this.projected();
    const { width, height } = this.viewport;
    const rows: number[] = [];
    for (let i = 0; i < this.shown.length && rows.length <= limit; i++) {
      const [x, y] = [screen[2 * i]!, screen[2 * i + 1]!];
      if (this.shown[i] && x >= 0 && x <= width && y >= 0 && y <= height) rows.push(i);
    }
    return rows;
  }

  /** CSS pixel of a row. */
  positionOf(row: number): { x: number; y: number } {
    // One row at a time: rings and pictures follow every frame of a pan, which must not project all points.
    const { data, dimensions } = this.points;
    const [x, y] = projectAll(data.subarray(row * dimensions, (row + 1) * dimensions), dimensions, this.matrix, this.viewport);
    return { x: x!, y: y! };
  }

  /** How much larger than when everything is shown. */
  get magnification(): number {
    return magnification(this.currentCamera, this.bounds, this.viewport, this.clear);
  }

  /** CSS pixels of all rows [n × 2]. */
  screenPositions(): Float32Array {
    return this.projected().slice();
  }

  /** Diameter of a point as drawn, CSS pixels. */
  get drawnPointSize(): number {
    return this.pointSize();
  }

  /** Size of a mark as drawn, corner to corner, CSS pixels. */
  get drawnMarkSize(): number {
    return markSizeFor(this.pointSize());
  }

  /** The points and what is drawn over them, as one picture at the screen's resolution. */
  snapshot(background: string): HTMLCanvasElement {
    this.draw();
    const canvas = document.createElement("canvas");
    canvas.width = this.pointsCanvas.width;
    canvas.height = this.pointsCanvas.height;
    const context = canvas.getContext("2d")!;
    context.fillStyle = background;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(this.pointsCanvas, 0, 0);
    context.drawImage(this.overlay, 0, 0);
    return canvas;
  }

  private get count(): number {
    return this.points.data.length / this.points.dimensions;
  }

  private get viewport(): Viewport {
    return { width: Math.max(1, this.clientWidth), height: Math.max(1, this.clientHeight) };
  }

  private get currentCamera(): Camera {
    const kind = this.points.dimensions === 3 ? "3d" : "2d";
    return this.camera?.kind === kind ? this.camera : fit(this.bounds, this.points.dimensions, this.viewport, this.clear);
  }

  private get matrix(): Float32Array {
    return matrixOf(this.currentCamera, this.bounds, this.viewport);
  }

  private setCamera(camera: Camera | null): void {
    this.camera = camera;
    this.dispatchEvent(new CustomEvent("camera-change", { detail: camera }));
  }

  private makeRenderer(): void {
    this.renderer?.dispose();
    this.renderer = createRenderer(this.pointsCanvas, this.count, () => this.replaceCanvas());
    this.renderer.setPoints(this.points.data, this.points.dimensions);
    this.renderer.setColors(this.colors);
    this.renderer.setMarks(this.firstMark);
    this.renderer.setEmphasis(this.selection);
  }

  /** The first picture does not wait for what the GPU can do; afterwards it draws, if there is one. */
  private findRendererSoon(): void {
    const isOpen = this.renderer?.kind === "canvas" && (knownWebglSupport() ?? "hardware") === "hardware";
    if (!isOpen || this.count === 0 || this.rendererSearch !== 0) return;
    this.rendererSearch = requestIdleCallback(() => {
      this.rendererSearch = 0;
      if (webglSupport() === "hardware") this.replaceCanvas();
      this.dispatchEvent(new CustomEvent("renderer-known"));
    }, { timeout: 2000 });
  }

  /** A canvas that has had one kind of context gives no other, nor one whose GPU context is gone. */
  private replaceCanvas(): void {
    const fresh = this.pointsCanvas.cloneNode() as HTMLCanvasElement;
    this.pointsCanvas.replaceWith(fresh);
    this.makeRenderer();
    this.pointsAreStale = true;
    this.draw(); // not with the next frame: the fresh canvas is empty
  }

  private redraw(): void {
    this.screenIsStale = true;
    this.pointsAreStale = true;
    this.redrawOverlay();
  }

  /** What follows the pointer lies over the points, which stay as they are. */
  private redrawOverlay(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    const { renderer, viewport } = this;
    if (!renderer || this.clientWidth === 0) return;
    const ratio = window.devicePixelRatio;
    const { matrix } = this;
    const size = this.pointSize();
    if (this.pointsAreStale) {
      renderer.draw({ matrix, ...viewport, ratio, size, opacity: opacityFor(this.count, this.magnification), markSize: this.drawnMarkSize, outline: markOutlineColor(readTheme().dark) });
      this.pointsAreStale = false;
      this.drawnViewport = viewport;
    }
    drawOverlay(this.overlay, {
      viewport, ratio, theme: readTheme(), axes: this.axes, directions: this.directions, camera: this.currentCamera, bounds: this.bounds, matrix, size,
      firstMark: this.firstMark, markSize: this.drawnMarkSize,
      selection: this.selection.length <= 500 ? this.selection : new Int32Array(0), neighbors: this.neighbors, hovered: this.hovered >= 0 ? this.hovered : this.marked < this.count ? this.marked : -1,
      positionOf: row => this.positionOf(row), sprites: this.sprites, colors: this.colors, arrows: this.arrows, path: this.gesture && this.gesture.tool !== "pan" ? this.gesture.path : [],
    });
    this.lastDraw = performance.now();
    this.findRendererSoon();
    this.dispatchEvent(new CustomEvent("points-drawn"));
  }

  private pointSize(): number {
    return pointSizeFor(this.count, this.magnification);
  }

  private projected(): Float32Array {
    if (this.screenIsStale || !this.screen) {
      this.screen = projectAll(this.points.data, this.points.dimensions, this.matrix, this.viewport, this.screen);
      this.screenIsStale = false;
    }
    return this.screen;
  }

  private pick(x: number, y: number): number {
    return nearestPoint(this.projected(), this.shown, x, y, Math.max(reach, this.pointSize()));
  }

  private emitPoint(name: string, row: number, x: number, y: number, additive: boolean): void {
    this.dispatchEvent(new CustomEvent<PointEvent>(name, { detail: { row, x, y, additive } }));
  }

  private readonly down = (event: PointerEvent): void => {
    // A focus that follows a click needs no frame around the plot; the next key brings it back.
    this.overlay.toggleAttribute("data-pointer", true);
    this.overlay.focus();
    if (event.button > 1) return;
    this.overlay.setPointerCapture(event.pointerId);
    const { offsetX: x, offsetY: y } = event;
    const tool = event.button === 1 ? "pan" : event.altKey ? "lasso" : event.shiftKey && this.points.dimensions === 2 ? "box" : this.tool;
    this.gesture = { x, y, button: event.button, path: [x, y], moved: false, tool, pan: event.button === 1 || event.shiftKey };
  };

  private readonly move = (event: PointerEvent): void => {
    const { offsetX: x, offsetY: y } = event;
    const { gesture } = this;
    if (!gesture) return this.hover(x, y);
    const [startX, startY] = gesture.path as [number, number];
    if (!gesture.moved && Math.hypot(x - startX, y - startY) < clickDistance) return;
    if (!gesture.moved) this.hover(-1e6, -1e6);
    gesture.moved = true;
    if (gesture.tool === "pan") {
      this.overlay.toggleAttribute("data-dragging", true);
      this.setCamera(drag(this.currentCamera, x - gesture.x, y - gesture.y, this.viewport, gesture.pan));
    } else {
      gesture.path = gesture.tool === "lasso" ? [...gesture.path, x, y] : [startX, startY, x, startY, x, y, startX, y];
      this.redrawOverlay();
    }
    gesture.x = x;
    gesture.y = y;
  };

  private readonly up = (event: PointerEvent): void => {
    const { gesture } = this;
    this.cancel();
    if (!gesture) return;
    const additive = event.ctrlKey || event.metaKey;
    if (!gesture.moved) this.emitPoint("point-pick", this.pick(event.offsetX, event.offsetY), event.offsetX, event.offsetY, additive);
    else if (gesture.tool !== "pan") {
      this.dispatchEvent(new CustomEvent<AreaEvent>("area-pick", { detail: { rows: pointsInside(this.projected(), this.shown, gesture.path), additive } }));
    }
  };

  private readonly cancel = (): void => {
    this.gesture = undefined;
    this.overlay.toggleAttribute("data-dragging", false);
    this.redrawOverlay();
  };

  private readonly leave = (): void => this.hover(-1e6, -1e6);

  private hover(x: number, y: number): void {
    const row = this.pick(x, y);
    if (row === this.hovered) return;
    this.hovered = row;
    this.emitPoint("point-hover", row, x, y, false);
    this.redrawOverlay();
  }

  private readonly wheel = (event: WheelEvent): void => {
    event.preventDefault();
    const pixels = event.deltaMode === 0 ? event.deltaY : event.deltaY * 24;
    this.setCamera(zoom(this.currentCamera, Math.exp(-pixels / 400), event.offsetX, event.offsetY, this.viewport));
  };

  private readonly open = (event: MouseEvent): void => {
    const row = this.pick(event.offsetX, event.offsetY);
    if (row >= 0) this.emitPoint("row-open", row, event.offsetX, event.offsetY, false);
  };

  private readonly key = (event: KeyboardEvent): void => {
    this.overlay.toggleAttribute("data-pointer", false);
    const arrows: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const arrow = arrows[event.key];
    if (arrow && event.shiftKey) this.setCamera(drag(this.currentCamera, -40 * arrow[0], -40 * arrow[1], this.viewport, false));
    else if (arrow) this.step(arrow);
    else if (event.key === "+" || event.key === "=") this.zoomBy(1.25);
    else if (event.key === "-") this.zoomBy(0.8);
    else if (event.key === "0" || event.key === "Home") this.showAll();
    else if (event.key === "Enter" && this.selection.length === 1) this.emitPoint("row-open", this.selection[0]!, 0, 0, false);
    else if (event.key === "Escape") this.emitPoint("point-pick", -1, 0, 0, false);
    else return;
    event.preventDefault();
  };

  /** Selects the next point in a direction; the first step takes the point nearest to the middle. */
  private step([dx, dy]: [number, number]): void {
    const screen = this.projected();
    const from = this.selection.length === 1 ? this.selection[0]! : -1;
    const { width, height } = this.viewport;
    const row = from === -1 ? nearestPoint(screen, this.shown, width / 2, height / 2, Infinity) : pointAhead(screen, this.shown, from, dx, dy);
    if (row >= 0) this.emitPoint("point-pick", row, screen[2 * row]!, screen[2 * row + 1]!, false);
  }
}
