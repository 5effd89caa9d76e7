import type { ReactiveController, ReactiveControllerHost } from "lit";

// VS Code's colours as numbers, for canvases. The theme is on the body's class and its variables on the root element; both
// change when the user switches themes.

/** Red, green, blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

export interface Theme {
  dark: boolean;
  highContrast: boolean;
  background: Rgb;
  foreground: string;
  muted: string;
  border: string;
  accent: string;
  fontFamily: string;
  fontSize: number;
}

/** The theme of the moment. */
export function readTheme(): Theme {
  const { classList } = document.body;
  const style = getComputedStyle(document.documentElement);
  const color = (name: string, fallback: string) => style.getPropertyValue(`--vscode-${name}`).trim() || fallback;
  const highContrast = classList.contains("vscode-high-contrast") || classList.contains("vscode-high-contrast-light");
  const dark = !classList.contains("vscode-light") && !classList.contains("vscode-high-contrast-light");
  return {
    dark, highContrast,
    background: parseColor(color("editor-background", dark ? "#1f1f1f" : "#ffffff")),
    foreground: color("foreground", dark ? "#cccccc" : "#3b3b3b"),
    muted: color("descriptionForeground", "#9d9d9d"),
    border: color("panel-border", dark ? "#2b2b2b" : "#e5e5e5"),
    accent: highContrast ? color("contrastActiveBorder", "#f38518") : color("focusBorder", "#0078d4"),
    fontFamily: color("font-family", "sans-serif"),
    fontSize: parseFloat(color("font-size", "13px")),
  };
}

/** Calls back after every change of theme, until the returned function is called. */
export function onThemeChange(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { attributes: true, attributeFilter: ["class"] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["style"] });
  return () => observer.disconnect();
}

/** Redraws an element whose drawing reads the theme. */
export class ThemeFollower implements ReactiveController {
  private stop: (() => void) | undefined;

  constructor(private readonly element: ReactiveControllerHost) {
    element.addController(this);
  }

  hostConnected(): void {
    this.stop = onThemeChange(() => this.element.requestUpdate());
  }

  hostDisconnected(): void {
    this.stop?.();
  }
}

/** Any CSS colour as numbers, the browser being the parser. */
export function parseColor(text: string): Rgb {
  const context = (probe ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true })!);
  context.fillStyle = "#000";
  context.fillStyle = text;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}
let probe: CanvasRenderingContext2D | undefined;
