import { describe, expect, it } from "vitest";
import { backendOptions, testedBackends } from "../../helpers/backends";
import { chooseAdapter, type Dawn, type GpuAdapter } from "../../../src/engine/backends/adapters";

interface Card {
  backend: string;
  name: string;
  software?: boolean;
}

/** Dawn on a machine with these cards, fastest first: what it does with its flags, found by trying version 0.6.2. */
function dawnWith(...cards: Card[]): { create: Dawn["create"]; flags: string[][] } {
  const flags: string[][] = [];
  const create: Dawn["create"] = given => {
    flags.push(given);
    const value = (key: string) => given.find(flag => flag.startsWith(`${key}=`))?.slice(key.length + 1) ?? "";
    return {
      requestAdapter: async () => {
        const card = cards.find(({ backend, name }) => backend.includes(value("backend")) && name.includes(value("adapter")));
        if (!card && value("adapter")) {
          throw new Error(["no suitable backends found", "Available adapters:", ...cards.map(({ backend, name }) => ` * backend: '${backend}', name: '${name}'`)].join("\n"));
        }
        if (!card) return null;
        const device = card.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
        return { info: { vendor: "", architecture: "", device, description: "driver 1.2", isFallbackAdapter: card.software ?? false }, features: new Set(), limits: {} } as unknown as GpuAdapter;
      },
    };
  };
  return { create, flags };
}

const laptop: Card[] = [
  { backend: "vulkan", name: "NVIDIA GeForce RTX 4070 Laptop GPU" },
  { backend: "vulkan", name: "Intel(R) Iris(R) Xe Graphics" },
  { backend: "vulkan", name: "llvmpipe (LLVM 15.0.7, 256 bits)", software: true },
  { backend: "opengl", name: "Intel(R) Iris(R) Xe Graphics" },
];

describe("the choice of a GPU", () => {
  it("takes the fastest one when none is named, by the name that the card has", async () => {
    const { create, flags } = dawnWith(...laptop);
    expect(await chooseAdapter(create, "")).toMatchObject({ name: "NVIDIA GeForce RTX 4070 Laptop GPU", software: false });
    expect(flags.at(-1)).toEqual([]);
  });

  it("takes the one whose name contains the setting, whatever its case", async () => {
    const { create, flags } = dawnWith(...laptop);
    expect(await chooseAdapter(create, "iris")).toMatchObject({ name: "Intel(R) Iris(R) Xe Graphics", software: false });
    expect(flags.at(-1)).toEqual(["backend=vulkan", "adapter=Intel(R) Iris(R) Xe Graphics"]);
  });

  it("lists the GPUs that there are when none has the name", async () => {
    const { create } = dawnWith(...laptop);
    await expect(chooseAdapter(create, "radeon")).rejects.toThrow(
      'the setting latentLens.gpuAdapter asks for "radeon", but the GPUs here are "NVIDIA GeForce RTX 4070 Laptop GPU", "Intel(R) Iris(R) Xe Graphics", "llvmpipe (LLVM 15.0.7, 256 bits)"',
    );
    await expect(chooseAdapter(dawnWith().create, "radeon")).rejects.toThrow('asks for "radeon", but no GPU was found');
  });

  it("takes a software one when it is asked for, and only then", async () => {
    expect(await chooseAdapter(dawnWith(...laptop).create, "Software")).toMatchObject({ name: "llvmpipe (LLVM 15.0.7, 256 bits)", software: true });
    const alone = dawnWith({ backend: "vulkan", name: "SwiftShader Device (Subzero)", software: true });
    await expect(chooseAdapter(alone.create, "")).rejects.toThrow('only a software adapter was found (SwiftShader Device (Subzero)); it is used when the setting latentLens.gpuAdapter is "software"');
    await expect(chooseAdapter(alone.create, "swift")).rejects.toThrow("only a software adapter");
    await expect(chooseAdapter(dawnWith().create, "")).rejects.toThrow("no GPU adapter");
  });

  it.skipIf(!testedBackends.includes("webgpu"))("reads the names that Dawn itself gives", async () => {
    const { create, globals } = (await import("webgpu")) as unknown as Dawn;
    Object.assign(globalThis, globals);
    await expect(chooseAdapter(create, "no such GPU")).rejects.toThrow(/the GPUs here are "\w/);
    const { adapter = "" } = await backendOptions();
    const { name } = await chooseAdapter(create, adapter);
    expect(name).not.toBe("");
    if (adapter === "") expect((await chooseAdapter(create, name)).name).toBe(name);
  });
});
