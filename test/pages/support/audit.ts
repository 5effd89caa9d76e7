import { colorOf, contrasts, over, ratioOf } from "./contrast";
import { ancestorsOf, describe, focused, tabStops, visibleElements } from "./flatTree";
import { layoutProblems } from "./layout";

/** How a control looks where the focus would show: outlines, borders and shadows of it and of what it is made of. */
function focusLook(element: Element): string {
  return [element, ...visibleElements(element)].map(part => {
    const { outlineStyle, outlineWidth, outlineColor, borderTopColor, boxShadow } = getComputedStyle(part);
    return [outlineStyle === "none" ? "" : `${outlineWidth} ${outlineColor}`, borderTopColor, boxShadow].join();
  }).join(" | ");
}

/** The strongest contrast of an outline or border of a control against what is behind it. */
function frameContrast(element: Element): number {
  let backdrop = colorOf("rgb(255, 255, 255)");
  for (const ancestor of [...ancestorsOf(element)].reverse()) backdrop = over(colorOf(getComputedStyle(ancestor).backgroundColor), backdrop);
  const frames = [element, ...visibleElements(element)].flatMap(part => {
    const { outlineStyle, outlineWidth, outlineColor, borderTopStyle, borderTopWidth, borderTopColor } = getComputedStyle(part);
    return [
      ...(outlineStyle !== "none" && parseFloat(outlineWidth) > 0 ? [outlineColor] : []),
      ...(borderTopStyle !== "none" && parseFloat(borderTopWidth) > 0 ? [borderTopColor] : []),
    ];
  });
  return Math.max(1, ...frames.map(color => ratioOf(over(colorOf(color), backdrop), backdrop)));
}

/** Whether a canvas shows anything: it has more than one colour. */
function isDrawn(canvas: HTMLCanvasElement): boolean {
  const small = new OffscreenCanvas(128, 128);
  const context = small.getContext("2d", { willReadFrequently: true })!;
  if (canvas.width === 0 || canvas.height === 0) return false;
  context.drawImage(canvas, 0, 0, 128, 128);
  const pixels = new Uint32Array(context.getImageData(0, 0, 128, 128).data.buffer);
  return pixels.some(pixel => pixel !== pixels[0]);
}

const looks = new Map<Element, string>();

/** What tests ask a page about itself; all of it runs there. */
export const audit = {
  contrasts,
  layoutProblems,
  /** The Tab key's stops, by name; remembers how they look without the focus. */
  tabStops: () => tabStops().map(element => {
    looks.set(element, focusLook(element));
    return describe(element);
  }),
  /** Which of the Tab key's stops has the focus, and how it shows. */
  focus: () => {
    const element = focused();
    if (!element) return null;
    const stop = [element, ...ancestorsOf(element)].find(candidate => looks.has(candidate)) ?? element;
    return { name: describe(stop), index: [...looks.keys()].indexOf(stop), changed: focusLook(stop) !== looks.get(stop), contrast: frameContrast(stop) };
  },
  /** Pictures, charts and tables on the page that show something, and canvases that are blank. */
  content: () => {
    const elements = visibleElements();
    const canvases = elements.filter((element): element is HTMLCanvasElement => element instanceof HTMLCanvasElement);
    return { drawn: canvases.filter(isDrawn).length, blank: canvases.filter(canvas => !isDrawn(canvas)).map(describe), tableRows: elements.filter(element => element.localName === "tr").length };
  },
  /** The words on the page. */
  text: () => visibleElements().map(element => [...element.childNodes].filter(node => node.nodeType === Node.TEXT_NODE).map(node => node.textContent!.trim()).join(" ")).filter(Boolean).join(" "),
};
