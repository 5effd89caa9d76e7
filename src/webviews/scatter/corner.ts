import { html, type TemplateResult } from "lit";
import { t } from "../shared/host";
import type { PointCloudElement, Tool } from "../shared/pointCloud/pointCloudElement";
import { iconButton } from "../shared/toolbarTemplates";

export interface CornerOptions {
  tool: Tool;
  is3d: boolean;
  cloud(): PointCloudElement | null;
  choose(tool: Tool): void;
  savePng(): void;
  saveSvg(): void;
}

/** The buttons over the plot: what dragging does, how near one looks, saving. */
export function corner({ tool, is3d, cloud, choose, savePng, saveSvg }: CornerOptions): TemplateResult {
  const toolButton = (id: Tool, icon: string, title: string) => iconButton(icon, title, () => choose(id), tool === id);
  return html`<div class="corner">
    ${toolButton("pan", "move", is3d ? t("Turn (drag)") : t("Pan (drag)"))}
    ${toolButton("box", "screen-full", t("Select a box (Shift+drag)"))}
    ${toolButton("lasso", "edit", t("Select with the lasso (Alt+drag)"))}
    <hr>
    ${iconButton("zoom-in", t("Zoom in (+)"), () => cloud()?.zoomBy(1.5))}
    ${iconButton("zoom-out", t("Zoom out (−)"), () => cloud()?.zoomBy(1 / 1.5))}
    ${iconButton("home", t("Show all (0)"), () => cloud()?.showAll())}
    <hr>
    ${iconButton("file-media", t("Save as PNG"), savePng)}
    ${iconButton("save", t("Save as SVG"), saveSvg)}
  </div>`;
}
