import { it } from "vitest";
import { testedBackends } from "../helpers/backends";
import { conformance } from "../helpers/modelConformance";

// A file of its own: on a software GPU it takes as long as all the other backends together, and files run side by side.
if (testedBackends.includes("webgpu")) conformance(["webgpu"]);
else it.skip("no GPU, and no software one in the environment");
