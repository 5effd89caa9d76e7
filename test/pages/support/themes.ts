// VS Code's own themes as a webview sees them: classes on the body, variables on the root element. The values were read in a
// webview of VS Code 1.139, in this order; an empty one stands where the theme sets none.

export const themeNames = ["dark", "light", "high contrast", "high contrast light"] as const;
export type ThemeName = (typeof themeNames)[number];

export interface Theme {
  bodyClass: string;
  variables: Record<string, string>;
}

const bodyClasses: Record<ThemeName, string> = {
  dark: "vscode-dark",
  light: "vscode-light",
  "high contrast": "vscode-high-contrast",
  "high contrast light": "vscode-high-contrast-light vscode-high-contrast",
};

const colors: Record<string, readonly [string, string, string, string]> = {
  "badge-background": ["#616161", "#cccccc", "#000000", "#0f4a85"],
  "badge-foreground": ["#f8f8f8", "#3b3b3b", "#ffffff", "#ffffff"],
  "button-background": ["#0078d4", "#005fb8", "#000000", "#0f4a85"],
  "button-border": ["rgba(255, 255, 255, 0.1)", "rgba(0, 0, 0, 0.1)", "#6fc3df", "#0f4a85"],
  "button-foreground": ["#ffffff", "#ffffff", "#ffffff", "#ffffff"],
  "button-hoverBackground": ["#026ec1", "#0258a8", "#000000", "#0f4a85"],
  "button-secondaryBackground": ["rgba(0, 0, 0, 0)", "#e5e5e5", "", "#ffffff"],
  "button-secondaryForeground": ["#cccccc", "#3b3b3b", "#ffffff", "#292929"],
  "button-secondaryHoverBackground": ["#2b2b2b", "#cccccc", "", ""],
  "charts-blue": ["#59a4f9", "#0063d3", "#59a4f9", "#0063d3"],
  "checkbox-background": ["#313131", "#f8f8f8", "#000000", "#ffffff"],
  "checkbox-border": ["#3c3c3c", "#cecece", "#6fc3df", "#0f4a85"],
  "checkbox-foreground": ["#cccccc", "#3b3b3b", "#ffffff", "#292929"],
  "contrastActiveBorder": ["", "", "#f38518", "#006bbd"],
  "contrastBorder": ["", "", "#6fc3df", "#0f4a85"],
  "descriptionForeground": ["#9d9d9d", "#3b3b3b", "rgba(255, 255, 255, 0.7)", "rgba(41, 41, 41, 0.7)"],
  "dropdown-background": ["#313131", "#ffffff", "#000000", "#ffffff"],
  "dropdown-border": ["#3c3c3c", "#cecece", "#6fc3df", "#0f4a85"],
  "dropdown-foreground": ["#cccccc", "#3b3b3b", "#ffffff", "#292929"],
  "editor-background": ["#1f1f1f", "#ffffff", "#000000", "#ffffff"],
  "editor-foreground": ["#cccccc", "#3b3b3b", "#ffffff", "#292929"],
  "editorHoverWidget-background": ["#202020", "#f8f8f8", "#0c141f", "#ffffff"],
  "editorHoverWidget-border": ["rgba(204, 204, 204, 0.2)", "rgba(59, 59, 59, 0.2)", "#6fc3df", "#0f4a85"],
  "editorHoverWidget-foreground": ["#cccccc", "#3b3b3b", "#ffffff", "#292929"],
  "editorWidget-background": ["#202020", "#f8f8f8", "#0c141f", "#ffffff"],
  "editorWidget-border": ["rgba(204, 204, 204, 0.2)", "rgba(59, 59, 59, 0.2)", "#6fc3df", "#0f4a85"],
  "errorForeground": ["#f85149", "#f85149", "#f48771", "#b5200d"],
  "focusBorder": ["#0078d4", "#005fb8", "#f38518", "#006bbd"],
  "foreground": ["#cccccc", "#3b3b3b", "#ffffff", "#292929"],
  "icon-foreground": ["#cccccc", "#3b3b3b", "#ffffff", "#292929"],
  "input-background": ["#313131", "#ffffff", "#000000", "#ffffff"],
  "input-border": ["#3c3c3c", "#cecece", "#6fc3df", "#0f4a85"],
  "input-foreground": ["#cccccc", "#3b3b3b", "#ffffff", "#292929"],
  "input-placeholderForeground": ["#989898", "#767676", "rgba(255, 255, 255, 0.7)", "rgba(41, 41, 41, 0.7)"],
  "inputOption-activeBackground": ["rgba(36, 137, 219, 0.51)", "#bed6ed", "rgba(0, 0, 0, 0)", "rgba(0, 0, 0, 0)"],
  "inputOption-activeBorder": ["#2488db", "#005fb8", "#6fc3df", "#0f4a85"],
  "inputOption-activeForeground": ["#ffffff", "#000000", "#ffffff", "#292929"],
  "inputValidation-infoBackground": ["#063b49", "#d6ecf2", "#000000", "#ffffff"],
  "inputValidation-infoBorder": ["#007acc", "#007acc", "#6fc3df", "#0f4a85"],
  "inputValidation-infoForeground": ["", "", "", "#292929"],
  "inputValidation-warningBackground": ["#352a05", "#f6f5d2", "#000000", "#ffffff"],
  "inputValidation-warningBorder": ["#b89500", "#b89500", "#6fc3df", "#0f4a85"],
  "inputValidation-warningForeground": ["", "", "", "#292929"],
  "list-activeSelectionBackground": ["#04395e", "#e8e8e8", "", "rgba(15, 74, 133, 0.1)"],
  "list-activeSelectionForeground": ["#ffffff", "#000000", "", ""],
  "list-hoverBackground": ["#2a2d2e", "#f2f2f2", "rgba(255, 255, 255, 0.1)", "rgba(15, 74, 133, 0.1)"],
  "list-inactiveSelectionBackground": ["#37373d", "#e4e6f1", "", "rgba(15, 74, 133, 0.1)"],
  "panel-background": ["#181818", "#f8f8f8", "#000000", "#ffffff"],
  "panel-border": ["#2b2b2b", "#e5e5e5", "#6fc3df", "#0f4a85"],
  "panelTitle-activeBorder": ["#0078d4", "#005fb8", "#6fc3df", "#b5200d"],
  "panelTitle-activeForeground": ["#cccccc", "#3b3b3b", "#ffffff", "#292929"],
  "panelTitle-inactiveForeground": ["#9d9d9d", "#3b3b3b", "#ffffff", "#292929"],
  "progressBar-background": ["#0078d4", "#005fb8", "#6fc3df", "#0f4a85"],
  "scrollbarSlider-activeBackground": ["rgba(191, 191, 191, 0.4)", "rgba(0, 0, 0, 0.6)", "#6fc3df", "#0f4a85"],
  "scrollbarSlider-background": ["rgba(121, 121, 121, 0.4)", "rgba(100, 100, 100, 0.4)", "rgba(111, 195, 223, 0.6)", "rgba(15, 74, 133, 0.4)"],
  "scrollbarSlider-hoverBackground": ["rgba(100, 100, 100, 0.7)", "rgba(100, 100, 100, 0.7)", "rgba(111, 195, 223, 0.8)", "rgba(15, 74, 133, 0.8)"],
  "settings-dropdownListBorder": ["rgba(204, 204, 204, 0.2)", "rgba(59, 59, 59, 0.2)", "#6fc3df", "#0f4a85"],
  "sideBar-background": ["#181818", "#f8f8f8", "#000000", "#ffffff"],
  "sideBar-foreground": ["#cccccc", "#3b3b3b", "", ""],
  "sideBarSectionHeader-foreground": ["#cccccc", "#3b3b3b", "", ""],
  "textLink-activeForeground": ["#4daafc", "#005fb8", "#21a6ff", "#0f4a85"],
  "textLink-foreground": ["#4daafc", "#005fb8", "#21a6ff", "#0f4a85"],
  "toolbar-hoverBackground": ["rgba(90, 93, 94, 0.31)", "rgba(184, 184, 184, 0.31)", "", ""],
  "widget-shadow": ["rgba(0, 0, 0, 0.36)", "rgba(0, 0, 0, 0.16)", "", ""],
};

const fonts = { "font-family": 'system-ui, "Ubuntu", "Droid Sans", sans-serif', "font-size": "13px", "font-weight": "normal" };

/** What VS Code gives a page in a theme. */
export function themeOf(name: ThemeName): Theme {
  const index = themeNames.indexOf(name);
  const all = { ...fonts, ...Object.fromEntries(Object.entries(colors).map(([key, values]) => [key, values[index]!])) };
  return { bodyClass: bodyClasses[name], variables: Object.fromEntries(Object.entries(all).map(([key, value]) => [`--vscode-${key}`, value])) };
}

/** The variables that some theme sets, and those that none need set. */
export const knownVariables = new Set([...Object.keys(colors), ...Object.keys(fonts)].map(key => `--vscode-${key}`));
