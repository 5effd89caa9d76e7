import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openBackend } from "../../../src/engine/backend";
import { backendOptions } from "../../helpers/backends";

// What `@tensorflow/tfjs-node-gpu` does where CUDA is missing or half there, by a package of that name that does the same.

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "latent-tensorflow-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function install(code: string): void {
  const target = join(folder, "node_modules/@tensorflow/tfjs-node-gpu");
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "package.json"), JSON.stringify({ name: "@tensorflow/tfjs-node-gpu", version: "4.22.0", main: "index.js" }));
  writeFileSync(join(target, "index.js"), code);
}

/** Without a GPU in the environment `auto` goes on to wasm; a software one is not asked for here. */
const open = async (choice: "auto" | "tensorflow") => openBackend({ ...(await backendOptions()), adapter: "", tensorflowFolder: folder, choice });

describe("the backend tensorflow", () => {
  it("is passed over in silence where it is not installed", async () => {
    const { id, broken, unavailable } = await open("auto");
    expect(id).not.toBe("tensorflow");
    expect(broken).toBeNull();
    expect(unavailable.tensorflow).toContain("not installed");
    expect(unavailable.cpu).toBe(`not tried: ${id} comes first`);
  });

  it.each([
    ["a library of CUDA is missing", "throw new Error('libcudart.so.11.0: cannot open shared object file: No such file or directory');", "libcudart.so.11.0"],
    ["its own library was not downloaded", "throw new Error('The Node.js native addon module (tfjs_binding.node) can not be found at path: /x\\nPlease run npm rebuild');", "tfjs_binding.node"],
    ["a module is missing inside", "require('@mapbox/node-pre-gyp-is-missing');", "node-pre-gyp-is-missing"],
  ])("is passed over with a message where %s", async (_, code, reason) => {
    install(code);
    const { id, broken, unavailable } = await open("auto");
    expect(id).not.toBe("tensorflow");
    expect(broken).toMatch(/^tensorflow: .*CUDA 11\.2/);
    expect(broken).toContain(reason);
    expect(broken).not.toContain("\n");
    expect(unavailable.tensorflow).toContain(reason);
    await expect(open("tensorflow")).rejects.toMatchObject({ code: "unsupported", message: expect.stringContaining(reason) as string });
  });

  /** TensorFlow as it starts without CUDA's libraries: it warns on stderr and computes on the CPU. */
  function installWithoutGpu(): void {
    const core = JSON.stringify(require.resolve("@tensorflow/tfjs-core"));
    const cpu = JSON.stringify(require.resolve("@tensorflow/tfjs-backend-cpu"));
    install(`
      const tf = require(${core});
      const { MathBackendCPU } = require(${cpu});
      tf.registerBackend("tensorflow", () => Object.assign(new MathBackendCPU(), { isUsingGpuDevice: false }), 1);
    `);
  }

  it("is passed over with a message where TensorFlow starts without a GPU", async () => {
    installWithoutGpu();
    const { id, broken } = await open("auto");
    expect(id).not.toBe("tensorflow");
    expect(broken).toContain("found no GPU");
  });

  it("runs without a GPU when it is asked for by name, and says so", async () => {
    installWithoutGpu();
    const { id, device, unavailable } = await open("tensorflow");
    expect([id, device]).toEqual(["tensorflow", "CPU · TensorFlow"]);
    expect(unavailable.wasm).toBe("not tried: the setting latentLens.backend chooses tensorflow");
  });
});
