// The contract of chromium.mjs, for tests written in TypeScript.
import type { Browser } from "playwright-core";

/** `webgl`: WebGL2 in software, no WebGPU adapter. `webgpu`: both in software. `none`: neither. */
export type Gpu = "webgl" | "webgpu" | "none";

/** Starts the browser, headless; one from npm where none is installed. */
export function launchChromium(options?: { gpu?: Gpu; args?: string[] }): Promise<Browser>;
export function findChromium(): Promise<{ executable: string; environment: Record<string, string>; packaged: boolean }>;
/** What a forked Node process needs in its environment for Dawn (the package `webgpu`) to find a software GPU. */
export function swiftShaderEnvironment(): Promise<Record<string, string>>;
