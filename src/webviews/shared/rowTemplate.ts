import { html, type TemplateResult } from "lit";
import type { NumericArray, Schema } from "../../protocol/data";
import { displayRange, pictureAt } from "./raster";
import "./rowPicture";

/** Row `index` of a block of rows in data space: an image, or bars over the block's range. */
export function rowPicture(block: NumericArray, index: number, schema: Schema, label: string): TemplateResult {
  const range = displayRange(schema, block.data);
  if (schema.kind === "image") return html`<latent-row .picture=${pictureAt(block, index)} .range=${range} .label=${label}></latent-row>`;
  const size = schema.shape[0]!;
  return html`<latent-row .values=${block.data.subarray(index * size, (index + 1) * size)} .range=${range} .label=${label}></latent-row>`;
}
