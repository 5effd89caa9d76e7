import { html, type TemplateResult } from "lit";
import type { NumericArray, Schema } from "../../protocol/data";
import { barsOf, displayRange, pictureAt } from "./raster";
import "./rowPicture";

/** Row `index` of a block of rows in data space: an image, or bars over the range of `reference`, the block itself unless given. */
export function rowPicture(block: NumericArray, index: number, schema: Schema, label: string, reference = block): TemplateResult {
  if (schema.kind === "image") return html`<latent-row .picture=${pictureAt(block, index)} .range=${displayRange(schema, reference.data)} .label=${label}></latent-row>`;
  const size = schema.shape[0]!;
  const { values, range } = barsOf(block, schema, reference.data);
  return html`<latent-row .values=${values.subarray(index * size, (index + 1) * size)} .range=${range} .label=${label}></latent-row>`;
}
