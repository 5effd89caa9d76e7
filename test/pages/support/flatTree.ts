// The page as it is seen: shadow trees in place of their hosts, slotted elements where they are slotted. Runs in the page.

const skipped = "script, style, option, template";

/** The visible children of an element, in the order of the flat tree. */
export function childrenOf(element: Element): Element[] {
  const assigned = element instanceof HTMLSlotElement ? element.assignedElements() : [];
  const children = assigned.length > 0 ? assigned : [...(element.shadowRoot ?? element).children];
  return children.filter(child => !child.matches(skipped) && isVisible(child));
}

/** All visible elements below the body. */
export function visibleElements(root: Element = document.body): Element[] {
  return childrenOf(root).flatMap(child => [child, ...visibleElements(child)]);
}

/** The elements around one, from the inside out, shadow hosts and slots included. */
export function* ancestorsOf(element: Element): Generator<Element> {
  let current: Element | null = element;
  while ((current = parentOf(current))) yield current;
}

function parentOf(element: Element): Element | null {
  if (element.assignedSlot) return element.assignedSlot;
  const parent = element.parentNode;
  return parent instanceof ShadowRoot ? parent.host : (parent as Element | null)?.nodeType === Node.ELEMENT_NODE ? (parent as Element) : null;
}

/** The text that stands in an element itself, not in one inside it. */
export function ownText(element: Element): string {
  if (element instanceof HTMLSelectElement) return element.selectedOptions[0]?.label ?? "";
  return [...element.childNodes].filter(node => node.nodeType === Node.TEXT_NODE).map(node => node.textContent ?? "").join("").trim();
}

/** A short name for messages: the element's view, tag, class and words. */
export function describe(element: Element): string {
  const label = element.getAttribute("aria-label") ?? ownText(element);
  const classes = [...element.classList].map(name => `.${name}`).join("");
  return `<${element.localName}${classes}> ${label.slice(0, 40)}`.trim();
}

/** The element that has the focus, however deep in shadow trees. */
export function focused(): Element | null {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active === document.body ? null : active;
}

/** Things to click, type into or step through that the Tab key stops at. */
export function tabStops(): HTMLElement[] {
  return visibleElements().filter((element): element is HTMLElement =>
    element instanceof HTMLElement && element.matches("button, select, input, textarea, a[href], [tabindex]") && element.tabIndex >= 0 && !isDisabled(element));
}

export function isDisabled(element: Element): boolean {
  return element.matches(":disabled, [disabled], [aria-disabled=true]");
}

function isVisible(element: Element): boolean {
  // A slot has no box of its own.
  return element instanceof HTMLSlotElement || element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
}
