import { provideVSCodeDesignSystem, vsCodeButton, vsCodeCheckbox, vsCodeProgressRing } from "@vscode/webview-ui-toolkit";

// The one place that knows the control kit. It is no longer developed; whoever replaces it changes this file and the
// element names <vscode-button>, <vscode-checkbox> and <vscode-progress-ring>.

provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeCheckbox(), vsCodeProgressRing());
