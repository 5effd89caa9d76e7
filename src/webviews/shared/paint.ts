import type { ElementPart } from "lit";
import { directive, Directive, type PartInfo, PartType } from "lit/directive.js";

/**
 * `<span ${background("red")}>`: sets a background through the style object. The pages' policy allows no style attributes,
 * which Lit's own styleMap writes on first render.
 */
class Background extends Directive {
  constructor(part: PartInfo) {
    super(part);
    if (part.type !== PartType.ELEMENT) throw new Error("background() belongs on an element");
  }

  override update(part: ElementPart, [color]: [string]): void {
    (part.element as HTMLElement).style.background = color;
  }

  render(_color: string): void {
    // Pages are drawn in the browser alone.
  }
}

export const background = directive(Background);
