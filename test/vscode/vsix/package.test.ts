import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import { driver } from "../driver";
import { embed, headerOf, until, view } from "../support";

describe("the installed package", () => {
  const extension = () => vscode.extensions.getExtension("latent-lens.latent-lens");

  it("is installed from the .vsix, without sources, and activates", async () => {
    const installed = extension();
    assert(installed, "the extension is not installed");
    assert.equal(existsSync(join(installed.extensionPath, "src")), false, "this is the working tree, not the package");
    await installed.activate();
    assert(installed.isActive);
  });

  it("embeds a table and shows its scatter", async () => {
    const header = await headerOf(await embed("penguins.csv", "pca", { latentDim: 3 }));
    assert.deepEqual([header.state, header.latent.dim, header.schema.count], ["complete", 3, 344]);
    await driver.waitFor(view.scatter("latent-point-cloud"));
    await until("the points", () => driver.evaluate("latent-scatter", () => {
      const cloud = document.querySelector("latent-scatter")?.shadowRoot?.querySelector("latent-point-cloud") as unknown as { lastDraw: number } | null | undefined;
      return (cloud?.lastDraw ?? 0) > 0;
    }));
  });

  it("decodes pictures and trains on them with what is packed", async () => {
    const header = await headerOf(await embed("emoji", "convAutoencoder", { latentDim: 2, filters: [4, 8], epochs: 1 }));
    assert.equal(header.state, "complete");
    assert.equal(header.backend, "wasm");
    const { details, unavailable } = await vscode.commands.executeCommand<{ details: { kernels?: string }; unavailable: Record<string, string> }>("latentLens.showEngineInfo");
    // Dawn was loaded and found a software adapter, which is not taken unasked: its binary is there and runs.
    assert.match(unavailable["webgpu"] ?? "", /software adapter/);
    assert.match(details.kernels ?? "", /^(relaxed-fma|simd)/);
  }).timeout(180_000);

  it("computes through WebGPU when that is chosen", async () => {
    const settings = vscode.workspace.getConfiguration("latentLens");
    await settings.update("backend", "webgpu", vscode.ConfigurationTarget.Global);
    await settings.update("gpuAdapter", "software", vscode.ConfigurationTarget.Global);
    await vscode.commands.executeCommand("latentLens.restartEngine");
    const header = await headerOf(await embed("penguins.csv", "pca", { latentDim: 2 }));
    assert.deepEqual([header.state, header.backend], ["complete", "webgpu"]);
    assert.match(header.device, /^WebGPU · .*\(software\)$/);
  }).timeout(180_000);
});
