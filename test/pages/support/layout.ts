import { ancestorsOf, describe, ownText, tabStops, visibleElements } from "./flatTree";

// What is wrong with a page's layout: things beyond its edges, cut off, or on top of each other. Runs in the page.

/** A pixel is lost to rounding. */
const tolerance = 1;

/** What does not fit, in words; empty when all is well. */
export function layoutProblems(): string[] {
  return [...beyondThePage(), ...cutOff(), ...spilled(), ...squeezed(), ...overlapping()];
}

function beyondThePage(): string[] {
  const { documentElement, body } = document;
  return [documentElement, body, body.firstElementChild!].filter(element => element.scrollWidth > innerWidth + tolerance)
    .map(element => `${describe(element)} is ${element.scrollWidth} px wide in a page of ${innerWidth}`);
}

/** Controls and their labels that an edge cuts; where one can scroll to them is no edge. */
function cutOff(): string[] {
  const important = new Set<Element>([...tabStops(), ...visibleElements().filter(element => element.matches("label, h2, h3, .notice, .foot, .figure, [role=status], [role=alert]"))]);
  return [...important].flatMap(element => {
    const { left, right, width } = element.getBoundingClientRect();
    if (width === 0) return [];
    let [low, high] = [0, innerWidth];
    for (const ancestor of ancestorsOf(element)) {
      const { overflowX } = getComputedStyle(ancestor);
      if (overflowX === "visible") continue;
      if (overflowX !== "hidden" && overflowX !== "clip" && ancestor.scrollWidth > ancestor.clientWidth) return [];
      const box = ancestor.getBoundingClientRect();
      low = Math.max(low, box.left);
      high = Math.min(high, box.right);
    }
    return left < low - tolerance || right > high + tolerance ? [`${describe(element)} reaches from ${Math.round(left)} to ${Math.round(right)}, seen is ${Math.round(low)} to ${Math.round(high)}`] : [];
  });
}

/** Text that runs out of its box over what is beside it. */
function spilled(): string[] {
  return visibleElements().filter(element => ownText(element) !== "" && element.clientWidth > 1 && getComputedStyle(element).overflowX === "visible" && element.scrollWidth > element.clientWidth + tolerance)
    .map(element => `the text of ${describe(element)} takes ${element.scrollWidth} px, its box has ${element.clientWidth}`);
}

/** Words that get so little room that they stand letter by letter, or are nothing but dots. */
function squeezed(): string[] {
  const isBroken = (element: Element) => element.scrollWidth > element.clientWidth || element.clientHeight > 3 * parseFloat(getComputedStyle(element).fontSize);
  return visibleElements().filter(element => ownText(element).length > 6 && element.clientWidth > 1 && element.clientWidth < 40 && isBroken(element))
    .map(element => `${describe(element)} has ${element.clientWidth} px for its words`);
}

/** Controls that lie on each other. A plot is under its buttons by design. */
function overlapping(): string[] {
  const boxes = tabStops().filter(element => !(element instanceof HTMLCanvasElement) && element.matches("button, select, input, vscode-checkbox"))
    .map(element => ({ element, box: seenBox(element) }));
  return boxes.flatMap(({ element, box }, i) => boxes.slice(i + 1).flatMap(other => {
    const width = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
    const height = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
    return width > tolerance && height > tolerance && !contains(element, other.element) ? [`${describe(element)} lies on ${describe(other.element)}`] : [];
  }));
}

/** The part of an element that is not scrolled out of what it is in. */
function seenBox(element: Element): { left: number; right: number; top: number; bottom: number } {
  let { left, right, top, bottom } = element.getBoundingClientRect();
  for (const ancestor of ancestorsOf(element)) {
    const { overflowX, overflowY } = getComputedStyle(ancestor);
    const edge = ancestor.getBoundingClientRect();
    if (overflowX !== "visible") [left, right] = [Math.max(left, edge.left), Math.min(right, edge.right)];
    if (overflowY !== "visible") [top, bottom] = [Math.max(top, edge.top), Math.min(bottom, edge.bottom)];
  }
  return { left, right, top, bottom };
}

const contains = (a: Element, b: Element) => [...ancestorsOf(b)].includes(a) || [...ancestorsOf(a)].includes(b);
